/** Alerts as they come, those of the past, and the rules that fire them. */
import './alerts.css';
import { useEffect, useMemo } from 'react';
import { useAnswer } from '../../api/client.js';
import { ALERTS } from '../../api/operations/alerts.js';
import { markAlertsSeen, useAlertFeed, withStatus } from '../../live/alerts.js';
import { useStream } from '../../live/prices.js';
import { Tabs } from '../../ui/controls/tabs.js';
import { Page } from '../../ui/page.js';
import { Empty, Problem } from '../../ui/states.js';
import { AlertList } from './alert-list.js';
import { History } from './history.js';
import { Rules } from './rules.js';

const TABS = [
  { name: 'live', label: 'Live' },
  { name: 'history', label: 'History' },
  { name: 'rules', label: 'Rules' },
];

export default function AlertsPage({ tab }: { tab: string }) {
  const tabs = TABS.map(({ name, label }) => ({ href: name === 'live' ? '/alerts' : `/alerts/${name}`, label, current: name === tab }));
  return (
    <Page title="Alerts" actions={<Tabs label="Parts of alerts" tabs={tabs} />}>
      {tab === 'history' ? <History /> : tab === 'rules' ? <Rules /> : <LiveAlerts />}
    </Page>
  );
}

const NEWEST = { first: 100, after: null, filter: { sent: true } };
const ASK_AGAIN_MS = 10_000;

function LiveAlerts() {
  const { alerts: sent, loaded, unseen, refused } = useAlertFeed();
  const { data, problem, refresh } = useAnswer(ALERTS, NEWEST, { everyMs: ASK_AGAIN_MS });
  const alerts = useMemo(() => withStatus(sent, data?.alerts.nodes), [sent, data]);
  const connected = useStream((stream) => stream.connected);
  const listening = connected && refused === null;
  useEffect(() => {
    if (unseen > 0) markAlertsSeen();
  }, [unseen]);
  return (
    <section className="panel" aria-label="Live alerts">
      <p role="status" className="visually-hidden">
        {alerts.find(({ fresh }) => fresh)?.message}
      </p>
      <div className="panel-head">
        <h2>As they are sent</h2>
        <span className={`badge ${listening ? 'up' : 'down'}`}>
          <span className="dot" />
          {listening ? 'Listening' : connected ? `Refused: ${refused}` : 'Disconnected: what is missed comes first'}
        </span>
      </div>
      {data === undefined && problem !== null && (
        <Problem what={loaded ? 'What became of them cannot be shown' : 'The alerts cannot be shown'} problem={problem} retry={refresh} />
      )}
      {loaded && alerts.length === 0 ? (
        <Empty title="No alert yet">
          A rule fires when its condition becomes true, once, and again only after it was false in between.
        </Empty>
      ) : (
        (loaded || problem === null) && <AlertList alerts={loaded ? alerts : undefined} />
      )}
    </section>
  );
}
