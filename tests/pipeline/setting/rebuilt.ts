/** A rebuild makes prices from raw alone, never by the short cut: rows that it changes were wrong. */
import { expect } from '@jest/globals';
import { rebuildPrices } from '../../../jobs/streams/rebuild-prices.js';
import type { Clock } from '../../../src/domain/time.js';
import type { Database } from '../../../src/platform/postgres/database.js';

/** `clock`: the one with which the rows were made; when they were computed is compared too. `stretchRows`: of one rebuild after another. */
export async function expectRebuildChangesNothing(
  db: Database,
  coinIds: readonly string[],
  clock: Clock,
  stretchRows: readonly (number | undefined)[] = [undefined],
): Promise<void> {
  const before = await derivedPrices(db);
  for (const rows of stretchRows) {
    await rebuildPrices(db, coinIds, clock, { stretchRows: rows });
    expect(await derivedPrices(db)).toEqual(before);
  }
}

/** All that is derived from raw prices. */
export async function derivedPrices(db: Database) {
  const staged = await db.pool.query('SELECT * FROM staging.stg_prices ORDER BY coin_id, source, observed_at');
  const candles = await db.pool.query('SELECT * FROM mart.mart_price_candles ORDER BY coin_id, interval, bucket_start');
  const latest = await db.pool.query('SELECT * FROM mart.mart_latest_prices ORDER BY coin_id');
  return { staged: staged.rows, candles: candles.rows, latest: latest.rows };
}
