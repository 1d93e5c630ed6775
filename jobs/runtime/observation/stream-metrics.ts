/**
 * What a stream counts: once per committed batch, never per record. Lag is read from the log when the metrics are, for the partitions that
 * this consumer holds.
 */
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import type { Metrics } from '../../../src/platform/metrics/metrics.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { getPlaces } from '../../../src/store/stream/stream-offsets.js';

/** What the records of a transaction became, as the stream's own code counts it, in the transaction that may still fail. */
export interface BatchTally {
  rejected: number;
  pushed: number;
  alerts: number;
  newestObservedAt: Date | null;
}

export function emptyTally(): BatchTally {
  return { rejected: 0, pushed: 0, alerts: 0, newestObservedAt: null };
}

export interface CommittedBatch extends BatchTally {
  records: number;
  deadLetters: number;
  /** The log's clock at the oldest record. */
  appendedAt: Date;
  seconds: number;
}

export interface StreamMetrics {
  took(partition: number): void;
  lost(partition: number, records: bigint): void;
  fenced(): void;
  failed(): void;
  /** How many partitions are held but not read. */
  refused(partitions: number): void;
  committed(batch: CommittedBatch): void;
}

export function createStreamMetrics(metrics: Metrics, topic: string): StreamMetrics {
  const rows = metrics.counter('cdp_stream_rows_total');
  const records = metrics.histogram('cdp_stream_batch_records');
  const seconds = metrics.histogram('cdp_stream_batch_duration_seconds');
  const delay = metrics.histogram('cdp_stream_append_to_commit_seconds');
  const age = metrics.gauge('cdp_stream_newest_tick_age_seconds');
  let newest: number | null = null;
  for (const name of ['cdp_stream_fenced_total', 'cdp_stream_failures_total', 'cdp_stream_assignments_total'] as const)
    metrics.counter(name).inc({ topic }, 0);
  metrics.gauge('cdp_stream_refused_partitions').set({ topic }, 0);
  metrics.onScrape(() => {
    if (newest !== null) age.set({ topic }, (Date.now() - newest) / 1_000);
  });
  return {
    took(partition) {
      metrics.counter('cdp_stream_assignments_total').inc({ topic });
      metrics.counter('cdp_stream_lost_records_total').inc({ topic, partition }, 0);
    },
    lost: (partition, count) => metrics.counter('cdp_stream_lost_records_total').inc({ topic, partition }, Number(count)),
    fenced: () => metrics.counter('cdp_stream_fenced_total').inc({ topic }),
    failed: () => metrics.counter('cdp_stream_failures_total').inc({ topic }),
    refused: (partitions) => metrics.gauge('cdp_stream_refused_partitions').set({ topic }, partitions),
    committed(batch) {
      rows.inc({ kind: 'accepted' }, batch.records - batch.rejected - batch.deadLetters);
      if (batch.rejected > 0) rows.inc({ kind: 'rejected' }, batch.rejected);
      if (batch.deadLetters > 0) rows.inc({ kind: 'dead_letter' }, batch.deadLetters);
      if (batch.pushed > 0) rows.inc({ kind: 'pushed' }, batch.pushed);
      if (batch.alerts > 0) rows.inc({ kind: 'alert' }, batch.alerts);
      records.observe({ topic }, batch.records);
      seconds.observe({ topic }, batch.seconds);
      delay.observe({ topic }, Math.max(Date.now() - batch.appendedAt.getTime(), 0) / 1_000);
      if (batch.newestObservedAt !== null) newest = Math.max(newest ?? 0, batch.newestObservedAt.getTime());
    },
  };
}

const LAG_EVERY_MS = 5_000;

/** Records that wait in the partitions that `assigned` names, and for how long, at most: the next one came after the last that was read. */
export function observeLag(
  metrics: Metrics,
  { db, log, topic, assigned }: { db: Database; log: EventLog; topic: string; assigned(): number[] },
): void {
  const held = metrics.gauge('cdp_stream_assigned_partitions');
  const records = metrics.gauge('cdp_stream_lag_records');
  const seconds = metrics.gauge('cdp_stream_lag_seconds');
  metrics.addReading({
    name: 'lag',
    everyMs: LAG_EVERY_MS,
    async read() {
      const places = await getPlaces(db.pool, topic);
      return { bounds: await log.bounds(topic), places: new Map(places.map((place) => [place.partition, place])) };
    },
    show({ bounds, places }) {
      // What another consumer has by now is that one's to tell.
      records.reset();
      seconds.reset();
      held.set({ topic }, assigned().length);
      for (const partition of assigned()) {
        const [bound, place] = [bounds[partition], places.get(partition)];
        if (bound === undefined || place === undefined) continue;
        const waiting = bound.end - place.nextOffset;
        records.set({ topic, partition }, Math.max(Number(waiting), 0));
        const since = waiting <= 0n ? null : place.lastAppendedAt;
        seconds.set({ topic, partition }, since === null ? 0 : Math.max(Date.now() - since.getTime(), 0) / 1_000);
      }
    },
  });
}
