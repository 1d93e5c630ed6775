/** A coin of two sources: what the one says is no bound for the other one that feeds it from now on, and no mark on what that says. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { observationKey, type StoredPrices, storePrices } from '../../jobs/streams/price-writer.js';
import type { Decimal } from '../../src/domain/decimal.js';
import type { RawPrice } from '../../src/domain/prices.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { getTrackedNewest } from '../../src/store/mart/latest-prices.js';
import { ensureMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { openTestDatabase } from '../kit/test-database.js';

const NOON = new Date('2026-03-10T12:00:00Z');

let db: Database;
beforeAll(async () => {
  db = await openTestDatabase();
  await db.pool.query(`INSERT INTO ops.tracked_coins VALUES ('bitcoin', 'first', now())`);
  await ensureMonthlyPartitions(db, NOON, NOON);
});
afterAll(() => db.close());

const instant = (second: number) => new Date(NOON.getTime() + second * 1_000);

function tick(source: string, second: number, priceUsd: string): RawPrice {
  const at = instant(second);
  const place = { origin: `${source}/0`, position: BigInt(second) };
  return {
    source,
    coinId: 'bitcoin',
    priceUsd: priceUsd as Decimal,
    observedAt: at,
    receivedAt: at,
    grain: 'tick',
    payload: '{}',
    ...place,
  };
}

function store(...ticks: RawPrice[]): Promise<StoredPrices> {
  return db.transaction((tx) => storePrices(tx, ticks, NOON));
}

async function latest() {
  const { rows } = await db.pool.query('SELECT source, trim_scale(price_usd)::text AS usd FROM mart.mart_latest_prices');
  const { newest } = await getTrackedNewest(db.pool, ['bitcoin']);
  return { stored: rows, newest: newest.get('bitcoin')?.priceUsd };
}

test('its newest tick is the latest price, though the first source was ahead', async () => {
  await store(tick('first', 30, '1'));
  await db.pool.query(`UPDATE ops.tracked_coins SET source = 'second'`);
  await store(tick('second', 10, '2'));
  expect(await latest()).toEqual({ stored: [{ source: 'second', usd: '2' }], newest: '2' });
  // As it stood before anything of the second one was the latest.
  await db.pool.query(`UPDATE mart.mart_latest_prices SET source = 'first', observed_at = observed_at + interval '20 s'`);
  expect((await latest()).newest).toBe('2');
});

test('what jumps at one source is suspect there only', async () => {
  await store(tick('jumps', 40, '1'), tick('calm', 40, '1'));
  const { suspect } = await store(tick('jumps', 41, '9'), tick('calm', 41, '1'));
  expect(['jumps', 'calm'].map((source) => suspect.has(observationKey('bitcoin', source, instant(41))))).toEqual([true, false]);
});

test('what the first source said while a second one that says nothing was to feed the coin is its newest when it is switched back', async () => {
  await db.pool.query(`UPDATE ops.tracked_coins SET source = 'back'`);
  await store(tick('back', 50, '1'));
  await db.pool.query(`UPDATE ops.tracked_coins SET source = 'silent'`);
  await store(tick('back', 60, '2'));
  await db.pool.query(`UPDATE ops.tracked_coins SET source = 'back'`);
  expect((await latest()).newest).toBe('2');
});

test('a candle that the first tick of the second source reaches holds what that one said alone, also before the switch', async () => {
  await db.pool.query(`UPDATE ops.tracked_coins SET source = 'left'`);
  await store(tick('left', 70, '1'), tick('taken', 75, '5'));
  await db.pool.query(`UPDATE ops.tracked_coins SET source = 'taken'`);
  await store(tick('taken', 80, '6'));
  const { rows } = await db.pool.query(
    `SELECT trim_scale(open)::text AS open, trim_scale(close)::text AS close, observations FROM mart.mart_price_candles
     WHERE interval = '1m' AND bucket_start = $1`,
    [instant(60)],
  );
  expect(rows).toEqual([{ open: '5', close: '6', observations: 2 }]);
});
