/**
 * Commits batches. Those of several partitions share a transaction when they wait at the same time; each moves its own offset, first of
 * all and by compare-and-set. Halves what cannot be stored until the records to blame stand alone as dead letters; waits out the rest.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { EventLog, LogBatch, LogRecord } from '../../../src/platform/event-log/event-log.js';
import type { Logger } from '../../../src/platform/logger.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { insertDeadLetters } from '../../../src/store/stream/dead-letters.js';
import { compareAndSetOffsets, hasMoved, type OffsetMove, takeUpPlace } from '../../../src/store/stream/stream-offsets.js';
import type { StreamLife } from '../observation/stream-life.js';
import { emptyTally } from '../observation/stream-metrics.js';
import { fingerprintOf, identify, passOverLost } from '../offsets/identity.js';
import type { StreamDefinition, StreamOptions } from './definition.js';
import { Lanes } from './lanes.js';

/** Another consumer has moved the partition's offset: this one has lost it. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** Thrown inside a transaction, to roll it back: an offset is not where it was thought to be. */
class OffsetMoved extends Error {}

const MAX_BACKOFF_MS = 5_000;
/** So many failures in a row, and a batch is tried in smaller pieces, though its records may not be to blame. */
const FAILURES_TO_HALVE = 5;
const TRANSACTIONS_AT_ONCE = 4;
/** Up to so many the round trips cost more than what COPY saves. */
const PIPELINED_RECORDS = 200;
/** Fewer records than this wait for the transaction under way: a transaction costs about as much as 200 rows of it. */
const WORTH_A_TRANSACTION = 500;
/** Whoever appends one by one does so every 5 ms (group-commit.ts); longer costs the half of it, shorter a quarter more transactions. */
const REST_MS = 5;

export class BatchWriter {
  /** The offset that each partition's next transaction starts from. */
  readonly #next = new Map<number, bigint>();
  /** What a partition's offsets are raised by to make positions. */
  readonly #bases = new Map<number, bigint>();

  readonly #lanes: Lanes<LogBatch>;
  readonly db: Database;
  readonly logger: Logger;
  readonly definition: StreamDefinition;

  constructor(
    readonly options: Omit<StreamOptions, 'log' | 'heartbeats'>,
    readonly stopping: AbortSignal,
    readonly refused: Map<number, string>,
    readonly life: StreamLife,
  ) {
    ({ db: this.db, logger: this.logger, definition: this.definition } = options);
    this.#lanes = new Lanes({
      lanes: TRANSACTIONS_AT_ONCE,
      laneWeight: WORTH_A_TRANSACTION,
      restMs: REST_MS,
      maxWeight: this.definition.maxRecords,
      weightOf: (batch) => batch.records.length,
      together: async (batches) => {
        for (const { partition } of batches) this.life.trying(partition);
        await Promise.all(batches.map((batch) => batch.heartbeat()));
        await this.#transact(batches.map((batch) => batch.records));
      },
      alone: (batch) => this.#persist(batch.records, batch),
    });
  }

  /** The offset to read from; null where the log is not the one that was read: it is looked at again later. */
  async assign(partition: number, log: EventLog): Promise<bigint | null> {
    const { topic } = this.definition;
    const { bounds, partitions } = await log.boundsOf(topic, partition);
    const place = await takeUpPlace(this.db.pool, topic, partition, bounds?.start ?? 0n, partitions);
    const verdict = await identify(log, topic, place);
    if (verdict.kind === 'refused') {
      if (this.refused.get(partition) !== verdict.reason) this.logger.error({ topic, partition }, verdict.reason);
      this.refused.set(partition, verdict.reason);
      this.#tellRefused();
      return null;
    }
    this.revoke(partition);
    if (verdict.kind === 'overtaken') {
      const lost = await passOverLost(this.db, log, topic, place, verdict.start);
      if (!lost) {
        this.options.metrics?.fenced();
        throw new Fenced(`${topic}/${partition}: the committed offset is no longer ${place.nextOffset}`);
      }
      this.options.metrics?.lost(partition, verdict.start - place.nextOffset);
      this.logger.error({ topic, partition, from: place.nextOffset, to: verdict.start }, 'retention removed records before they were read');
    }
    const offset = verdict.kind === 'overtaken' ? verdict.start : place.nextOffset;
    this.#next.set(partition, offset);
    this.#bases.set(partition, place.positionBase);
    this.options.metrics?.took(partition);
    this.life.goesOn(partition);
    this.definition.publish(partition);
    return offset;
  }

  /** Nothing holds back from reading it any more; or it is another consumer's matter. */
  revoke(partition: number): void {
    this.life.released(partition);
    this.refused.delete(partition);
    this.#tellRefused();
  }

  #tellRefused(): void {
    this.options.metrics?.refused(this.refused.size);
  }

  async write(batch: LogBatch): Promise<void> {
    this.life.trying(batch.partition);
    try {
      await this.#lanes.run(batch);
    } catch (error) {
      if (error instanceof Fenced) this.options.metrics?.fenced();
      throw error;
    }
    this.life.done(batch.partition);
  }

  /** Commits the records; where some cannot be, halves them until the ones to blame stand alone as dead letters. Waits out the rest. */
  async #persist(records: LogRecord[], batch: LogBatch): Promise<void> {
    const givingUp = AbortSignal.any([this.stopping, batch.signal]);
    // The last attempt is made after the partition was asked for: it may be another consumer's by now, and the fence says so.
    for (let failures = 1, wait = 100, last = false; ; failures++, wait = Math.min(wait * 2, MAX_BACKOFF_MS), last = batch.signal.aborted) {
      this.life.trying(batch.partition);
      await batch.heartbeat();
      try {
        return await this.#transact([records]);
      } catch (error) {
        if (error instanceof Fenced || this.stopping.aborted || last) throw error;
        this.options.metrics?.failed();
        this.life.waits(batch.partition, error);
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
          return this.#transact([records], error as Error);
        }
        this.logger.warn({ err: error }, `a batch could not be stored: trying it again in ${wait} ms`);
        await sleep(wait, undefined, { signal: givingUp }).catch(() => this.stopping.throwIfAborted()); // else: the last attempt
      }
    }
  }

  /** One transaction for the records of one or more partitions, each in order. `reason`: the records are given up as dead letters. */
  async #transact(parts: LogRecord[][], reason?: Error): Promise<void> {
    const moves = parts.map((records) => this.#moveOf(records));
    const placed = parts.flatMap((records) => this.#place(records));
    const tally = emptyTally();
    const begun = performance.now();
    let deadLetters = 0;
    try {
      const write = async (tx: pg.PoolClient) => {
        if ((await compareAndSetOffsets(tx, this.definition.topic, moves)) < moves.length) throw new OffsetMoved();
        const corrupt = reason
          ? placed.map((record) => ({ record, reason: reason.message }))
          : await this.definition.process(tx, placed, tally);
        await insertDeadLetters(tx, corrupt);
        deadLetters = corrupt.length;
      };
      await (placed.length <= PIPELINED_RECORDS ? this.db.pipelined(write) : this.db.transaction(write));
    } catch (error) {
      if (!(error instanceof OffsetMoved)) throw error;
      await this.#expectStored(moves);
    }
    for (const { partition, to } of moves) {
      this.#next.set(partition, to);
      this.life.goesOn(partition);
      this.definition.publish(partition);
    }
    const appendedAt = new Date(Math.min(...parts.map(([first]) => (first as LogRecord).appendedAt.getTime())));
    const seconds = (performance.now() - begun) / 1_000;
    this.options.metrics?.committed({ ...tally, records: placed.length, deadLetters, appendedAt, seconds });
  }

  /** The ends stand there already when the answer to our own commit was lost on the way. */
  async #expectStored(moves: OffsetMove[]): Promise<void> {
    const { topic } = this.definition;
    for (const move of moves) {
      if (await hasMoved(this.db.pool, topic, move)) continue;
      throw new Fenced(`${topic}/${move.partition}: the committed offset is no longer ${move.from}`);
    }
  }

  #moveOf(records: LogRecord[]): OffsetMove {
    const [first, last] = [records[0], records.at(-1)] as [LogRecord, LogRecord];
    const { topic, partition } = first;
    const from = this.#next.get(partition) as bigint;
    if (first.offset < from) throw new Fenced(`${topic}/${partition}: ${first.offset} was read again, ${from} is next`);
    const positionBase = this.#bases.get(partition) as bigint;
    return { partition, from, to: last.offset + 1n, positionBase, fingerprint: fingerprintOf(last), appendedAt: last.appendedAt };
  }

  #place(records: LogRecord[]): LogRecord[] {
    const base = this.#bases.get((records[0] as LogRecord).partition) as bigint;
    return base === 0n ? records : records.map((record) => ({ ...record, offset: base + record.offset }));
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
