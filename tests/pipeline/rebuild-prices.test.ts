/** A rebuild holds nobody up for long, and deletes nothing that it could not make anew. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rebuildPipeline } from '../../jobs/pipelines/rebuild.js';
import type { RunContext } from '../../jobs/runtime/pipeline.js';
import { storePrices } from '../../jobs/streams/price-writer.js';
import { rebuildPrices } from '../../jobs/streams/rebuild-prices.js';
import { registerDatasets } from '../../jobs/transforms/registry.js';
import type { Decimal } from '../../src/domain/decimal.js';
import type { RawPrice } from '../../src/domain/prices.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { dropMonthlyPartitions, ensureMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { fixedClock } from '../kit/clock.js';
import { openTestDatabase } from '../kit/test-database.js';
import { derivedPrices } from './setting/rebuilt.js';

const clock = fixedClock(new Date('2026-04-01T00:00:00Z'));
/** Around midnights, jumps across one of them too, and more on one day than a stretch holds. */
const TICKS = [
  ['2026-01-31T12:00:00Z', '1'],
  ['2026-01-31T23:59:30Z', '1'],
  ['2026-02-01T00:00:00Z', '2'],
  ['2026-02-01T00:00:00.001Z', '1'],
  ['2026-02-02T00:00:00Z', '1'],
  ['2026-03-05T10:00:00Z', '3'],
  ['2026-03-05T10:00:10Z', '3.1'],
  ['2026-03-05T10:00:20Z', '3.2'],
  ['2026-03-06T00:00:00Z', '3.3'],
  ['2026-03-06T00:00:00.001Z', '9'],
] as const;

let db: Database;
beforeEach(async () => {
  db = await openTestDatabase();
  await db.pool.query(`INSERT INTO ops.database (realm, created_at) VALUES ('real', now())`);
  await db.pool.query(`INSERT INTO ops.tracked_coins SELECT c, 'coingecko', now() FROM unnest('{bitcoin,dogecoin}'::text[]) AS c`);
  await ensureMonthlyPartitions(db, new Date('2026-01-01T00:00:00Z'), new Date('2026-04-01T00:00:00Z'));
  for (const [index, coinId] of ['bitcoin', 'dogecoin'].entries()) {
    const rows = TICKS.map(
      ([at, price], number): RawPrice => ({
        origin: `market.prices.v1/${index}`,
        position: BigInt(number),
        source: 'coingecko',
        coinId,
        priceUsd: price as Decimal,
        observedAt: new Date(at),
        receivedAt: new Date(at),
        grain: 'tick',
        payload: '{}',
      }),
    );
    await db.transaction((tx) => storePrices(tx, rows, clock.now()));
  }
});
afterEach(() => db.close());

const derived = () => derivedPrices(db);

test('lets others in after every stretch of whole days, and changes nothing', async () => {
  const before = await derived();
  expect(before.staged.filter((row) => row.suspect).length).toBeGreaterThan(0);
  let transactions = 0;
  const counted = {
    ...db,
    transaction: ((work) => {
      transactions++;
      return db.transaction(work);
    }) as Database['transaction'],
  };
  expect(await rebuildPrices(counted, ['bitcoin'], clock, { stretchRows: 2 })).toBe(TICKS.length);
  // Up to 01-31 00:00 (none), that day (3), up to 03-05 00:00 (2), that day (4), the rest.
  expect(transactions).toBe(5);
  expect(await derived()).toEqual(before);
});

test('makes anew what was changed or is missing, in any stretch, and takes away what raw does not say', async () => {
  const before = await derived();
  await db.pool.query(`DELETE FROM staging.stg_prices WHERE observed_at = '2026-02-01T00:00:00Z'`);
  await db.pool.query(`UPDATE mart.mart_price_candles SET close = 7; UPDATE mart.mart_latest_prices SET price_usd = 7`);
  await db.pool.query(`INSERT INTO staging.stg_prices SELECT coin_id, source, '2026-03-20', price_usd, grain, 0, false, received_at, origin, 99
                       FROM staging.stg_prices WHERE observed_at = '2026-03-06T00:00:00Z'`);
  await rebuildPrices(db, ['bitcoin', 'dogecoin'], clock, { stretchRows: 2 });
  expect(await derived()).toEqual(before);
});

test('keeps what was made from months that were dropped, though they came back empty', async () => {
  const before = await derived();
  await dropMonthlyPartitions(db, new Date('2026-03-01T00:00:00Z'));
  await ensureMonthlyPartitions(db, new Date('2026-01-01T00:00:00Z'), new Date('2026-04-01T00:00:00Z'));
  await rebuildPrices(db, ['bitcoin', 'dogecoin'], clock);
  expect(await derived()).toEqual(before);
});

test('leaves a coin alone that is tracked no longer', async () => {
  const before = await derived();
  await db.pool.query(`DELETE FROM ops.tracked_coins WHERE coin_id = 'dogecoin'`);
  await registerDatasets(db);
  await db.pool.query(`UPDATE ops.datasets SET definition_hash = 'another' WHERE name = 'staging.stg_prices'`);
  const [prices] = rebuildPipeline({ db, clock }).tasks;
  expect(await prices?.run({} as RunContext)).toEqual({ rows: TICKS.length });
  expect(await derived()).toEqual(before);
});

test('ends after the stretch under way when its worker stops, and is begun again', async () => {
  await registerDatasets(db);
  await db.pool.query(`UPDATE ops.datasets SET definition_hash = 'another' WHERE name = 'staging.stg_prices'`);
  await db.pool.query('UPDATE mart.mart_price_candles SET close = 7');
  const stop = new AbortController();
  const stopping = {
    ...db,
    transaction: (async (work) => {
      const result = await db.transaction(work);
      if (await isMadeAnew('bitcoin')) stop.abort();
      return result;
    }) as Database['transaction'],
  };
  const isMadeAnew = async (coinId: string) =>
    (await db.pool.query('SELECT FROM mart.mart_price_candles WHERE coin_id = $1 AND close <> 7', [coinId])).rowCount !== 0;
  const [prices] = rebuildPipeline({ db: stopping, clock }).tasks;
  await expect(prices?.run({ signal: stop.signal } as RunContext)).rejects.toThrow('aborted');
  expect(await isMadeAnew('dogecoin')).toBe(false);
  expect(await registerDatasets(db)).toContain('staging.stg_prices');
});
