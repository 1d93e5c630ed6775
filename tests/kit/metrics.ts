/** What a role's /metrics must show, by the definitions. */
import { METRICS, type MetricDefinition, type Role } from '../../src/platform/metrics/definitions.js';

/** They have no sample before what they tell of has happened. */
const ONLY_AFTER_AN_EVENT: ReadonlySet<string> = new Set([
  'cdp_scrape_failures_total',
  'cdp_stream_lost_records_total',
  'cdp_gaps',
  'cdp_outbox_batches',
  'cdp_outbox_records_total', // with Kafka only
  // Counted once a minute: the first time may be before the first run.
  'cdp_checks',
]);

/** Names of defined metrics of the role that the text lacks, and of platform metrics in the text that the role does not have. */
export function compareMetrics(text: string, role: Role): { missing: string[]; unknown: string[] } {
  const samples = new Set([...text.matchAll(/^(cdp_\w+?)(?:_bucket|_sum|_count)?\{/gm)].map((match) => match[1]));
  const defined = (Object.entries(METRICS) as [string, MetricDefinition][])
    .filter(([, { roles }]) => role === 'up' || roles.includes(role))
    .map(([name]) => name);
  return {
    missing: defined.filter((name) => !samples.has(name) && !ONLY_AFTER_AN_EVENT.has(name)),
    unknown: [...samples].filter((name) => name !== undefined && !defined.includes(name)) as string[],
  };
}
