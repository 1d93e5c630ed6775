import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Database } from '../../src/platform/postgres/database.js';
import { dropMonthlyPartitions, ensureMonthlyPartitions, priceWindow } from '../../src/store/raw/partitions.js';
import { getRawStart } from '../../src/store/raw/raw-prices.js';
import { openTestDatabase } from '../kit/test-database.js';

let db: Database;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db.close());

const at = (text: string) => new Date(`${text}Z`);
const INSERT = `INSERT INTO raw.raw_prices (origin, position, observed_at, source, coin_id, price_usd, grain, received_at, payload)
                VALUES ('t/0', $1, $2, 's', 'x', 1, 'tick', $2, '{}')`;
let position = 0;
const insert = (observedAt: Date) => db.pool.query(INSERT, [++position, observedAt]);

async function attachedTables(): Promise<string[]> {
  const { rows } = await db.pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'raw.raw_prices'::regclass ORDER BY 1`,
  );
  return rows.map(({ name }) => name.replace('raw_partitions.', ''));
}

describe('months of raw_prices', () => {
  test('hold every instant from the first to the last, boundaries too, and none outside', async () => {
    const made = await ensureMonthlyPartitions(db, at('2025-11-30T23:59:59.999'), at('2026-01-01T00:00:00'));
    expect(made).toEqual(['raw_prices_2025_11', 'raw_prices_2025_12', 'raw_prices_2026_01']);
    for (const instant of ['2025-11-01T00:00:00', '2025-11-30T23:59:59.999', '2025-12-01T00:00:00', '2026-01-31T23:59:59.999'])
      await insert(at(instant));
    await expect(insert(at('2025-10-31T23:59:59.999'))).rejects.toThrow(/no partition/);
    await expect(insert(at('2026-02-01T00:00:00'))).rejects.toThrow(/no partition/);
    await expect(db.pool.query(INSERT.replace("1, 'tick'", "-1, 'tick'"), [99, at('2026-01-02T00:00:00')])).rejects.toThrow(
      /check constraint/,
    );
    const { rows } = await db.pool.query(
      `SELECT count(*) AS n FROM pg_indexes WHERE schemaname = 'raw_partitions' AND tablename = 'raw_prices_2025_12'`,
    );
    expect(rows).toEqual([{ n: 2n }]); // the key, and the index of observations
  });

  test('are made once, also by several processes at once', async () => {
    const make = () => ensureMonthlyPartitions(db, at('2026-01-10T00:00:00'), at('2026-03-10T00:00:00'));
    const made = await Promise.all([make(), make(), make()]);
    expect(made.flat().sort()).toEqual(['raw_prices_2026_01', 'raw_prices_2026_02', 'raw_prices_2026_03']);
    expect(await make()).toEqual([]);
  });

  test('come while a writer is in the middle of its transaction, and do not make the next one wait', async () => {
    await ensureMonthlyPartitions(db, at('2026-01-10T00:00:00'), at('2026-01-10T00:00:00'));
    await db.transaction(async (tx) => {
      await tx.query(INSERT, [++position, at('2026-01-10T00:00:00')]);
      expect(await ensureMonthlyPartitions(db, at('2026-02-10T00:00:00'), at('2026-02-10T00:00:00'))).toEqual(['raw_prices_2026_02']);
      await insert(at('2026-02-10T00:00:00'));
    });
  });

  test('go when they are over, while writers write; the rest stays', async () => {
    await ensureMonthlyPartitions(db, at('2026-01-10T00:00:00'), at('2026-03-10T00:00:00'));
    for (const month of ['01', '02', '03']) await insert(at(`2026-${month}-10T00:00:00`));
    expect(await dropMonthlyPartitions(db, at('2026-02-28T23:59:59'))).toEqual(['raw_prices_2026_01']);
    expect(await dropMonthlyPartitions(db, at('2026-03-01T00:00:00'))).toEqual(['raw_prices_2026_02']);
    expect(await attachedTables()).toEqual(['raw_prices_2026_03']);
    expect((await db.pool.query('SELECT count(*) AS n FROM raw.raw_prices')).rows).toEqual([{ n: 1n }]);
  });

  test('a drop waits for the transactions that read the month, without holding up writers, and ends what was interrupted', async () => {
    await ensureMonthlyPartitions(db, at('2026-01-10T00:00:00'), at('2026-02-10T00:00:00'));
    let dropped: Promise<string[]> | undefined;
    await db.transaction(async (tx) => {
      await tx.query('SELECT count(*) FROM raw.raw_prices');
      dropped = dropMonthlyPartitions(db, at('2026-02-01T00:00:00'));
      // The detach begins (the month is marked), then waits for this transaction in vain, again and again.
      const pending = `SELECT 1 FROM pg_inherits WHERE inhdetachpending`;
      while ((await db.pool.query(pending)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await new Promise((resolve) => setTimeout(resolve, 300));
      await insert(at('2026-02-10T00:00:00'));
      await tx.query('SELECT 1');
    });
    expect(await dropped).toEqual(['raw_prices_2026_01']);
    expect(await attachedTables()).toEqual(['raw_prices_2026_02']);
  });

  test('a drop that ended between detaching and dropping is completed by the next', async () => {
    await ensureMonthlyPartitions(db, at('2026-01-10T00:00:00'), at('2026-02-10T00:00:00'));
    await db.pool.query('ALTER TABLE raw.raw_prices DETACH PARTITION raw_partitions.raw_prices_2026_01');
    expect(await dropMonthlyPartitions(db, at('2026-02-01T00:00:00'))).toEqual(['raw_prices_2026_01']);
  });

  test('what an interrupted drop left is made anew where the month is wanted again; what somebody else detached is left alone', async () => {
    await db.pool.query(`INSERT INTO ops.database (realm, created_at) VALUES ('real', now())`);
    await ensureMonthlyPartitions(db, at('2026-01-10T00:00:00'), at('2026-03-10T00:00:00'));
    await insert(at('2026-01-10T00:00:00'));
    await db.pool.query(`UPDATE ops.database SET raw_kept_from = '2026-02-01T00:00:00Z'`);
    for (const month of ['01', '03'])
      await db.pool.query(`ALTER TABLE raw.raw_prices DETACH PARTITION raw_partitions.raw_prices_2026_${month}`);
    const made = await ensureMonthlyPartitions(db, at('2026-01-10T00:00:00'), at('2026-03-10T00:00:00'));
    expect(made).toEqual(['raw_prices_2026_01']);
    await insert(at('2026-01-10T00:00:00'));
    expect((await db.pool.query('SELECT count(*) AS n FROM raw.raw_prices')).rows).toEqual([{ n: 1n }]);
    await db.pool.query('DROP TABLE raw_partitions.raw_prices_2026_03');
  });

  test('what was dropped stays gone for a rebuild, also where an empty month is made again', async () => {
    await db.pool.query(`INSERT INTO ops.database (realm, created_at) VALUES ('real', now())`);
    await ensureMonthlyPartitions(db, at('2026-01-10T00:00:00'), at('2026-03-10T00:00:00'));
    expect(await getRawStart(db.pool)).toEqual(at('2026-01-01T00:00:00'));
    await dropMonthlyPartitions(db, at('2026-03-01T00:00:00'));
    await ensureMonthlyPartitions(db, at('2026-01-10T00:00:00'), at('2026-03-10T00:00:00'));
    expect(await getRawStart(db.pool)).toEqual(at('2026-03-01T00:00:00'));
    await dropMonthlyPartitions(db, at('2026-02-01T00:00:00'));
    expect(await getRawStart(db.pool)).toEqual(at('2026-03-01T00:00:00'));
  });
});

describe('priceWindow', () => {
  test('reaches from the 400 days that validation accepts to the second month after this one', () => {
    expect(priceWindow(at('2026-12-31T23:00:00'), null)).toEqual({ from: at('2025-11-26T23:00:00'), to: at('2027-02-01T00:00:00') });
  });

  test('begins with retention where that is shorter', () => {
    expect(priceWindow(at('2026-12-31T23:00:00'), 30).from).toEqual(at('2026-12-01T23:00:00'));
  });
});
