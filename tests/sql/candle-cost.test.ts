/** A tick's candles cost what changed, not what the day holds: no statement reads the day's ticks to find that none of them is history. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Database } from '../../src/platform/postgres/database.js';
import { projectRoot } from '../../src/platform/project-root.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { openTestDatabase } from '../kit/test-database.js';

const TICKS = 5_000;
const DAY_START = new Date('2026-11-10T00:00:00Z');
const NEWEST = new Date(DAY_START.getTime() + TICKS * 10_000);
const RECOMPUTE = readFileSync(join(projectRoot, 'jobs/transforms/mart/mart_price_candles.sql'), 'utf8');

let db: Database;
beforeAll(async () => {
  db = await openTestDatabase();
  await trackCoins(db.pool, ['bitcoin'], 'simulator', DAY_START);
  await db.pool.query(
    `INSERT INTO staging.stg_prices (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position)
     SELECT 'bitcoin', 'simulator', at, 100, 'tick', 0, false, at, 'market.prices.v1/0', n
     FROM generate_series(1, $1::integer) AS n CROSS JOIN LATERAL (SELECT $2::timestamptz + n * interval '10 s' AS at) AS tick`,
    [TICKS, DAY_START],
  );
  await db.pool.query('ANALYZE staging.stg_prices');
});
afterAll(() => db.close());

test.each([
  ['5m', '5 minutes', '1m', '5m', 300_000],
  ['1h', '1 hour', '5m', '1h', 3_600_000],
  ['1d', '1 day', '1h', '1d', 86_400_000],
])('%s', async (interval, width, below, grain, ms) => {
  const start = new Date(Math.floor((NEWEST.getTime() - 1) / ms) * ms);
  const end = new Date(start.getTime() + ms);
  const rows = await db.transaction(async (tx) => {
    await tx.query('SET LOCAL plan_cache_mode = force_generic_plan'); // as the stream's prepared statement has it
    const values = [['bitcoin'], [start], [end], interval, width, below, grain, NEWEST, [NEWEST]];
    return (await tx.query({ name: `explain-${interval}`, text: `EXPLAIN (ANALYZE, FORMAT JSON) ${RECOMPUTE}`, values })).rows;
  });
  const removed = JSON.stringify(rows).matchAll(/"Rows Removed by Filter":(\d+)/g);
  expect(Array.from(removed, ([, count]) => Number(count)).filter((count) => count > 10)).toEqual([]);
});
