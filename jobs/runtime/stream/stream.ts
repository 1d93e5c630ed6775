/**
 * The stream engine: reads a topic and commits each batch in one transaction that begins with a compare-and-set of the offset.
 * Must stay true: every position ends as exactly one of the rows that the stream writes, a rejected row, a dead letter;
 * a consumer that lost its partition cannot commit; one bad record never blocks the good ones.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogConsumer } from '../../../src/platform/event-log/event-log.js';
import { Heartbeats } from '../../../src/platform/heartbeats.js';
import { StreamLife, type Waiting } from '../observation/stream-life.js';
import { BatchWriter, Fenced } from './batch-writer.js';
import type { StreamOptions } from './definition.js';

export interface Stream {
  assigned(): number[];
  /** It knows which partitions are its own, be it none: there may be more consumers than partitions. */
  settled(): boolean;
  /** Partitions that are held but not read, and why: the log is not the one that was read before. */
  refused(): ReadonlyMap<number, string>;
  /** What keeps failing and is waited out; null while all goes well. */
  waiting(): Waiting | null;
  stop(): Promise<void>;
  /** Rejects when the stream cannot go on. */
  readonly ended: Promise<void>;
}

const MAX_BACKOFF_MS = 5_000;

export function startStream({ log, db, logger, definition, metrics, heartbeats = new Heartbeats() }: StreamOptions): Stream {
  const stopping = new AbortController();
  const refused = new Map<number, string>();
  const life = new StreamLife(heartbeats, definition.topic);
  let consumer: LogConsumer | null = null;
  const run = async () => {
    for (let wait = 100; !stopping.signal.aborted; ) {
      const begun = performance.now();
      const writer = new BatchWriter({ db, logger, definition, metrics }, stopping.signal, refused, life);
      try {
        consumer = await log.consume({
          topic: definition.topic,
          group: definition.group,
          maxRecords: definition.maxRecords,
          startOffset: (partition) => writer.assign(partition, log),
          onBatch: (batch) => writer.write(batch),
          onTurn: (partition) => life.turned(partition),
          onRevoked: (partition) => writer.revoke(partition),
        });
        if (stopping.signal.aborted) await consumer.stop();
        await consumer.ended;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (!(error instanceof Fenced)) life.waits(null, error);
        if (performance.now() - begun > MAX_BACKOFF_MS) wait = 100;
        logger.warn({ err: error }, `the stream was interrupted: reading the offsets again in ${wait} ms`);
        await sleep(wait, undefined, { signal: stopping.signal }).catch(() => {});
        wait = Math.min(wait * 2, MAX_BACKOFF_MS);
      }
    }
  };
  const ended = run();
  ended.catch(() => {}); // whoever awaits it sees it; stop() does not owe it to a reader who is gone
  return {
    assigned: () => consumer?.assigned() ?? [],
    settled: () => consumer?.settled() ?? false,
    refused: () => refused,
    waiting: () => life.waiting(consumer?.settled() ?? false),
    stop: async () => {
      stopping.abort();
      await consumer?.stop().catch(() => {}); // a batch that was being waited out ends with the abort
      await ended.catch(() => {});
    },
    ended,
  };
}
