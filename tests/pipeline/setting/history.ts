/** A database with an empty ledger before each test, a clock that stands still, and what a test of history writes and reads by itself. */
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type pg from 'pg';
import type { PriceSource } from '../../../jobs/sources/source.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { ensureMonthlyPartitions, priceWindow } from '../../../src/store/raw/partitions.js';
import { trackCoins } from '../../../src/store/tracked-coins.js';
import { fixedClock } from '../../kit/clock.js';
import { openTestDatabase } from '../../kit/test-database.js';
import { storeTicks } from './ticks.js';

export const COINS = ['bitcoin', 'ethereum'];
const START = new Date('2026-11-20T10:00:00Z');

/** '20T10:00:00': of November 2026. */
export const at = (time: string) => new Date(`2026-11-${time}Z`);

export function useHistory() {
  let database: Database;
  const clock = fixedClock(START);
  const query = <Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
    database.pool.query<Row>(sql, values);

  beforeAll(async () => {
    database = await openTestDatabase({ maxConnections: 20 });
    const { from, to } = priceWindow(START, null);
    await ensureMonthlyPartitions(database, from, to);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    clock.set(START);
    await query(`TRUNCATE raw.raw_prices, raw.raw_market_data, staging.stg_prices, staging.stg_market_data, mart.mart_price_candles,
      mart.mart_latest_prices, ops.tracked_coins, ops.history_intervals, ops.gaps, ops.rejected_rows, ops.changed_days`);
  });

  return {
    clock,
    query,
    db: () => database,
    depsWith: (source: PriceSource, retentionDays: number | null = null) => ({ db: database, source, clock, retentionDays }),
    async trackAll(coins = COINS) {
      await trackCoins(database.pool, coins, 'simulator', clock.now());
    },
    async ledger(): Promise<string[]> {
      const { rows } = await query<{ line: string }>(
        `SELECT concat_ws(' ', coin_id, grain, to_char(from_at, 'YYYY-MM-DD HH24:MI'), 'to', to_char(to_at, 'YYYY-MM-DD HH24:MI'), status) AS line
         FROM ops.history_intervals ORDER BY id`,
      );
      return rows.map((row) => row.line);
    },
    ticks: (coinId: string, from: Date, to: Date, everyMs?: number) => storeTicks(database, clock, { coinId, from, to, everyMs }),
  };
}
