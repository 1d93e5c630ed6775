/**
 * Publishes what committed batches left in the outbox: in order per source partition, at least once, after the commit.
 * Must stay true: the published position moves only after the log has acknowledged, so a crash repeats and never skips;
 * readers drop what is not above the last position of its source partition.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { Heartbeats } from '../../src/platform/heartbeats.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Metrics } from '../../src/platform/metrics/metrics.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { getUnpublished, markPublished } from '../../src/store/stream/outbox.js';

export interface OutboxRoute {
  target: string;
  /** Where in the target the records of a source partition go. */
  partitionFor(sourcePartition: number): number;
}

export interface OutboxPublisher {
  /** Something may be waiting: publishes it soon. */
  publish(sourcePartition: number): void;
  /** Resolves when the pages under way are published; the rest waits for the next start. */
  stop(): Promise<void>;
}

export interface OutboxOptions {
  log: EventLog;
  db: Database;
  logger: Logger;
  sourceTopic: string;
  routes: OutboxRoute[];
  metrics?: Metrics;
  heartbeats?: Heartbeats;
}

/** Of one source partition and target, in one round. */
const PAGE_BYTES = 500_000;
const FIRST_RETRY_MS = 100;
const MAX_BACKOFF_MS = 5_000;
/** A round: a read, an append and a write; as many again for each partition where they fail together. */
const ROUND_BOUND_MS = 600_000;

/**
 * One round at a time for all source partitions: what is committed meanwhile shares the next one. A partition that cannot be published is
 * tried again by itself, and holds up no other.
 */
export function createOutboxPublisher(options: OutboxOptions): OutboxPublisher {
  const stopping = new AbortController();
  const heartbeat = (options.heartbeats ?? new Heartbeats()).of('outbox', ROUND_BOUND_MS);
  const failures = options.metrics?.counter('cdp_outbox_failures_total');
  for (const { target } of options.routes) options.metrics?.counter('cdp_outbox_records_total').inc({ target }, 0);
  const waiting = new Set<number>();
  const failing = new Map<number, Promise<void>>();
  let running: Promise<void> | null = null;

  const publish = (sourcePartition: number) => {
    if (failing.has(sourcePartition) || stopping.signal.aborted) return; // it is looked at again when it works
    waiting.add(sourcePartition);
    running ??= drain();
  };

  const drain = async () => {
    while (waiting.size > 0 && !stopping.signal.aborted) {
      const partitions = [...waiting];
      waiting.clear();
      heartbeat.beat();
      try {
        for (const left of await publishPages(options, partitions)) waiting.add(left);
      } catch (error) {
        if (partitions.length === 1) retry(partitions[0] as number, error);
        else for (const partition of partitions) await publishAlone(partition);
      }
    }
    heartbeat.rest();
    running = null; // at once: what is asked for from now on starts anew
  };

  const publishAlone = async (partition: number) => {
    try {
      if ((await publishPages(options, [partition])).length > 0) waiting.add(partition);
    } catch (error) {
      retry(partition, error);
    }
  };

  const retry = (partition: number, first: unknown) => {
    const trying = async () => {
      let error = first;
      for (let wait = FIRST_RETRY_MS; !stopping.signal.aborted; wait = Math.min(wait * 2, MAX_BACKOFF_MS)) {
        failures?.inc();
        options.logger.warn({ err: error, sourcePartition: partition }, `publishing failed: trying again in ${wait} ms`);
        await sleep(wait, undefined, { signal: stopping.signal }).catch(() => {});
        if (stopping.signal.aborted) return;
        try {
          await publishPages(options, [partition]);
          break;
        } catch (again) {
          error = again;
        }
      }
      failing.delete(partition);
      publish(partition); // what is left, and what was committed meanwhile
    };
    failing.set(partition, trying());
  };

  return {
    publish,
    async stop() {
      stopping.abort();
      await running;
      await Promise.all(failing.values());
    },
  };
}

/** Publishes one page of each partition and target; returns the partitions that may have more. */
async function publishPages({ log, db, sourceTopic, routes, metrics }: OutboxOptions, partitions: number[]): Promise<number[]> {
  const places = routes.flatMap(({ target }) => partitions.map((sourcePartition) => ({ target, sourcePartition })));
  const pages = await getUnpublished(db.pool, sourceTopic, places, PAGE_BYTES);
  await Promise.all(
    routes.map(async ({ target, partitionFor }) => {
      const own = pages.filter((page) => page.target === target);
      if (own.length === 0) return;
      await log.append(
        target,
        own.flatMap((page) => page.records.map((record) => toRecord(record, partitionFor(page.sourcePartition)))),
      );
      const moved = await markPublished(db.pool, sourceTopic, own);
      // Somebody else has moved one meanwhile: what stands now is read again.
      for (const page of own) page.more ||= !moved.has(page.sourcePartition);
      metrics?.counter('cdp_outbox_records_total').inc(
        { target },
        own.reduce((sum, { records }) => sum + records.length, 0),
      );
    }),
  );
  return pages.filter((page) => page.more).map((page) => page.sourcePartition);
}

export function toRecord({ key, value }: { key: string; value: string }, partition: number) {
  return { key, value: Buffer.from(value), partition };
}
