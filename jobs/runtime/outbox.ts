/**
 * Publishes what committed batches left in the outbox: in order per source partition, at least once, after the commit.
 * Must stay true: the published position moves only after the log has acknowledged, so a crash repeats and never skips;
 * readers drop what is not above the last position of its source partition.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { findUnpublished, markPublished, type OutboxPlace } from '../../src/store/stream/outbox.js';

export interface OutboxRoute {
  target: string;
  /** Where in the target the records of a source partition go. */
  partitionFor(sourcePartition: number): number;
}

export interface OutboxPublisher {
  /** Something may be waiting: publishes it soon. */
  publish(sourcePartition: number): void;
  /** Resolves when the page under way is published; the rest waits for the next start. */
  stop(): Promise<void>;
}

const PAGE_BYTES = 500_000;
const MAX_BACKOFF_MS = 5_000;

export function createOutboxPublisher(options: {
  log: EventLog;
  db: Database;
  logger: Logger;
  sourceTopic: string;
  routes: OutboxRoute[];
}): OutboxPublisher {
  const stopping = new AbortController();
  /** One chain per source partition and target: order within, side by side otherwise. */
  const chains = new Map<string, { running: Promise<void>; again: boolean }>();

  const publish = (sourcePartition: number) => {
    for (const route of options.routes) {
      const key = `${route.target} ${sourcePartition}`;
      const chain = chains.get(key);
      if (chain) {
        chain.again = true;
        continue;
      }
      const started = { again: false, running: Promise.resolve() };
      chains.set(key, started);
      started.running = drain(route, sourcePartition, started, () => chains.delete(key));
    }
  };

  const drain = async (route: OutboxRoute, sourcePartition: number, chain: { again: boolean }, done: () => void) => {
    const place = { target: route.target, sourceTopic: options.sourceTopic, sourcePartition };
    for (let wait = 100; ; ) {
      try {
        do {
          chain.again = false;
          await publishPending(options.log, options.db, place, route.partitionFor(sourcePartition), stopping.signal);
        } while (chain.again && !stopping.signal.aborted);
        return done(); // at once: what is asked for from now on starts a chain of its own
      } catch (error) {
        if (stopping.signal.aborted) return done();
        options.logger.warn({ err: error, target: route.target, sourcePartition }, `publishing failed: trying again in ${wait} ms`);
        await sleep(wait, undefined, { signal: stopping.signal }).catch(() => {});
        wait = Math.min(wait * 2, MAX_BACKOFF_MS);
      }
    }
  };

  return {
    publish,
    stop: async () => {
      stopping.abort();
      await Promise.all([...chains.values()].map((chain) => chain.running));
    },
  };
}

async function publishPending(log: EventLog, db: Database, place: OutboxPlace, partition: number, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const page = await findUnpublished(db.pool, place, PAGE_BYTES);
    if (page === null) return;
    const records = page.records.map(({ key, value }) => ({ key, value: Buffer.from(value), partition }));
    await log.append(place.target, records);
    // False: another publisher of this partition was faster, and has moved it: what stands now is read again.
    await markPublished(db.pool, place, page.published, page.last);
  }
}
