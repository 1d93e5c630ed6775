/**
 * Every metric of the platform's own, as data: names, labels and their values stand here and nowhere else. docs/metrics.md is made from it.
 * Must stay true: a label has few values, whatever a client or a source sends; where they are all known they are listed, and a series
 * begins at 0 when its role starts, so that a rate over it knows the first event too.
 */
export const ROLES = ['gateway', 'worker', 'producer', 'consumer'] as const;
/** `up` is all of them in one process. */
export type Role = (typeof ROLES)[number] | 'up';

export interface MetricDefinition {
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  /** Those that show it; `up` shows all. */
  roles: readonly (typeof ROLES)[number][];
  /** By label: all its values, or null where they are found at work. */
  labels?: Readonly<Record<string, readonly string[] | null>>;
  /** Of a histogram: upper bounds. */
  buckets?: readonly number[];
}

/** WebSocket close codes that a gateway sends or sees; any other is "other". */
export const CLOSE_CODES = ['1000', '1001', '1005', '1006', '1012', '1013', '4400', '4401', '4408', '4429', '4500', 'other'] as const;
/** Codes of errors in answers; any other is "other". */
export const ERROR_CODES = [
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'CURSOR_EXPIRED',
  'FORBIDDEN',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'INTERNAL_SERVER_ERROR',
  'NOT_FOUND',
  'OPERATION_RESOLUTION_FAILURE',
  'QUERY_TOO_COMPLEX',
  'UNAUTHENTICATED',
  'other',
] as const;

const EVERY_ROLE = ROLES;
const FAST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const SLOW_SECONDS = [0.5, 1, 2.5, 5, 10, 30, 60, 180, 600, 1_800, 7_200];

export const METRICS = {
  cdp_build_info: { type: 'gauge', help: 'Always 1; the labels say which version runs', roles: EVERY_ROLE, labels: { version: null } },
  cdp_database_connections: {
    type: 'gauge',
    help: 'Connections of this process to Postgres by state; waiting: requests for one',
    roles: EVERY_ROLE,
    labels: { state: ['idle', 'busy', 'waiting'] },
  },
  cdp_stuck_loops: {
    type: 'gauge',
    help: 'Loops that have not shown life within their bound; /livez says which, and fails while there are any',
    roles: EVERY_ROLE,
  },
  cdp_scrape_failures_total: {
    type: 'counter',
    help: 'Readings that a scrape wanted and could not be given in time; it then shows what was read before',
    roles: EVERY_ROLE,
    labels: { reading: null },
  },

  cdp_http_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the request to the end of its answer',
    roles: ['gateway'],
    labels: { route: null, method: null, status: null },
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  },
  cdp_graphql_operation_duration_seconds: {
    type: 'histogram',
    help: 'Time that an operation took, from its text to its answer; of a subscription, until it was set up. name: what the client calls it, "anonymous", or "other" after the first 100 names',
    roles: ['gateway'],
    labels: { protocol: null, type: null, name: null },
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  },
  cdp_graphql_errors_total: {
    type: 'counter',
    help: 'Errors in answers, over HTTP and WebSocket, by their code',
    roles: ['gateway'],
    labels: { code: ERROR_CODES },
  },
  cdp_graphql_documents_total: {
    type: 'counter',
    help: 'Operations by whether their text had been parsed and validated before',
    roles: ['gateway'],
    labels: { cache: ['hit', 'miss'] },
  },
  cdp_graphql_executions_total: {
    type: 'counter',
    help: 'Operations over HTTP by who answered them: a plan, graphql-js, or the execution of an equal one that came together with it',
    roles: ['gateway'],
    labels: { by: ['plan', 'graphql_js', 'shared'] },
  },
  cdp_websocket_connections: { type: 'gauge', help: 'Open WebSockets', roles: ['gateway'] },
  cdp_websocket_closes_total: {
    type: 'counter',
    help: 'WebSockets that were closed, by code; 4429: too slow to keep up, 1013: the log was away, 1012: the gateway drained',
    roles: ['gateway'],
    labels: { code: CLOSE_CODES },
  },
  cdp_subscriptions: { type: 'gauge', help: 'Subscriptions that are open', roles: ['gateway'] },
  cdp_subscription_events_total: {
    type: 'counter',
    help: 'Events that were executed for subscribers; equal subscriptions share one execution',
    roles: ['gateway'],
  },
  cdp_subscription_deliveries_total: { type: 'counter', help: 'Messages that were given to subscribers', roles: ['gateway'] },
  cdp_live_available: { type: 'gauge', help: '1: subscriptions are served; 0: the event log is out of reach', roles: ['gateway'] },

  cdp_stream_assigned_partitions: {
    type: 'gauge',
    help: 'Partitions that this consumer holds',
    roles: ['consumer'],
    labels: { topic: null },
  },
  cdp_stream_refused_partitions: {
    type: 'gauge',
    help: 'Partitions that are not read because the log is not the one that was read before; the log says what to do',
    roles: ['consumer'],
    labels: { topic: null },
  },
  cdp_stream_assignments_total: {
    type: 'counter',
    help: 'Partitions that were taken up: at the start, and after every rebalance',
    roles: ['consumer'],
    labels: { topic: null },
  },
  cdp_stream_lag_records: {
    type: 'gauge',
    help: 'Records of a partition of this consumer that are not committed yet',
    roles: ['consumer'],
    labels: { topic: null, partition: null },
  },
  cdp_stream_lag_seconds: {
    type: 'gauge',
    help: 'Age of the oldest record of a partition that is not committed yet, at most; 0 where none waits',
    roles: ['consumer'],
    labels: { topic: null, partition: null },
  },
  cdp_stream_newest_tick_age_seconds: {
    type: 'gauge',
    help: "Age, by the source's clock, of the newest price that this consumer has committed",
    roles: ['consumer'],
    labels: { topic: null },
  },
  cdp_stream_batch_records: {
    type: 'histogram',
    help: 'Records of a committed batch',
    roles: ['consumer'],
    labels: { topic: null },
    buckets: [1, 5, 10, 50, 100, 500, 1_000, 2_500, 5_000],
  },
  cdp_stream_batch_duration_seconds: {
    type: 'histogram',
    help: "Time of a batch's transaction, begin to commit",
    roles: ['consumer'],
    labels: { topic: null },
    buckets: FAST_SECONDS,
  },
  cdp_stream_append_to_commit_seconds: {
    type: 'histogram',
    help: "From a record's append to its commit, of the oldest record of each batch",
    roles: ['consumer'],
    labels: { topic: null },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
  },
  cdp_stream_rows_total: {
    type: 'counter',
    help: 'What committed records became: accepted, rejected or dead_letter, each record one of them; of the accepted: pushed to subscribers, alerts fired',
    roles: ['consumer'],
    labels: { kind: ['accepted', 'rejected', 'dead_letter', 'pushed', 'alert'] },
  },
  cdp_stream_failures_total: {
    type: 'counter',
    help: 'Batches that could not be stored at an attempt, and were tried again',
    roles: ['consumer'],
    labels: { topic: null },
  },
  cdp_stream_fenced_total: {
    type: 'counter',
    help: 'Batches that were not committed because another consumer had moved the offset',
    roles: ['consumer'],
    labels: { topic: null },
  },
  cdp_stream_lost_records_total: {
    type: 'counter',
    help: 'Records that retention removed before they were read; ops.gaps says which',
    roles: ['consumer'],
    labels: { topic: null, partition: null },
  },
  cdp_outbox_records_total: {
    type: 'counter',
    help: 'Updates and alerts that went from the outbox to the log; none where the log lives in the same Postgres',
    roles: ['consumer'],
    labels: { target: null },
  },
  cdp_outbox_failures_total: {
    type: 'counter',
    help: 'Rounds of publishing what batches left to be said that failed, and were repeated',
    roles: ['consumer'],
  },

  cdp_producer_polls_total: {
    type: 'counter',
    help: 'Polls of the source',
    roles: ['producer'],
    labels: { outcome: ['succeeded', 'failed'] },
  },
  cdp_producer_poll_duration_seconds: {
    type: 'histogram',
    help: 'Time of a poll, from the question to the append of what is new',
    roles: ['producer'],
    buckets: FAST_SECONDS,
  },
  cdp_producer_prices_total: {
    type: 'counter',
    help: 'Prices that polls brought: sent to the log, unchanged since the last time, or rejected',
    roles: ['producer'],
    labels: { outcome: ['sent', 'unchanged', 'rejected'] },
  },
  cdp_producer_poll_interval_seconds: { type: 'gauge', help: 'Time between polls, as the plan of the source allows', roles: ['producer'] },

  cdp_runs_total: {
    type: 'counter',
    help: 'Runs of pipelines that this worker ended; left: to another worker, because it stopped or lost the lease',
    roles: ['worker'],
    labels: { pipeline: null, outcome: ['succeeded', 'failed', 'skipped', 'left'] },
  },
  cdp_run_duration_seconds: {
    type: 'histogram',
    help: 'Time of a run of a pipeline',
    roles: ['worker'],
    labels: { pipeline: null },
    buckets: SLOW_SECONDS,
  },
  cdp_runs_open: {
    type: 'gauge',
    help: 'Runs in the ledger that wait or run',
    roles: ['worker'],
    labels: { status: ['queued', 'running'] },
  },
  cdp_run_last_success_age_seconds: {
    type: 'gauge',
    help: 'Time since a run of the pipeline succeeded, by any worker; none before the first',
    roles: ['worker'],
    labels: { pipeline: null },
  },
  cdp_dataset_age_seconds: {
    type: 'gauge',
    help: 'Time since rows were last written to the dataset; none while it is empty',
    roles: ['worker'],
    labels: { dataset: null },
  },
  cdp_source_age_seconds: {
    type: 'gauge',
    help: "Age, by the source's clock, of the newest price that is stored of it",
    roles: ['worker'],
    labels: { source: null },
  },
  cdp_published_day_age_seconds: {
    type: 'gauge',
    help: 'Time since the end of the newest day that the marts are published for',
    roles: ['worker'],
  },
  cdp_checks: {
    type: 'gauge',
    help: 'Checks by the newest result of each',
    roles: ['worker'],
    labels: { dataset: null, result: ['passed', 'warned', 'failed'] },
  },
  cdp_gaps: {
    type: 'gauge',
    help: 'Rows of ops.gaps: time that no source offers any more, records that retention removed unread, offsets that an operator set',
    roles: ['worker'],
    labels: { source: null },
  },
  cdp_dead_letters: {
    type: 'gauge',
    help: 'Dead letters that wait for an operator: neither redriven nor discarded',
    roles: ['worker'],
  },
  cdp_outbox_batches: {
    type: 'gauge',
    help: 'Batches whose updates or alerts are committed and not in the log yet; none where the log lives in the same Postgres',
    roles: ['worker'],
    labels: { target: null },
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
