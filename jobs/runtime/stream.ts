/**
 * The stream engine: reads a topic and commits each batch in one transaction that begins with a compare-and-set of the offset.
 * Must stay true: every position ends as exactly one of the rows that the stream writes, a rejected row, a dead letter;
 * a consumer that lost its partition cannot commit; one bad record never blocks the good ones.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { EventLog, LogBatch, LogConsumer, LogRecord } from '../../src/platform/event-log/event-log.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { type DeadLetter, insertDeadLetters } from '../../src/store/stream/dead-letters.js';
import { compareAndSetOffset, findOffset, takeUpPlace } from '../../src/store/stream/stream-offsets.js';
import { fingerprintOf, identify, passOverLost } from './offsets/identity.js';
import type { OffsetMetrics } from './offsets/offset-metrics.js';

export interface StreamDefinition {
  topic: string;
  group: string;
  maxRecords: number;
  /** Writes what the records of one partition say (their offsets are positions), in the transaction that moves its offset; returns those it cannot read. Throws for the rest. */
  process(tx: pg.PoolClient, records: LogRecord[]): Promise<DeadLetter[]>;
  /** After a commit, and once on assignment: what the transaction left to be published of this partition. */
  publish(partition: number): void;
}

export interface Stream {
  assigned(): number[];
  /** It knows which partitions are its own, be it none: there may be more consumers than partitions. */
  settled(): boolean;
  /** Partitions that are held but not read, and why: the log is not the one that was read before. */
  refused(): ReadonlyMap<number, string>;
  stop(): Promise<void>;
  /** Rejects when the stream cannot go on. */
  readonly ended: Promise<void>;
}

/** Another consumer has moved the partition's offset: this one has lost it. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

const MAX_BACKOFF_MS = 5_000;
/** So many failures in a row, and a batch is tried in smaller pieces, though its records may not be to blame. */
const FAILURES_TO_HALVE = 5;

export interface StreamOptions {
  log: EventLog;
  db: Database;
  logger: Logger;
  definition: StreamDefinition;
  metrics?: OffsetMetrics;
}

export function startStream({ log, db, logger, definition, metrics }: StreamOptions): Stream {
  const stopping = new AbortController();
  const refused = new Map<number, string>();
  let consumer: LogConsumer | null = null;
  const run = async () => {
    for (let wait = 100; !stopping.signal.aborted; ) {
      const begun = performance.now();
      const writer = new BatchWriter({ db, logger, definition, metrics }, stopping.signal, refused);
      try {
        consumer = await log.consume({
          topic: definition.topic,
          group: definition.group,
          maxRecords: definition.maxRecords,
          startOffset: (partition) => writer.assign(partition, log),
          onBatch: (batch) => writer.write(batch),
          onRevoked: (partition) => writer.revoke(partition),
        });
        if (stopping.signal.aborted) await consumer.stop();
        await consumer.ended;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (error instanceof Fenced) metrics?.fenced(definition.topic);
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
    stop: async () => {
      stopping.abort();
      await consumer?.stop().catch(() => {}); // a batch that was being waited out ends with the abort
      await ended.catch(() => {});
    },
    ended,
  };
}

class BatchWriter {
  /** The offset that each partition's next transaction starts from. */
  readonly #next = new Map<number, bigint>();
  /** What a partition's offsets are raised by to make positions. */
  readonly #bases = new Map<number, bigint>();

  readonly db: Database;
  readonly logger: Logger;
  readonly definition: StreamDefinition;

  constructor(
    readonly options: Omit<StreamOptions, 'log'>,
    readonly stopping: AbortSignal,
    readonly refused: Map<number, string>,
  ) {
    ({ db: this.db, logger: this.logger, definition: this.definition } = options);
  }

  /** The offset to read from; null where the log is not the one that was read: it is looked at again later. */
  async assign(partition: number, log: EventLog): Promise<bigint | null> {
    const { topic } = this.definition;
    const bounds = await log.bounds(topic);
    const start = bounds[partition]?.start ?? 0n;
    const place = await takeUpPlace(this.db.pool, topic, partition, start, bounds.length);
    const verdict = await identify(log, topic, place, bounds);
    if (verdict.kind === 'refused') {
      if (this.refused.get(partition) !== verdict.reason) this.logger.error({ topic, partition }, verdict.reason);
      this.refused.set(partition, verdict.reason);
      this.#tellRefused();
      return null;
    }
    this.revoke(partition);
    if (verdict.kind === 'overtaken') {
      const lost = await passOverLost(this.db, log, topic, place, verdict.start);
      if (!lost) throw new Fenced(`${topic}/${partition}: the committed offset is no longer ${place.nextOffset}`);
      this.options.metrics?.lost(topic, partition, verdict.start - place.nextOffset);
      this.logger.error({ topic, partition, from: place.nextOffset, to: verdict.start }, 'retention removed records before they were read');
    }
    const offset = verdict.kind === 'overtaken' ? verdict.start : place.nextOffset;
    this.#next.set(partition, offset);
    this.#bases.set(partition, place.positionBase);
    this.definition.publish(partition);
    return offset;
  }

  /** Nothing holds back from reading it any more; or it is another consumer's matter. */
  revoke(partition: number): void {
    this.refused.delete(partition);
    this.#tellRefused();
  }

  #tellRefused(): void {
    this.options.metrics?.refused(this.definition.topic, this.refused.size);
  }

  write(batch: LogBatch): Promise<void> {
    return this.#persist(batch.records, batch);
  }

  /** Commits the records; where some cannot be, halves them until the ones to blame stand alone as dead letters. Waits out the rest. */
  async #persist(records: LogRecord[], batch: LogBatch): Promise<void> {
    for (let failures = 1, wait = 100; ; failures++, wait = Math.min(wait * 2, MAX_BACKOFF_MS)) {
      await batch.heartbeat();
      try {
        return await this.#transact(records);
      } catch (error) {
        if (error instanceof Fenced || this.stopping.aborted) throw error;
        const toBlame = isFaultOfRecords(error);
        if (records.length > 1 && (toBlame || failures >= FAILURES_TO_HALVE)) {
          const middle = records.length >> 1;
          await this.#persist(records.slice(0, middle), batch);
          return this.#persist(records.slice(middle), batch);
        }
        if (toBlame) {
          this.logger.error(
            { err: error, partition: batch.partition, offset: String(records[0]?.offset) },
            'a record cannot be stored: kept as a dead letter',
          );
          return this.#transact(records, error as Error);
        }
        this.logger.warn({ err: error }, `a batch could not be stored: trying it again in ${wait} ms`);
        await sleep(wait, undefined, { signal: this.stopping });
      }
    }
  }

  /** `reason`: the records are given up as dead letters. */
  async #transact(records: LogRecord[], reason?: Error): Promise<void> {
    const [first, last] = [records[0], records.at(-1)] as [LogRecord, LogRecord];
    const { topic, partition } = first;
    const from = this.#next.get(partition) as bigint;
    if (first.offset < from) throw new Fenced(`${topic}/${partition}: ${first.offset} was read again, ${from} is next`);
    const to = last.offset + 1n;
    const move = { topic, partition, from, to, fingerprint: fingerprintOf(last), appendedAt: last.appendedAt };
    const base = this.#bases.get(partition) as bigint;
    const placed = base === 0n ? records : records.map((record) => ({ ...record, offset: base + record.offset }));
    const moved = await this.db.transaction(async (tx) => {
      if (!(await compareAndSetOffset(tx, move))) return false;
      const corrupt = reason ? placed.map((record) => ({ record, reason: reason.message })) : await this.definition.process(tx, placed);
      await insertDeadLetters(tx, corrupt);
      return true;
    });
    // The same end already stands there when the answer to our own commit was lost on the way.
    if (!moved && (await findOffset(this.db.pool, topic, partition)) !== to) {
      throw new Fenced(`${topic}/${partition}: the committed offset is no longer ${from}`);
    }
    this.#next.set(partition, to);
    this.definition.publish(partition);
  }
}

/**
 * SQLSTATE classes that a value can cause: data exception, constraint, limit. Anything else (a table is missing, the disk is full, a bug)
 * would fail any record and is waited out; so is a key that exists already, which only a wrong offset explains, and a missing month.
 */
function isFaultOfRecords(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  return /^(22|23|54)/.test(error.code ?? '') && error.code !== '23505' && !/no partition of relation/.test(error.message);
}
