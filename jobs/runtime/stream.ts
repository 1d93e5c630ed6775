/**
 * The stream engine: reads a topic and commits each batch in one transaction that begins with a compare-and-set of the offset.
 * Must stay true: every position ends as exactly one of the rows that the stream writes, a rejected row, a dead letter;
 * a consumer that lost its partition cannot commit; one bad record never blocks the good ones.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { EventLog, LogBatch, LogConsumer, LogRecord } from '../../src/platform/event-log/event-log.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { isTransient } from '../../src/platform/postgres/errors.js';
import { insertDeadLetters } from '../../src/store/stream/dead-letters.js';
import { compareAndSetOffset, findOffset, startOffsetAt } from '../../src/store/stream/stream-offsets.js';

export interface StreamDefinition {
  topic: string;
  group: string;
  maxRecords: number;
  /** Writes what the records of one partition say, in the transaction that moves its offset. Throws for what it cannot explain. */
  process(tx: pg.PoolClient, records: LogRecord[]): Promise<CorruptRecord[]>;
  /** After a commit, and once on assignment: what the transaction left to be published of this partition. */
  publish(partition: number): void;
}

/** A record that could not be read at all. */
export interface CorruptRecord {
  record: LogRecord;
  reason: string;
}

export interface Stream {
  assigned(): number[];
  stop(): Promise<void>;
  /** Rejects when the stream cannot go on. */
  readonly ended: Promise<void>;
}

/** Another consumer has moved the partition's offset: this one has lost it. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

const ATTEMPTS = 3;
const MAX_BACKOFF_MS = 5_000;

export function startStream(options: { log: EventLog; db: Database; logger: Logger; definition: StreamDefinition }): Stream {
  const stopping = new AbortController();
  let consumer: LogConsumer | null = null;
  const run = async () => {
    while (!stopping.signal.aborted) {
      const worker = new BatchWriter(options.db, options.logger, options.definition, stopping.signal);
      consumer = await options.log.consume({
        topic: options.definition.topic,
        group: options.definition.group,
        maxRecords: options.definition.maxRecords,
        startOffset: (partition) => worker.assign(partition, options.log),
        onBatch: (batch) => worker.write(batch),
      });
      if (stopping.signal.aborted) await consumer.stop();
      try {
        await consumer.ended;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (!(error instanceof Fenced)) throw error;
        options.logger.warn({ err: error }, 'lost a partition to another consumer: reading the offsets again');
      }
    }
  };
  const ended = run();
  ended.catch(() => {}); // whoever awaits it sees it; stop() does not owe it to a reader who is gone
  return {
    assigned: () => consumer?.assigned() ?? [],
    stop: async () => {
      stopping.abort();
      await consumer?.stop();
      await ended.catch(() => {});
    },
    ended,
  };
}

class BatchWriter {
  /** The offset that each partition's next transaction starts from. */
  readonly #next = new Map<number, bigint>();

  constructor(
    readonly db: Database,
    readonly logger: Logger,
    readonly definition: StreamDefinition,
    readonly stopping: AbortSignal,
  ) {}

  async assign(partition: number, log: EventLog): Promise<bigint> {
    const bounds = await log.bounds(this.definition.topic);
    const start = bounds.find((each) => each.partition === partition)?.start ?? 0n;
    const offset = await startOffsetAt(this.db.pool, this.definition.topic, partition, start, bounds.length);
    this.#next.set(partition, offset);
    this.definition.publish(partition);
    return offset;
  }

  async write(batch: LogBatch): Promise<void> {
    await this.#persist(batch.records, batch);
    this.definition.publish(batch.partition);
  }

  /** Commits the records; where some cannot be, halves them until the ones to blame stand alone as dead letters. */
  async #persist(records: LogRecord[], batch: LogBatch): Promise<void> {
    const failure = await this.#attempt(records, records.length > 1 ? 1 : ATTEMPTS);
    await batch.heartbeat();
    if (failure === null) return;
    if (records.length > 1) {
      const middle = records.length >> 1;
      await this.#persist(records.slice(0, middle), batch);
      return this.#persist(records.slice(middle), batch);
    }
    this.logger.error(
      { err: failure, partition: batch.partition, offset: String(records[0]?.offset) },
      'a record fails again and again: kept as a dead letter',
    );
    const lost = await this.#attempt(records, 1, failure);
    if (lost !== null) throw lost;
  }

  /** Commits the records, with `reason` as dead letters. Returns the error that only these records can explain; waits out all others. */
  async #attempt(records: LogRecord[], attempts: number, reason?: Error): Promise<Error | null> {
    for (let failures = 0, wait = 100; ; wait = Math.min(wait * 2, MAX_BACKOFF_MS)) {
      try {
        await this.#transact(records, reason);
        return null;
      } catch (error) {
        if (error instanceof Fenced || this.stopping.aborted) throw error;
        if (!isTransient(error) && isFaultOfRecords(error) && ++failures === attempts) return error as Error;
        this.logger.warn({ err: error }, `a batch could not be stored: trying it again in ${wait} ms`);
        await sleep(wait, undefined, { signal: this.stopping });
      }
    }
  }

  async #transact(records: LogRecord[], reason?: Error): Promise<void> {
    const [first, last] = [records[0], records.at(-1)] as [LogRecord, LogRecord];
    const { topic, partition } = first;
    const from = this.#next.get(partition) as bigint;
    const to = last.offset + 1n;
    const moved = await this.db.transaction(async (tx) => {
      const fingerprint = createHash('sha256').update(last.value).digest('hex').slice(0, 16);
      if (
        !(await compareAndSetOffset(tx, {
          topic,
          partition,
          from,
          to,
          fingerprint,
          appendedAt: last.appendedAt,
        }))
      )
        return false;
      const corrupt = reason ? records.map((record) => ({ record, reason: reason.message })) : await this.definition.process(tx, records);
      await insertDeadLetters(
        tx,
        corrupt.map((each) => ({ ...each, attempts: reason ? ATTEMPTS : 1 })),
      );
      return true;
    });
    // The same end already stands there when the answer to our own commit was lost on the way.
    if (!moved && (await findOffset(this.db.pool, topic, partition)) !== to) {
      throw new Fenced(`${topic}/${partition}: the committed offset is no longer ${from}`);
    }
    this.#next.set(partition, to);
  }
}

/**
 * SQLSTATE classes that a value can cause: data exception, constraint, limit. Anything else of the database (a table is missing, the disk
 * is full) would fail any record and is waited out; so is a key that exists already, which only a wrong offset explains.
 */
function isFaultOfRecords(error: unknown): boolean {
  const state = error instanceof pg.DatabaseError ? (error.code ?? '') : null;
  return state === null || (/^(22|23|54)/.test(state) && state !== '23505');
}
