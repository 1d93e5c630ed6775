/** Checks of whole tables, as housekeeping runs them: what they find, and that one which cannot be run stands in nobody's way. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { housekeepingPipeline } from '../../jobs/pipelines/housekeeping.js';
import { runAllChecks } from '../../jobs/runtime/check.js';
import type { RunContext } from '../../jobs/runtime/pipeline.js';
import { endOfDay } from '../../src/domain/time.js';
import { type Database, openDatabase } from '../../src/platform/postgres/database.js';
import { fixedClock } from '../kit/clock.js';
import { whileHeld } from '../kit/held-table.js';
import { NOW, openCheckedDatabase } from './checked-database.js';
import { date, givePrices } from './mart-database.js';

let db: Database;
beforeAll(async () => {
  db = await openCheckedDatabase();
});
afterAll(() => db.close());

describe('checks of whole tables', () => {
  const clock = fixedClock(NOW);
  const broken = async () =>
    (await runAllChecks(db, null, clock))
      .filter((result) => result.status === 'FAILED')
      .map((result) => `${result.dataset} ${result.message}`);

  test('pass on what was published, and are kept', async () => {
    const results = await runAllChecks(db, null, clock);
    expect(results.filter((result) => result.status === 'FAILED')).toEqual([]);
    expect(new Set(results.map((result) => result.dataset)).size).toBeGreaterThan(7);
    const { rows } = await db.pool.query(
      `SELECT count(*)::integer AS n FROM ops.check_results WHERE checked_at = $1 AND run_id IS NULL AND dataset <> 'mart.example'`,
      [NOW],
    );
    expect(rows[0].n).toBe(results.length);
  });

  test.each([
    [
      `UPDATE mart.mart_crypto_performance SET price_usd = price_usd * 2 WHERE coin_id = 'ethereum' AND day = '2026-01-20'`,
      /mart_crypto_performance reconciliation\(close = the last raw price of the day\) is broken by 1 row: ethereum 2026-01-20: [\d.]+, raw has/,
    ],
    [`DELETE FROM mart.mart_crypto_performance WHERE coin_id = 'ethereum' AND day = '2026-01-20'`, /ethereum 2026-01-20: no row, raw has/],
    [
      `UPDATE mart.mart_market_overview SET total_market_cap_usd = 21`,
      /mart_market_overview reconciliation\(sums over the coins = the overview\) is broken by 1 row: 2026-02-09: market cap/,
    ],
    [`UPDATE mart.mart_market_overview SET coin_count = 3`, /2026-02-09: coin count/],
    [`UPDATE mart.mart_market_overview SET losers = losers + 1`, /2026-02-09: gainers or losers/],
    [
      `UPDATE mart.mart_crypto_performance SET rsi_14 = 101 WHERE coin_id = 'bitcoin' AND day = '2026-02-09'`,
      /accepted_range\(rsi_14: 0 to 100\) is broken by 1 row: bitcoin 2026-02-09: 101/,
    ],
    [
      `UPDATE mart.mart_coins SET source = 'elsewhere' WHERE coin_id = 'bitcoin'`,
      /mart_coins referential\(ops.tracked_coins\) is broken by 1 row: bitcoin/,
    ],
  ])('find: %s', async (spoil, message) => {
    const [, table] = /(mart\.\w+)/.exec(spoil) as RegExpExecArray;
    await db.pool.query(`CREATE TABLE kept AS SELECT * FROM ${table}`);
    await db.pool.query(spoil);
    expect((await broken()).join('\n')).toMatch(message);
    await db.pool.query(`TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM kept; DROP TABLE kept`);
    expect(await broken()).toEqual([]);
  });

  test('are run to their end, longer than other statements may take', async () => {
    const hurried = openDatabase(db.url, { applicationName: 'test', statementTimeoutMs: 500 });
    try {
      const results = await whileHeld(db, 'staging.stg_coins', 1_000, () => runAllChecks(hurried, null, fixedClock(NOW)));
      expect(results.filter(({ status }) => status === 'FAILED')).toEqual([]);
    } finally {
      await hurried.close();
    }
  });

  test('end after the one under way when their worker stops', async () => {
    const stop = new AbortController();
    let run = 0;
    const stopping = {
      ...db,
      transaction: ((work) => {
        run++;
        stop.abort();
        return db.transaction(work);
      }) as Database['transaction'],
    };
    const { tasks } = housekeepingPipeline({ db: stopping, clock: fixedClock(NOW), retentionDays: null, trimmedTopics: [] });
    const checkAll = tasks.find(({ name }) => name === 'check_all');
    await expect(checkAll?.run({ run: { id: 0n }, signal: stop.signal } as RunContext)).rejects.toThrow('aborted');
    expect(run).toBe(1);
  });

  test('that cannot be run have failed in words, and the others are run', async () => {
    await db.pool.query('ALTER TABLE staging.stg_global RENAME TO elsewhere');
    const results = await runAllChecks(db, null, fixedClock(NOW));
    await db.pool.query('ALTER TABLE staging.elsewhere RENAME TO stg_global');
    const failed = results.filter(({ status }) => status === 'FAILED');
    const [first] = failed;
    expect(new Set(failed.map(({ dataset }) => dataset))).toEqual(new Set(['staging.stg_global']));
    expect(first).toMatchObject({
      failedRows: 0n,
      message: 'unique(source, observed_at) could not be run: relation "staging.stg_global" does not exist',
    });
    expect(results.some(({ dataset, status }) => dataset === 'mart.mart_market_overview' && status === 'PASSED')).toBe(true);
    const { rows } = await db.pool.query('SELECT count(DISTINCT dataset)::integer AS kept FROM ops.check_results WHERE message LIKE $1', [
      '%could not be run%',
    ]);
    expect(rows).toEqual([{ kept: 1 }]);
  });

  test('that a database cuts off in going away have not failed: the task is tried again', async () => {
    const holder = await db.pool.connect();
    await holder.query('BEGIN; LOCK TABLE staging.stg_coins IN ACCESS EXCLUSIVE MODE');
    const checking = runAllChecks(db, null, fixedClock(NOW)).catch((error: unknown) => error);
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await db.pool.query(cut)).rowCount === 0);
    await holder.query('ROLLBACK');
    holder.release();
    expect(await checking).toMatchObject({ code: '57P01' });
  });

  test('say nothing of a day with marks that no publish has taken yet', async () => {
    await givePrices(db, [{ coinId: 'ethereum', observedAt: endOfDay(date('2026-01-20')), price: '7', receivedAt: NOW }]);
    expect(await broken()).toEqual([]);
    await db.pool.query('DELETE FROM ops.changed_days');
    expect((await broken()).join()).toMatch('ethereum 2026-01-20');
  });
});
