/** The publish as readers meet it: days in order, versions, checks that block, retention. */
import { describe, expect, test } from '@jest/globals';
import { compactChangedDays, type PublishResult } from '../../jobs/runtime/publish.js';
import { addDays, endOfDay, HOUR, MINUTE } from '../../src/domain/time.js';
import { openDatabase } from '../../src/platform/postgres/database.js';
import { fixedClock } from '../kit/clock.js';
import { whileHeld } from '../kit/held-table.js';
import { correct, DAY, late, useFortyDays } from './forty-days.js';
import { dumpMarts, failuresOf, givePrices, publishThrough } from './mart-database.js';

const forty = useFortyDays();
const { query, publishDay, countMarks, published, startRun } = forty;
type Published = Extract<PublishResult, { outcome: 'published' }>;
const PERFORMANCE = 'mart.mart_crypto_performance';

describe('days', () => {
  test('are published in order, each through its end', async () => {
    expect(await publishDay(null)).toEqual({ outcome: 'nothing-to-do' });
    expect(await publishDay(addDays(DAY, -2))).toMatchObject({ outcome: 'published', marks: 76 });
    expect(await published()).toEqual({ newest: addDays(DAY, -2), rows: 76 });
    expect(await publishDay(DAY)).toEqual({ outcome: 'out-of-order', expected: addDays(DAY, -1) });
    expect(await publishDay(addDays(DAY, -1))).toMatchObject({ outcome: 'published' });
    expect(await publishDay(DAY)).toMatchObject({ outcome: 'published' });
    expect(await published()).toEqual({ newest: DAY, rows: 80 });
  });

  test('are not published before they are over', async () => {
    const clock = fixedClock(new Date(endOfDay(DAY).getTime() - 1));
    expect(await publishDay(DAY, { clock })).toEqual({ outcome: 'day-not-over', through: DAY });
    expect(await countMarks()).toBe(80);
  });

  test('that were published by a clock that was ahead are kept up to date when it is right again', async () => {
    await publishDay(DAY);
    await givePrices(forty.db, [correct(DAY, '7')]);
    const clock = fixedClock(new Date(endOfDay(DAY).getTime() - HOUR));
    const { marks, changes } = (await publishDay(null, { clock })) as Published;
    expect([marks, [...changes.keys()]]).toEqual([1, [PERFORMANCE]]);
    expect(await countMarks()).toBe(0);
  });

  test('that nothing is known of move on all the same', async () => {
    await publishDay(DAY);
    expect(await publishDay(addDays(DAY, 1))).toMatchObject({ outcome: 'published', changes: new Map() });
    expect(await publishDay(addDays(DAY, 2))).toMatchObject({ outcome: 'published' });
  });

  test('are all made anew however long that takes', async () => {
    await publishDay(DAY);
    const hurried = openDatabase(forty.db.url, { applicationName: 'test', statementTimeoutMs: 500 });
    try {
      const rebuild = () => publishThrough(hurried, null, { rebuild: true });
      expect(failuresOf(await whileHeld(forty.db, PERFORMANCE, 1_000, rebuild))).toEqual([]);
    } finally {
      await hurried.close();
    }
  });

  test('that are open keep their marks', async () => {
    await givePrices(forty.db, [late(addDays(DAY, 1), '7')]);
    await publishDay(DAY);
    expect(await query('SELECT coin_id, day FROM ops.changed_days')).toEqual([{ coin_id: 'ethereum', day: addDays(DAY, 1) }]);
  });

  test('that are published may be published again: nothing changes, unless something was lost', async () => {
    await publishDay(DAY);
    const before = await dumpMarts(forty.db);
    expect(await publishDay(DAY)).toMatchObject({ outcome: 'published', changes: new Map() });
    expect(await publishDay(addDays(DAY, -3))).toMatchObject({ outcome: 'published', changes: new Map() });
    await forty.db.pool.query(`INSERT INTO ops.changed_days VALUES ('ethereum', $1), ('ethereum', $1), (NULL, $1)`, [DAY]);
    expect(await publishDay(DAY)).toMatchObject({ outcome: 'published', marks: 2, changes: new Map() });
    await forty.db.pool.query('DELETE FROM mart.mart_crypto_performance WHERE day = $1', [addDays(DAY, -3)]);
    const { changes } = (await publishDay(addDays(DAY, -3))) as Published;
    expect([...changes.keys()]).toEqual([PERFORMANCE]);
    expect(await dumpMarts(forty.db)).toEqual(before);
  });
});

describe('versions', () => {
  const datasets = () =>
    query(
      `SELECT name, version::text AS version, published_through AS through, updated_at AS "updatedAt" FROM ops.datasets
       WHERE name IN ('mart.mart_coins', '${PERFORMANCE}') ORDER BY name`,
    );

  test('rise for what changed only, and every mart moves to the day', async () => {
    await publishDay(DAY);
    expect(await datasets()).toEqual([
      { name: 'mart.mart_coins', version: '0', through: DAY, updatedAt: null },
      { name: 'mart.mart_crypto_performance', version: '1', through: DAY, updatedAt: new Date(endOfDay(DAY).getTime() + 5 * MINUTE) },
    ]);
  });

  test('a row that stays the same keeps its clock', async () => {
    await publishDay(DAY);
    await givePrices(forty.db, [late(addDays(DAY, -1), '7')]); // before the day's last observation: the close stands
    expect(await publishDay(null)).toMatchObject({ outcome: 'published', marks: 1, changes: new Map() });
    await givePrices(forty.db, [correct(addDays(DAY, -1), '7')]);
    const { changes } = (await publishDay(null)) as Published;
    expect(changes.get(PERFORMANCE)).toEqual({ written: 2, deleted: 0 });
    const at = await query('SELECT computed_at, count(*)::integer AS rows FROM mart.mart_crypto_performance GROUP BY 1 ORDER BY 1');
    expect(at.map((row) => row.rows)).toEqual([78, 2]);
  });

  test('a row whose close is gone is deleted, and what stood on it', async () => {
    await publishDay(DAY);
    await forty.db.transaction(async (tx) => {
      await tx.query(`DELETE FROM mart.mart_price_candles WHERE coin_id = 'ethereum' AND bucket_start >= $1`, [
        `${addDays(DAY, -1)}T00:00:00Z`,
      ]);
      await tx.query('DELETE FROM raw.raw_prices WHERE coin_id = $1 AND observed_at > $2', ['ethereum', `${addDays(DAY, -1)}T00:00:00Z`]);
      await tx.query('INSERT INTO ops.changed_days VALUES ($1, $2), ($1, $3)', ['ethereum', addDays(DAY, -1), DAY]);
    });
    const { changes } = (await publishDay(null)) as Published;
    expect(changes.get(PERFORMANCE)).toEqual({ written: 0, deleted: 2 });
  });
});

describe('a check that fails', () => {
  const spoil = (low: number) =>
    forty.db.transaction(async (tx) => {
      await tx.query(
        `UPDATE mart.mart_price_candles SET low = low + $1 WHERE coin_id = 'ethereum' AND interval = '1d' AND bucket_start = $2`,
        [low, `${DAY}T00:00:00Z`],
      );
      await tx.query('INSERT INTO ops.changed_days (coin_id, day) VALUES ($1, $2)', ['ethereum', DAY]);
    });

  test('blocks the publish: readers keep the old marts, the result is kept, the marks are too', async () => {
    await publishDay(DAY);
    await givePrices(forty.db, [correct(addDays(DAY, -5), '7')]);
    await spoil(1_000_000);
    const [before, marks] = [await dumpMarts(forty.db), await countMarks()];
    const result = await publishDay(null);
    expect(failuresOf(result)).toEqual([
      `accepted_range(open, close: low to high; observations: at least 1) is broken by 1 row: ethereum 1d ${DAY} 00:00:00+00`,
    ]);
    expect(await dumpMarts(forty.db)).toEqual(before);
    expect(await countMarks()).toBe(marks);
    const kept = await query(
      `SELECT name, dataset, severity, status, failed_rows::integer AS rows FROM ops.check_results WHERE status = 'FAILED'`,
    );
    expect(kept).toEqual([
      {
        name: 'accepted_range(open, close: low to high; observations: at least 1)',
        dataset: 'mart.mart_price_candles',
        severity: 'ERROR',
        status: 'FAILED',
        rows: 1,
      },
    ]);

    await spoil(-1_000_000);
    expect(failuresOf(await publishDay(null))).toEqual([]);
    expect(await countMarks()).toBe(0);
  });

  test('counts a row once, also where a marked day is published again, or everything is', async () => {
    await publishDay(DAY);
    await spoil(1_000_000);
    const once = [expect.stringContaining('is broken by 1 row: ')];
    expect(failuresOf(await publishDay(DAY))).toEqual(once);
    expect(failuresOf(await publishDay(null, { rebuild: true }))).toEqual(once);
  });

  test('results of a run that was published name the run', async () => {
    const fence = await startRun();
    await publishDay(DAY, { fence });
    expect(await query('SELECT DISTINCT run_id, status FROM ops.check_results')).toEqual([{ run_id: fence.runId, status: 'PASSED' }]);
  });
});

describe('retention', () => {
  test('days whose raw is gone keep their marts, whatever marks them', async () => {
    await publishDay(DAY);
    const before = await dumpMarts(forty.db);
    for (const { name } of await query(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'raw.raw_prices'::regclass ORDER BY 1`,
    )) {
      if ((name as string) < 'raw_partitions.raw_prices_2026_02') await forty.db.pool.query(`DROP TABLE ${name}`);
    }
    await forty.db.pool.query(`DELETE FROM mart.mart_price_candles WHERE bucket_start < '2026-02-01'`);
    await forty.db.pool.query(`INSERT INTO ops.changed_days (coin_id, day) VALUES ('ethereum', '2026-01-31'), ('ethereum', '2026-01-30')`);
    expect(await publishDay(null)).toMatchObject({ outcome: 'published', marks: 2, refusedMarks: 2, changes: new Map() });
    expect(await dumpMarts(forty.db)).toEqual(before);
    const result = await publishThrough(forty.db, null, { rebuild: true });
    expect(failuresOf(result)).toEqual([]);
    const kept = (await dumpMarts(forty.db))['mart.mart_crypto_performance']?.filter((row) => (row as string).includes('"2026-01'));
    expect(kept).toEqual(before['mart.mart_crypto_performance']?.filter((row) => (row as string).includes('"2026-01')));
  });
});

describe('marks', () => {
  test('that say the same are compacted, the oldest staying', async () => {
    await forty.db.pool.query(`TRUNCATE ops.changed_days`);
    await forty.db.pool.query(`INSERT INTO ops.changed_days VALUES ('a', '2026-01-01', '2026-01-03'), ('a', '2026-01-01', '2026-01-02'), (NULL, '2026-01-01', '2026-01-04'),
      (NULL, '2026-01-01', '2026-01-05'), ('b', '2026-01-01', '2026-01-06'), ('a', '2026-01-02', '2026-01-07')`);
    expect(await compactChangedDays(forty.db)).toBe(2);
    expect(await query(`SELECT coin_id, marked_at FROM ops.changed_days ORDER BY marked_at`)).toEqual([
      { coin_id: 'a', marked_at: new Date('2026-01-02') },
      { coin_id: null, marked_at: new Date('2026-01-04') },
      { coin_id: 'b', marked_at: new Date('2026-01-06') },
      { coin_id: 'a', marked_at: new Date('2026-01-07') },
    ]);
  });
});
