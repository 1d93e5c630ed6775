/** All alerts that were ever stored, filtered, page by page. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useAnswer } from '../../api/client.js';
import { ALERT_RULES, ALERTS, type AlertFilter, type AlertSeverity, type AlertStatus, COIN_NAMES } from '../../api/operations/alerts.js';
import { sentence } from '../../format/figures.js';
import { NO_VARIABLES, useEveryCoin } from '../../live/every-coin.js';
import { Select } from '../../ui/controls/select.js';
import { Empty, Problem } from '../../ui/states.js';
import { AlertList } from './alert-list.js';
import { SEVERITIES } from './condition.js';

const STATUSES: AlertStatus[] = ['FIRING', 'ACKNOWLEDGED', 'RESOLVED', 'SUPPRESSED'];
const NONE = {};
const PAGE = 50;

export function History() {
  const [filter, setFilter] = useState<AlertFilter>({});
  const change = (part: AlertFilter) => setFilter((before) => ({ ...before, ...part }));
  return (
    <section className="panel" aria-label="Alerts of the past">
      <div className="panel-head">
        <h2>Everything stored</h2>
        <Filters filter={filter} onChange={change} />
      </div>
      <HistoryPage key={JSON.stringify(filter)} filter={filter} after={null} />
    </section>
  );
}

function Filters({ filter, onChange }: { filter: AlertFilter; onChange(part: AlertFilter): void }) {
  const coins = useEveryCoin(COIN_NAMES, NO_VARIABLES).nodes ?? [];
  const rules = useAnswer(ALERT_RULES, NONE).data?.alertRules ?? [];
  return (
    <div className="filters">
      <Select
        label="Coin"
        all="Every coin"
        options={coins.map(({ id, name }) => ({ value: id, label: name }))}
        value={filter.coinIds?.[0]}
        onChange={(id) => onChange({ coinIds: id === undefined ? undefined : [id] })}
      />
      <Select
        label="Rule"
        all="Every rule"
        options={rules.map(({ id, name }) => ({ value: id, label: name }))}
        value={filter.ruleId}
        onChange={(ruleId) => onChange({ ruleId })}
      />
      <Select
        label="Status"
        all="Any status"
        options={STATUSES.map((value) => ({ value, label: sentence(value) }))}
        value={filter.status}
        onChange={(status) => onChange({ status: status as AlertStatus | undefined })}
      />
      <Select
        label="Severity, at least"
        all="Any severity"
        options={SEVERITIES.slice(1).map((value) => ({ value, label: `${sentence(value)} and above` }))}
        value={filter.minSeverity}
        onChange={(minSeverity) => onChange({ minSeverity: minSeverity as AlertSeverity | undefined })}
      />
    </div>
  );
}

interface PageProps {
  filter: AlertFilter;
  /** Null: the newest ones. */
  after: string | null;
}

/**
 * A page, and below it the older ones, each an answer of its own: one that fails takes no other away. Each begins where the one above ends
 * now: as new alerts come, all move on, and none falls between two.
 */
function HistoryPage({ filter, after }: PageProps) {
  const variables = useMemo(() => ({ first: PAGE, after, filter }), [after, filter]);
  const { data, problem, refresh } = useAnswer(ALERTS, variables);
  const [older, setOlder] = useState(false);
  const shown = useRef(data); // until its new place is answered
  if (data !== undefined) shown.current = data;
  const place = useRef<HTMLDivElement>(null);
  const [isNewest] = useState(after === null);
  useEffect(() => {
    if (!isNewest) place.current?.focus(); // the button that asked for it is gone
  }, [isNewest]);
  const page = shown.current?.alerts;
  if (isNewest && page?.nodes.length === 0) {
    return <Empty title="No such alert">Nothing stored fits the filters: choose fewer, or wait for a rule to fire.</Empty>;
  }
  return (
    <>
      <div ref={place} tabIndex={-1}>
        {page === undefined && problem !== null ? (
          <Problem what="The alerts cannot be shown" problem={problem} retry={refresh} />
        ) : (
          <AlertList alerts={page?.nodes} />
        )}
        {!older && page?.pageInfo.hasNextPage && (
          <div className="more">
            <button type="button" className="button" onClick={() => setOlder(true)}>
              Older ones
            </button>
          </div>
        )}
      </div>
      {older && page?.pageInfo.hasNextPage && <HistoryPage filter={filter} after={page.pageInfo.endCursor} />}
    </>
  );
}
