/** What the gateway's parts count for themselves, shown at each scrape: on their ways a count is one addition. */
import { CLOSE_CODES } from '../../src/platform/metrics/definitions.js';
import type { Metrics } from '../../src/platform/metrics/metrics.js';
import type { ExecutionCounts } from '../execution/executor.js';
import type { Live } from '../live/live.js';

export function showExecutions(metrics: Metrics, counts: ExecutionCounts): void {
  const executions = metrics.counter('cdp_graphql_executions_total');
  const plan = follow((by) => executions.inc({ by: 'plan' }, by));
  const graphqlJs = follow((by) => executions.inc({ by: 'graphql_js' }, by));
  const shared = follow((by) => executions.inc({ by: 'shared' }, by));
  metrics.onScrape(() => {
    plan(counts.plan);
    graphqlJs(counts.graphqlJs);
    shared(counts.shared);
  });
}

export function showLive(metrics: Metrics, live: Live): void {
  const connections = metrics.gauge('cdp_websocket_connections');
  const subscriptions = metrics.gauge('cdp_subscriptions');
  const available = metrics.gauge('cdp_live_available');
  const events = follow((by) => metrics.counter('cdp_subscription_events_total').inc(by));
  const deliveries = follow((by) => metrics.counter('cdp_subscription_deliveries_total').inc(by));
  const closed = metrics.counter('cdp_websocket_closes_total');
  const closes = new Map(CLOSE_CODES.map((code) => [code as string, follow((by) => closed.inc({ code }, by))]));
  metrics.onScrape(() => {
    available.set(live.available ? 1 : 0);
    const counts = live.counts();
    if (counts === null) return;
    connections.set(counts.connections);
    subscriptions.set(counts.subscriptions);
    events(counts.events);
    deliveries(counts.deliveries);
    let others = 0;
    for (const [code, count] of counts.closes) {
      const known = closes.get(String(code));
      if (known === undefined) others += count;
      else known(count);
    }
    closes.get('other')?.(others);
  });
}

/** Raises a counter to what something else has counted. */
function follow(raise: (by: number) => void): (count: number) => void {
  let shown = 0;
  return (count) => {
    raise(count - shown);
    shown = count;
  };
}
