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
import { getUnpublished, markPublished, type OutboxPage } from '../../src/store/stream/outbox.js';

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
  hearts?: Heartbeats;
}

/** Of one source partition and target, in one round. */
const PAGE_BYTES = 500_000;
const FIRST_RETRY_MS = 100;
const MAX_BACKOFF_MS = 5_000;
/** A round: a read, an append and a write; as many again for each partition where they fail together. */
const ROUND_BOUND_MS = 600_000;

/** One round at a time for all source partitions: what is committed meanwhile shares the next one. */
export function createOutboxPublisher(options: OutboxOptions): OutboxPublisher {
  const stopping = new AbortController();
  const heart = (options.hearts ?? new Heartbeats()).heart('outbox', ROUND_BOUND_MS);
  const failures = options.metrics?.counter('cdp_outbox_failures_total');
  for (const { target } of options.routes) options.metrics?.counter('cdp_outbox_records_total').inc({ target }, 0);
  const waiting = new Set<number>();
  let running: Promise<void> | null = null;

  const drain = async () => {
    for (let wait = FIRST_RETRY_MS; waiting.size > 0 && !stopping.signal.aborted; ) {
      const partitions = [...waiting];
      waiting.clear();
      heart.beat();
      const failure = await publishRound(options, partitions, (left) => waiting.add(left));
      if (failure === null) {
        wait = FIRST_RETRY_MS;
        continue;
      }
      failures?.inc();
      options.logger.warn({ err: failure }, `publishing failed: trying again in ${wait} ms`);
      await sleep(wait, undefined, { signal: stopping.signal }).catch(() => {});
      wait = Math.min(wait * 2, MAX_BACKOFF_MS);
    }
    heart.rest();
    running = null; // at once: what is asked for from now on starts anew
  };

  return {
    publish(sourcePartition) {
      waiting.add(sourcePartition);
      running ??= drain();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** All partitions at once; where that fails each by itself, so that one that cannot be published holds up no other. Says which have more to come. */
async function publishRound(options: OutboxOptions, partitions: number[], again: (partition: number) => void): Promise<unknown> {
  try {
    for (const partition of await publishPages(options, partitions)) again(partition);
    return null;
  } catch (error) {
    if (partitions.length === 1) {
      again(partitions[0] as number);
      return error;
    }
  }
  let failure: unknown = null;
  for (const partition of partitions) failure = (await publishRound(options, [partition], again)) ?? failure;
  return failure;
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
        own.flatMap((page) => toRecords(page, partitionFor(page.sourcePartition))),
      );
      // One that somebody else has moved meanwhile stays as it is: what stands now is read again.
      await markPublished(db.pool, sourceTopic, own);
      metrics?.counter('cdp_outbox_records_total').inc(
        { target },
        own.reduce((sum, { records }) => sum + records.length, 0),
      );
    }),
  );
  return pages.filter((page) => page.more).map((page) => page.sourcePartition);
}

function toRecords({ records }: OutboxPage, partition: number) {
  return records.map(({ key, value }) => ({ key, value: Buffer.from(value), partition }));
}
