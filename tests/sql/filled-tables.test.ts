/** Which tables a load has filled, so that they are vacuumed at its end. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Database } from '../../src/platform/postgres/database.js';
import { getFilledTables } from '../../src/store/pipelines/filled-tables.js';
import { ensureMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { openTestDatabase } from '../kit/test-database.js';

let db: Database;
beforeAll(async () => {
  db = await openTestDatabase();
  await ensureMonthlyPartitions(db, new Date('2026-01-01T00:00:00Z'), new Date('2026-02-28T00:00:00Z'));
  await db.pool.query('ALTER TABLE raw_partitions.raw_prices_2026_01 SET (autovacuum_enabled = off)');
});
afterAll(() => db.close());

async function insertRawPrices(from: number, count: number): Promise<void> {
  const client = await db.pool.connect();
  await client.query(
    `INSERT INTO raw.raw_prices (origin, position, observed_at, source, coin_id, price_usd, grain, received_at, payload)
     SELECT 'test', n, timestamptz '2026-01-05' + n * interval '1 second', 'simulator', 'bitcoin', 1, 'tick', now(), '{}'
     FROM generate_series($1::integer, $2::integer) AS n`,
    [from, from + count - 1],
  );
  await client.query('SELECT pg_stat_force_next_flush()');
  client.release();
}

test('a table is filled where a fifth of it is new since it was vacuumed, and at least a thousand rows', async () => {
  await insertRawPrices(0, 1_000);
  expect(await getFilledTables(db.pool)).toEqual([]);
  await insertRawPrices(1_000, 9_000);
  expect(await getFilledTables(db.pool)).toEqual(['raw_partitions.raw_prices_2026_01']);
  await db.pool.query('VACUUM (ANALYZE) raw_partitions.raw_prices_2026_01');
  expect(await getFilledTables(db.pool)).toEqual([]);
  await insertRawPrices(10_000, 2_400);
  expect(await getFilledTables(db.pool)).toEqual([]);
  await insertRawPrices(12_400, 1_000);
  expect(await getFilledTables(db.pool)).toEqual(['raw_partitions.raw_prices_2026_01']);
});
