/**
 * Runs checks: on what a publish touched, in its transaction, or on whole tables, for housekeeping.
 * Must stay true: a result says what was looked for, how many rows break it and which, whether it passed or not.
 */
import pg from 'pg';
import { type Clock, endOfDay, toUtcDate, type UtcDate } from '../../src/domain/time.js';
import type { Database, Queryable } from '../../src/platform/postgres/database.js';
import { isTransient } from '../../src/platform/postgres/errors.js';
import { findLastCount, insertCheckResults, type NewCheckResult } from '../../src/store/pipelines/check-results.js';
import { findPublishedThrough } from '../../src/store/pipelines/datasets.js';
import { getRawStart } from '../../src/store/raw/raw-prices.js';
import type { Check, CheckScope, CountCheck, RowsCheck } from '../checks/check.js';
import { datasets } from '../transforms/registry.js';
import { affectedRows } from './transform.js';

const NAMED_KEYS = 5;
/** For one check of a whole table: one that never ends would keep housekeeping from all else. */
const LONGEST_CHECK = '1h';

/** Days of every tracked coin from its first row to the newest published day, and of raw that is kept. */
const everyDay = (oldest: UtcDate, through: UtcDate) => `(
  SELECT c.coin_id, d::date AS day
  FROM ops.tracked_coins AS c
  CROSS JOIN LATERAL (SELECT min(day) AS first_day FROM mart.mart_crypto_performance WHERE coin_id = c.coin_id) AS p
  CROSS JOIN LATERAL generate_series(greatest(p.first_day, '${oldest}'::date)::timestamp, '${through}'::timestamp, interval '1 day') AS d)`;

/** Checks what the publish made anew, and the candles that it was made of. Reads the temporary tables of affected-days.ts. */
export async function checkAffected(tx: Queryable, through: UtcDate, now: Date): Promise<NewCheckResult[]> {
  const asOf = `'${endOfDay(through).toISOString()}'`;
  const results: NewCheckResult[] = [];
  for (const dataset of datasets) {
    const rows = dataset.mode === 'publish' ? affectedRows(dataset) : dataset.name === 'mart.mart_price_candles' ? CHANGED_CANDLES : null;
    const checks = dataset.checks.filter((check) => !('wholeTablesOnly' in check));
    if (rows === null) continue;
    const scope = { rows, days: CHANGED_DAYS, asOf, through };
    for (const check of checks) results.push(await runCheck(tx, dataset.name, check, scope, now));
  }
  return results;
}

const CHANGED_DAYS = '(SELECT coin_id, day FROM changed_coin_days WHERE coin_id IS NOT NULL)';
/** Of hours and days: what the marts are made of. The finer ones are housekeeping's. */
const CHANGED_CANDLES = `(
  SELECT c.* FROM changed_coin_days AS d
  CROSS JOIN LATERAL (
    SELECT * FROM mart.mart_price_candles AS c
    WHERE c.coin_id = d.coin_id AND c.interval IN ('1h', '1d')
      AND c.bucket_start >= d.day::timestamp AT TIME ZONE 'UTC' AND c.bucket_start < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
    OFFSET 0) AS c)`;

/**
 * Checks all datasets whole, and keeps the results as they come. `runId`: the run that they belong to. A check that could not be run has
 * failed, whatever its severity, and its message says so; the others are run all the same. The signal ends it between two checks.
 */
export async function runAllChecks(db: Database, runId: bigint | null, clock: Clock, signal?: AbortSignal): Promise<NewCheckResult[]> {
  const now = clock.now();
  const through = await findPublishedThrough(db.pool);
  const oldest = toUtcDate(await getRawStart(db.pool));
  const days = through === null ? '(SELECT NULL::text AS coin_id, NULL::date AS day WHERE false)' : everyDay(oldest, through);
  const results: NewCheckResult[] = [];
  for (const dataset of datasets) {
    const scope = { rows: dataset.name, days, asOf: `'${now.toISOString()}'`, through: through ?? oldest };
    const checked: NewCheckResult[] = [];
    for (const check of dataset.checks) {
      signal?.throwIfAborted();
      checked.push(await runOnWhole(db, dataset.name, check, scope, now));
    }
    await insertCheckResults(db.pool, runId, checked);
    results.push(...checked);
  }
  return results;
}

async function runOnWhole(db: Database, dataset: string, check: Check, scope: CheckScope, now: Date): Promise<NewCheckResult> {
  try {
    return await db.transaction(async (tx) => {
      await tx.query(`SET LOCAL statement_timeout = '${LONGEST_CHECK}'`);
      return runCheck(tx, dataset, check, scope, now);
    });
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || isTransient(error)) throw error; // a database that goes away says nothing about the check
    const message = `${check.name} could not be run: ${error.message}`;
    return { ...headOf(check, dataset, now), status: 'FAILED', failedRows: 0n, message, rowCount: null };
  }
}

export async function runCheck(db: Queryable, dataset: string, check: Check, scope: CheckScope, now: Date): Promise<NewCheckResult> {
  const found = check.kind === 'rows' ? await findRows(db, check, scope) : await compareCount(db, dataset, check, scope, now);
  const status = found.failedRows === 0n ? 'PASSED' : check.severity === 'error' ? 'FAILED' : 'WARNED';
  return { ...headOf(check, dataset, now), status, ...found };
}

function headOf(
  { name, severity }: Check,
  dataset: string,
  now: Date,
): Pick<NewCheckResult, 'name' | 'dataset' | 'severity' | 'checkedAt'> {
  return { name, dataset, severity: severity === 'error' ? 'ERROR' : 'WARN', checkedAt: now };
}

type Finding = Pick<NewCheckResult, 'failedRows' | 'message' | 'rowCount'>;

async function findRows(db: Queryable, check: RowsCheck, scope: CheckScope): Promise<Finding> {
  const { rows } = await db.query<{ failed: bigint; keys: string[] | null }>(
    `SELECT count(*) AS failed, (array_agg(key ORDER BY key COLLATE "C"))[1:${NAMED_KEYS}] AS keys FROM (${check.sql(scope)}) AS broken`,
  );
  const { failed, keys } = rows[0] as { failed: bigint; keys: string[] | null };
  if (failed === 0n) return { failedRows: 0n, message: null, rowCount: null };
  const more = failed > NAMED_KEYS ? `, and ${failed - BigInt(NAMED_KEYS)} more` : '';
  return {
    failedRows: failed,
    message: `${check.name} is broken by ${failed} ${failed === 1n ? 'row' : 'rows'}: ${keys?.join('; ')}${more}`,
    rowCount: null,
  };
}

async function compareCount(db: Queryable, dataset: string, check: CountCheck, scope: CheckScope, now: Date): Promise<Finding> {
  const { rows } = await db.query<{ count: bigint }>(`SELECT (${check.sql(scope)}) AS count`);
  const { count } = rows[0] as { count: bigint };
  const last = await findLastCount(db, dataset, check.name, now);
  const least = last === null ? 0 : Number(last) * check.leastShare;
  if (Number(count) >= least) return { failedRows: 0n, message: null, rowCount: count };
  return {
    failedRows: (last as bigint) - count,
    message: `${check.name}: ${count} rows, after ${last} in the last run that passed`,
    rowCount: count,
  };
}
