/** All alerts that were ever stored, filtered, page by page. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useAnswer } from '../../api/client.js';
import { ALERT_RULES, ALERTS, type AlertFilter, type AlertSeverity, type AlertStatus, COIN_NAMES } from '../../api/operations/alerts.js';
import { sentence } from '../../format/figures.js';
import { useEveryCoin } from '../../live/every-coin.js';
import { Select } from '../../ui/controls/select.js';
import { Empty, Problem } from '../../ui/states.js';
import { AlertList } from './alert-list.js';
import { SEVERITIES } from './condition.js';

const STATUSES: AlertStatus[] = ['FIRING', 'ACKNOWLEDGED', 'RESOLVED', 'SUPPRESSED'];
const NONE = {};
const noVariables = () => NONE;
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
      <Pages key={JSON.stringify(filter)} filter={filter} />
    </section>
  );
}

function Filters({ filter, onChange }: { filter: AlertFilter; onChange(part: AlertFilter): void }) {
  const coins = useEveryCoin(COIN_NAMES, noVariables).nodes ?? [];
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

/** Pages pile up below one another, each an answer of its own: one that fails takes no other away. Another filter begins anew. */
function Pages({ filter }: { filter: AlertFilter }) {
  const [places, setPlaces] = useState<readonly (string | null)[]>([null]);
  return places.map((after, index) => (
    <HistoryPage
      key={after}
      filter={filter}
      after={after}
      onOlder={index === places.length - 1 ? (place) => setPlaces([...places, place]) : null}
    />
  ));
}

interface HistoryPageProps {
  filter: AlertFilter;
  /** Null: the newest ones. */
  after: string | null;
  /** Null: they are there already. */
  onOlder: ((after: string | null) => void) | null;
}

function HistoryPage({ filter, after, onOlder }: HistoryPageProps) {
  const variables = useMemo(() => ({ first: PAGE, after, filter }), [after, filter]);
  const { data, problem, refresh } = useAnswer(ALERTS, variables);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (after !== null) place.current?.focus(); // the button that asked for it is gone
  }, [after]);
  const page = data?.alerts;
  if (after === null && page?.nodes.length === 0) {
    return <Empty title="No such alert">Nothing stored fits the filters: choose fewer, or wait for a rule to fire.</Empty>;
  }
  return (
    <div ref={place} tabIndex={-1}>
      {page === undefined && problem !== null ? (
        <Problem what="The alerts cannot be shown" problem={problem} retry={refresh} />
      ) : (
        <AlertList alerts={page?.nodes} />
      )}
      {onOlder !== null && page?.pageInfo.hasNextPage && (
        <div className="more">
          <button type="button" className="button" onClick={() => onOlder(page.pageInfo.endCursor)}>
            Older ones
          </button>
        </div>
      )}
    </div>
  );
}
