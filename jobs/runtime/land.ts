/**
 * Lands what a fetch brought: raw as received, rejected rows, staging, and the marks of the days that it changes, in the caller's
 * transaction. Must stay true: landing the same fetch again changes nothing; staging is read back from raw, so that a rebuild from raw
 * gives the same rows.
 */
import { dayOf, HOUR, type UtcDate } from '../../src/domain/time.js';
import type { Database, Queryable } from '../../src/platform/postgres/database.js';
import { markChangedDays } from '../../src/store/pipelines/changed-days.js';
import { getRawStart } from '../../src/store/raw/raw-prices.js';
import { insertRejectedRows } from '../../src/store/stream/rejected-rows.js';
import type { GlobalSnapshot, MarketSnapshot, SourceResult } from '../sources/source.js';
import { landings } from '../transforms/registry.js';
import { stgCoins } from '../transforms/staging/stg_coins.js';
import { stgGlobal } from '../transforms/staging/stg_global.js';
import { stgMarketData } from '../transforms/staging/stg_market_data.js';
import { applyLanding, rebuildLanding, type TransformResult } from './transform.js';

/**
 * The day that a fetch describes: it ended at most an hour before the fetch began. A fetch at another time of the day describes no
 * day's end, and its mark changes nothing.
 */
export function describedDay(fetchedAt: Date): UtcDate {
  return dayOf(new Date(fetchedAt.getTime() - HOUR));
}

/** One fetch of /coins/markets. Returns the number of rows that are new. */
export async function landMarketData(
  tx: Queryable,
  { source, result, now }: { source: string; result: SourceResult<MarketSnapshot>; now: Date },
): Promise<number> {
  const { fetchedAt, rows, rejected } = result;
  const origin = `${source}/coins/markets/${fetchedAt.toISOString()}`;
  await insertRejectedRows(
    tx,
    'raw.raw_market_data',
    rejected.map((row, index) => ({ ...row, source, origin, position: BigInt(rows.length + index) })),
    now,
  );
  const landed = await tx.query(
    `INSERT INTO raw.raw_market_data (origin, position, source, coin_id, fetched_at, payload)
     SELECT $1, (number - 1)::integer, $2, coin_id, $3, payload::jsonb FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS r (coin_id, payload, number)
     ON CONFLICT (origin, position) DO NOTHING`,
    [origin, source, fetchedAt, rows.map((row) => row.coinId), rows.map((row) => row.payload)],
  );
  await applyLanding(tx, stgCoins, origin);
  await landSnapshots(tx, origin, describedDay);
  return landed.rowCount ?? 0;
}

/** One fetch of /global. Returns false where it had landed before. */
export async function landGlobal(tx: Queryable, { source, snapshot }: { source: string; snapshot: GlobalSnapshot }): Promise<boolean> {
  const origin = `${source}/global/${snapshot.fetchedAt.toISOString()}`;
  await tx.query(
    'INSERT INTO raw.raw_global (origin, source, fetched_at, payload) VALUES ($1, $2, $3, $4::jsonb) ON CONFLICT (origin) DO NOTHING',
    [origin, source, snapshot.fetchedAt, snapshot.payload],
  );
  const changed = await applyLanding(tx, stgGlobal, origin);
  if (changed.length > 0) await markChangedDays(tx, [{ coinId: null, day: describedDay(snapshot.fetchedAt) }]);
  return changed.length > 0;
}

/**
 * Caps and volumes of the daily points of a history call that raw.raw_prices holds already: only points of grain '1d' at exactly 00:00
 * UTC count, each for the day that it closes. Call it in the transaction that stored the points, after them. Returns how many are new.
 */
export async function landHistoryMarketData(tx: Queryable, { origin }: { origin: string }): Promise<number> {
  return landSnapshots(tx, origin, dayOf);
}

async function landSnapshots(tx: Queryable, origin: string, dayOfInstant: (instant: Date) => UtcDate): Promise<number> {
  const changed = await applyLanding<{ coin_id: string; observed_at: Date }>(tx, stgMarketData, origin);
  await markChangedDays(
    tx,
    changed.map((row) => ({ coinId: row.coin_id, day: dayOfInstant(row.observed_at) })),
  );
  return changed.length;
}

/**
 * Makes what lands (staging but the prices) anew from raw, in one transaction. Rows whose raw is gone stay. Marks nothing: rebuild the
 * marts after it. Throws a serialization failure, and changes nothing, where a fetch lands meanwhile on a row that it changes: try again.
 */
export async function rebuildLanded(db: Database): Promise<Map<string, TransformResult>> {
  return db.transaction(async (tx) => {
    await tx.query('SET LOCAL statement_timeout = 0'); // it reads every month of raw
    await tx.query('SELECT FROM ops.database FOR SHARE'); // a month is dropped before this transaction or after it
    const start = `'${(await getRawStart(tx)).toISOString()}'::timestamptz`;
    const results = new Map<string, TransformResult>();
    for (const landing of landings) {
      // Daily points lie in raw.raw_prices, the only raw table with a retention.
      const keptOnly = landing === stgMarketData ? `grain = '1d' AND observed_at <= ${start}` : 'false';
      results.set(landing.name, await rebuildLanding(tx, landing, keptOnly));
    }
    return results;
  }, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
}
