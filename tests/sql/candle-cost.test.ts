/**
 * A tick's candles cost what changed, not what is stored, also on a connection that planned them while the tables held only history, as a new
 * platform's does: no day's ticks are read to find that none of them is history, and no table from end to end.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import type { Database } from '../../src/platform/postgres/database.js';
import { projectRoot } from '../../src/platform/project-root.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { openTestDatabase } from '../kit/test-database.js';

const TICKS = 5_000;
const DAY_START = new Date('2026-11-10T00:00:00Z');
const NEWEST = new Date(DAY_START.getTime() + TICKS * 10_000);
const RECOMPUTE = readFileSync(join(projectRoot, 'jobs/transforms/mart/mart_price_candles.sql'), 'utf8');
const LEVELS = [
  { interval: '1m', width: '1 minute', below: null, grain: 'tick', ms: 60_000 },
  { interval: '5m', width: '5 minutes', below: '1m', grain: '5m', ms: 300_000 },
  { interval: '1h', width: '1 hour', below: '5m', grain: '1h', ms: 3_600_000 },
  { interval: '1d', width: '1 day', below: '1h', grain: '1d', ms: 86_400_000 },
];

let db: Database;
let client: pg.PoolClient;
beforeAll(async () => {
  db = await openTestDatabase();
  client = await db.pool.connect();
  await trackCoins(db.pool, ['bitcoin'], 'simulator', DAY_START);
  // What a new platform holds when its stream plans: history, a few ticks, and no statistics.
  await db.pool.query(
    `INSERT INTO staging.stg_prices (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position)
     SELECT coin_id, 'simulator', at, 100, '5m', 0, false, at, 'history', n
     FROM unnest(ARRAY['bitcoin', 'ethereum', 'tether']) AS coin_id, generate_series(1, 5000) AS n
     CROSS JOIN LATERAL (SELECT $1::timestamptz - (n + 10) * interval '5 minutes' AS at) AS point`,
    [DAY_START],
  );
  await insertTicks(-100, 0);
  // As the stream's statements have it from their sixth execution on.
  await client.query('SET plan_cache_mode = force_generic_plan');
  for (const level of LEVELS) {
    await client.query(
      `PREPARE "${level.interval}" (text[], timestamptz[], timestamptz[], text, interval, text, text, timestamptz, timestamptz[]) AS
       ${RECOMPUTE.replaceAll('$4::mart', '$4::text::mart').replaceAll('$6::mart', '$6::text::mart').replaceAll('$7::staging', '$7::text::staging')}`,
    );
    await client.query(execution(level));
  }
  await insertTicks(1, TICKS);
  await db.pool.query(
    `INSERT INTO mart.mart_price_candles
     SELECT 'bitcoin', '1m', $2::timestamptz + n * interval '1 minute', 1, 1, 1, 1, 1, false, $2::timestamptz, $2::timestamptz, $2::timestamptz FROM generate_series(-$1::integer, 0) AS n`,
    [TICKS, DAY_START],
  );
});
afterAll(async () => {
  client.release();
  await db.close();
});

async function insertTicks(from: number, to: number): Promise<void> {
  await db.pool.query(
    `INSERT INTO staging.stg_prices (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position)
     SELECT 'bitcoin', 'simulator', at, 100, 'tick', 0, false, at, 'market.prices.v1/0', n
     FROM generate_series($1::integer, $2::integer) AS n CROSS JOIN LATERAL (SELECT $3::timestamptz + n * interval '10 s' AS at) AS tick`,
    [from, to, DAY_START],
  );
}

function execution({ interval, width, below, grain, ms }: (typeof LEVELS)[number]): string {
  const start = new Date(Math.floor((NEWEST.getTime() - 1) / ms) * ms);
  const array = (...values: (string | Date)[]) =>
    `ARRAY[${values.map((value) => (value instanceof Date ? `timestamptz '${value.toISOString()}'` : `'${value}'`)).join(', ')}]`;
  const now = `timestamptz '${NEWEST.toISOString()}'`;
  return `EXECUTE "${interval}" (${array('bitcoin')}, ${array(start)}, ${array(new Date(start.getTime() + ms))}, '${interval}', '${width}',
    ${below === null ? 'NULL' : `'${below}'`}, '${grain}', ${now}, ${array(NEWEST)})`;
}

describe('candles of a tick', () => {
  test.each(LEVELS)('$interval', async (level) => {
    const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${execution(level)}`);
    const plan = JSON.stringify(rows);
    expect(plan).toContain('"Index Name":"stg_prices_coarse_idx"');
    // Of whatever node: what it read, in all its loops, is a few rows.
    const read = Array.from(
      plan.matchAll(/"Actual Rows":([\d.]+),"Actual Loops":(\d+)/g),
      ([, rows, loops]) => Number(rows) * Number(loops),
    );
    expect(read.length).toBeGreaterThan(10);
    expect(read.filter((count) => count > 400)).toEqual([]); // an hour's ticks of the finest level, at most
    const removed = Array.from(plan.matchAll(/"Rows Removed by (?:Index Recheck|Filter|Join Filter)":(\d+)/g), ([, count]) =>
      Number(count),
    );
    expect(removed.filter((count) => count > 10)).toEqual([]);
  });
});
