/**
 * Publishes the marts: takes the marks of changed days, makes the rows that they reach anew, checks them and raises the versions, all in
 * one repeatable-read transaction under a session lock that is taken before BEGIN.
 * Must stay true: readers see the marts before or after, never half, and never rows that failed a check; days are published in order;
 * a run that another attempt has taken over commits nothing.
 */
import pg from 'pg';
import { addDays, type Clock, endOfDay, toUtcDate, type UtcDate } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { LOCKS, underSessionLock } from '../../src/platform/postgres/locks.js';
import { deleteRepeatedMarks } from '../../src/store/pipelines/changed-days.js';
import { insertCheckResults, type NewCheckResult } from '../../src/store/pipelines/check-results.js';
import { findPublishedThrough, recordDefinitions, recordPublication } from '../../src/store/pipelines/datasets.js';
import { isRebuildUnderWay } from '../../src/store/pipelines/publishing.js';
import { getRawStart } from '../../src/store/raw/raw-prices.js';
import { hashDefinitions, marts } from '../transforms/registry.js';
import { addDay, addEveryDay, findAffected, refuseDaysBefore, takeMarks } from './affected-days.js';
import { checkAffected } from './check.js';
import { applyMart } from './transform.js';

const SERIALIZATION_FAILURE = '40001';

export interface PublishOptions {
  /** daily: the day to publish, the next one or one that is published already and is made anew; restate: null, up to the newest. */
  through: UtcDate | null;
  /** The attempt of a run that publishes. */
  fence: { runId: bigint; attempt: number } | null;
  clock: Clock;
  /** Makes every day anew, after a definition changed. */
  rebuild?: boolean;
}

export interface MartChange {
  written: number;
  deleted: number;
}

export type PublishResult =
  | {
      outcome: 'published';
      through: UtcDate;
      /** (coin, day) that had been marked. */
      marks: number;
      /** Days of coins that were marked but whose raw is gone: their marts stay as they are. */
      refusedMarks: number;
      /** Only datasets that changed. */
      changes: Map<string, MartChange>;
      checks: NewCheckResult[];
    }
  | { outcome: 'nothing-to-do' }
  /** It publishes everything at its end; meanwhile days of two definitions would stand side by side. */
  | { outcome: 'rebuild-under-way' }
  /** Days are published in order: this one comes first. */
  | { outcome: 'out-of-order'; expected: UtcDate }
  | { outcome: 'day-not-over'; through: UtcDate }
  /** Rolled back; the marks are still there. */
  | { outcome: 'checks-failed'; checks: NewCheckResult[] }
  /** Rolled back: another attempt has the run, or the transaction lost a race. */
  | { outcome: 'lost'; reason: string };

export async function publish(db: Database, options: PublishOptions): Promise<PublishResult> {
  return underSessionLock(db.pool, LOCKS.publish, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    try {
      const result = await prepare(client, options);
      const lost = result.outcome === 'published' ? await findLoss(client, options.fence) : null;
      await client.query(result.outcome === 'published' && lost === null ? 'COMMIT' : 'ROLLBACK');
      if (lost !== null) return { outcome: 'lost', reason: lost };
      if (result.outcome === 'checks-failed') await insertCheckResults(client, options.fence?.runId ?? null, result.checks);
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      if (error instanceof pg.DatabaseError && error.code === SERIALIZATION_FAILURE) return { outcome: 'lost', reason: error.message };
      throw error;
    }
  });
}

/** Removes marks that say what another one says. Returns how many. */
export async function compactChangedDays(db: Database): Promise<number> {
  return underSessionLock(db.pool, LOCKS.publish, deleteRepeatedMarks);
}

async function prepare(tx: pg.PoolClient, options: PublishOptions): Promise<PublishResult> {
  if (!options.rebuild && (await isRebuildUnderWay(tx, options.clock.now()))) return { outcome: 'rebuild-under-way' };
  const published = await findPublishedThrough(tx);
  const through = options.through ?? published;
  if (through === null) return { outcome: 'nothing-to-do' };
  // Asked of a day that is to be published. One that is already may lie ahead where the clock was set back: it is kept up to date all the same.
  if (options.through !== null && endOfDay(through) > options.clock.now()) return { outcome: 'day-not-over', through };
  if (published !== null && through > addDays(published, 1)) return { outcome: 'out-of-order', expected: addDays(published, 1) };

  // A parallel plan may add floats in another order, and the rows must be the same to the last digit.
  await tx.query(`SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off; SET LOCAL work_mem = '32MB'`);
  const newest = published !== null && published > through ? published : through;
  const marks = await takeMarks(tx, newest);
  const again = options.through !== null && published !== null && through <= published;
  if (again) await addDay(tx, through);
  if (options.rebuild) {
    await tx.query('SET LOCAL statement_timeout = 0'); // each statement makes all days of a mart
    await addEveryDay(tx, marts, newest);
  }
  if (options.through === null && marks === 0 && !options.rebuild) return { outcome: 'nothing-to-do' };
  return makeMarts(tx, options, newest, marks);
}

async function makeMarts(
  tx: pg.PoolClient,
  { fence, clock, rebuild }: PublishOptions,
  through: UtcDate,
  marks: number,
): Promise<PublishResult> {
  const now = clock.now();
  const oldest = toUtcDate(await getRawStart(tx));
  const refusedMarks = await refuseDaysBefore(tx, oldest);
  await tx.query('ANALYZE changed_coin_days');
  const changes = new Map<string, MartChange>();
  for (const mart of marts) {
    await findAffected(tx, mart, oldest, through);
    const change = await applyMart(tx, mart, now);
    if (change.written + change.deleted > 0) changes.set(mart.name, change);
  }
  const checks = await checkAffected(tx, through, now);
  if (checks.some((check) => check.status === 'FAILED')) return { outcome: 'checks-failed', checks };
  await insertCheckResults(tx, fence?.runId ?? null, checks);
  await recordPublication(tx, { marts: marts.map(({ name }) => name), changed: [...changes.keys()], through, now });
  if (rebuild) {
    const hashes = hashDefinitions();
    await recordDefinitions(tx, new Map(marts.map(({ name }) => [name, hashes.get(name) as string])));
  }
  return { outcome: 'published', through, marks, refusedMarks, changes, checks };
}

/** The last statement before COMMIT: from here on nobody takes the run over until we are done. */
async function findLoss(tx: pg.PoolClient, fence: PublishOptions['fence']): Promise<string | null> {
  if (fence === null) return null;
  const { rows } = await tx.query<{ attempt: number }>('SELECT attempt FROM ops.run_fences WHERE run_id = $1 FOR SHARE', [fence.runId]);
  const attempt = rows[0]?.attempt;
  if (attempt === fence.attempt) return null;
  return attempt === undefined
    ? `run ${fence.runId} has no fence`
    : `run ${fence.runId} belongs to attempt ${attempt}, not to ${fence.attempt}`;
}
