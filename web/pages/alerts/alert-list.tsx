/** Alerts, newest first: what happened, how bad, what became of it; the operator says here that they know. */
import { type MouseEvent, useState } from 'react';
import { Link } from 'wouter';
import { useChange } from '../../api/client.js';
import { ACKNOWLEDGE, type AlertFields, type AlertSeverity, type AlertStatus } from '../../api/operations/alerts.js';
import { useOperatorKey } from '../../api/operator-key.js';
import { formatMinute, sentence } from '../../format/figures.js';
import { replaceAlert } from '../../live/alerts.js';
import { Skeleton } from '../../ui/states.js';

const SEVERITY_TONE: Record<AlertSeverity, string> = { INFO: 'accent', WARNING: 'warn', CRITICAL: 'down' };
const STATUS_TONE: Record<AlertStatus, string> = { FIRING: 'down', ACKNOWLEDGED: 'warn', RESOLVED: 'up', SUPPRESSED: '' };

type ShownAlert = AlertFields & { fresh?: boolean };

export function AlertList({ alerts }: { alerts: readonly ShownAlert[] | undefined }) {
  if (alerts === undefined) {
    return (
      <div className="alert-item" aria-busy="true">
        <Skeleton width="70%" />
      </div>
    );
  }
  return (
    <ol className="alert-list">
      {alerts.map((alert) => (
        <AlertItem key={alert.id} alert={alert} />
      ))}
    </ol>
  );
}

function AlertItem({ alert }: { alert: ShownAlert }) {
  const { id, severity, status, message, coin, rule, triggeredAt, late, fresh } = alert;
  return (
    <li className={`alert-item${fresh ? ' fresh' : ''}`} data-alert={id} tabIndex={-1}>
      <span className={`badge ${SEVERITY_TONE[severity]}`}>{sentence(severity)}</span>
      <div className="alert-words">
        {/* A sign is not parted from its number. */}
        <p>{message.replaceAll(' %', '\u00a0%')}</p>
        <p className="muted small">
          <Link href={`/coins/${encodeURIComponent(coin.id)}`} className="text-link">
            {coin.name}
          </Link>
          {' · '}
          {rule === null ? 'rule deleted' : rule.name}
          {' · '}
          <time dateTime={triggeredAt}>{formatMinute(triggeredAt)}</time>
          {late && ' · observed over five minutes before'}
        </p>
      </div>
      <span className={`badge ${STATUS_TONE[status]}`}>{sentence(status)}</span>
      <Acknowledge alert={alert} />
    </li>
  );
}

function Acknowledge({ alert }: { alert: AlertFields }) {
  const key = useOperatorKey();
  const [acknowledge, waiting] = useChange(ACKNOWLEDGE);
  const [problem, setProblem] = useState<string | null>(null);
  if (key === null || alert.status !== 'FIRING') return null;
  const submit = async ({ currentTarget }: MouseEvent) => {
    if (waiting) return;
    const button = currentTarget;
    const item = button.closest('li');
    const answer = await acknowledge({ id: alert.id });
    if ('problem' in answer) return setProblem(answer.problem);
    if (document.activeElement === button) item?.focus(); // the button goes
    replaceAlert(answer.data.acknowledgeAlert);
  };
  return (
    <span className="row-actions">
      {problem !== null && (
        <span className="down small" role="alert">
          {problem}
        </span>
      )}
      <button type="button" className="button" onClick={submit} aria-disabled={waiting} title="Say that you know of it">
        {problem === null ? 'Acknowledge' : 'Try again'}
      </button>
    </span>
  );
}
