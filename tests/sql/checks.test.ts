/** Every kind of check finds what it is for, names it, and passes what is sound. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { acceptedRange } from '../../jobs/checks/accepted-range.js';
import type { Check, CheckScope } from '../../jobs/checks/check.js';
import { freshness } from '../../jobs/checks/freshness.js';
import { jump } from '../../jobs/checks/jump.js';
import { notNull } from '../../jobs/checks/not-null.js';
import { daysHoldTheirHours, soundCandles } from '../../jobs/checks/reconciliations/candles.js';
import { referential } from '../../jobs/checks/referential.js';
import { rowCount } from '../../jobs/checks/row-count.js';
import { uniqueKey } from '../../jobs/checks/unique-key.js';
import { housekeepingPipeline } from '../../jobs/pipelines/housekeeping.js';
import { runAllChecks, runCheck } from '../../jobs/runtime/check.js';
import { landMarketData } from '../../jobs/runtime/land.js';
import type { RunContext } from '../../jobs/runtime/pipeline.js';
import { addDays, endOfDay, HOUR, MINUTE } from '../../src/domain/time.js';
import { type Database, openDatabase } from '../../src/platform/postgres/database.js';
import { insertCheckResults } from '../../src/store/pipelines/check-results.js';
import { fixedClock } from '../kit/clock.js';
import { whileHeld } from '../kit/held-table.js';
import { marketFetch, marketRow } from './market-database.js';
import { dailyPoints, date, failuresOf, givePrices, openMartDatabase, publishThrough, SOURCE } from './mart-database.js';
import { walk } from './series.js';

const FROM = date('2026-01-01');
const DAY = date('2026-02-09');
const NOW = new Date(endOfDay(DAY).getTime() + HOUR);
const NO_DAYS = '(SELECT NULL::text AS coin_id, NULL::date AS day WHERE false)';

let db: Database;
beforeAll(async () => {
  db = await openMartDatabase(FROM, addDays(DAY, 3), ['bitcoin', 'ethereum']);
  for (const [seed, coinId] of ['bitcoin', 'ethereum'].entries()) {
    await givePrices(db, dailyPoints(coinId, walk({ from: FROM, days: 40, seed, start: '100', move: 0.05 })));
    const ticks = Array.from({ length: 30 }, (_, n) => ({
      coinId,
      observedAt: new Date(endOfDay(DAY).getTime() - n * 20 * MINUTE - 1),
      price: String(100 + n),
      grain: 'tick' as const,
    }));
    await givePrices(db, ticks);
  }
  const at = new Date(endOfDay(DAY).getTime() + MINUTE);
  const rows = ['bitcoin', 'ethereum'].map((coinId) => marketRow(coinId, { cap: '10', volume: '5' }));
  await db.transaction((tx) => landMarketData(tx, { source: SOURCE, result: marketFetch(at, rows), now: at }));
  expect(failuresOf(await publishThrough(db, DAY))).toEqual([]);
});
afterAll(() => db.close());

/** Runs a check on rows (key text, value numeric) that are written out. */
async function check(what: Check, rows: string, scope: Partial<CheckScope> = {}, now = NOW) {
  const relation = rows.startsWith("('") ? `(SELECT * FROM (VALUES ${rows}) AS v (key, value))` : rows;
  return runCheck(
    db.pool,
    'mart.example',
    what,
    { rows: relation, days: NO_DAYS, asOf: `'${NOW.toISOString()}'`, through: DAY, ...scope },
    now,
  );
}

describe('the kinds', () => {
  test('not null', async () => {
    expect(await check(notNull(['key'], ['value']), `('a', 1)`)).toMatchObject({ status: 'PASSED', failedRows: 0n, message: null });
    expect(await check(notNull(['key'], ['value']), `('a', 1), ('b', NULL)`)).toEqual({
      name: 'not_null(value)',
      dataset: 'mart.example',
      severity: 'ERROR',
      status: 'FAILED',
      failedRows: 1n,
      message: 'not_null(value) is broken by 1 row: b',
      rowCount: null,
      checkedAt: NOW,
    });
  });

  test('unique key', async () => {
    expect((await check(uniqueKey(['key']), `('a', 1), ('b', 1)`)).status).toBe('PASSED');
    expect((await check(uniqueKey(['key']), `('a', 1), ('b', 1), ('a', 2)`)).message).toBe('unique(key) is broken by 1 row: a');
  });

  test('accepted range, its bounds apart; at most five rows are named', async () => {
    const range = acceptedRange(['key'], 'value', { min: 0, max: 100 });
    expect((await check(range, `('a', 0), ('b', 100), ('c', NULL)`)).status).toBe('PASSED');
    expect((await check(range, `('a', -0.001), ('b', 100.001)`)).message).toBe(
      'accepted_range(value: 0 to 100) is broken by 2 rows: a: -0.001; b: 100.001',
    );
    expect((await check(acceptedRange(['key'], 'value', { above: 0 }), `('a', 0)`)).message).toBe(
      'accepted_range(value: over 0) is broken by 1 row: a: 0',
    );
    const many = Array.from({ length: 7 }, (_, n) => `('k${n}', -1)`).join(', ');
    expect((await check(range, many)).message).toMatch(/is broken by 7 rows: k0: -1; k1: -1; k2: -1; k3: -1; k4: -1, and 2 more$/);
  });

  test('referential', async () => {
    const pointing = referential(['key'], 'ops.tracked_coins', { coin_id: 't.key' });
    expect((await check(pointing, `('bitcoin', 1)`)).status).toBe('PASSED');
    expect((await check(pointing, `('bitcoin', 1), ('bitkoin', 1)`)).message).toBe(
      'referential(ops.tracked_coins) is broken by 1 row: bitkoin',
    );
  });

  test('freshness', async () => {
    const newest = (at: string) => freshness(`'${at}'::timestamptz`, '2 hours');
    expect((await check(newest('2026-02-09T23:00:00Z'), 'ops.database')).status).toBe('PASSED');
    expect(await check(newest('2026-02-09T22:59:59Z'), 'ops.database')).toMatchObject({
      status: 'WARNED',
      message: 'freshness(2 hours) is broken by 1 row: the newest is of 2026-02-09 22:59:59',
    });
    expect((await check(freshness('NULL::timestamptz', '2 hours'), 'ops.database')).status).toBe('PASSED');
  });

  test('row count, against the last run that passed', async () => {
    const counting = rowCount(({ rows }) => `SELECT count(*) FROM ${rows} AS t`, 0.5);
    const run = async (count: number, at = NOW) => {
      const result = await check(counting, `(SELECT generate_series(1, ${count}))`, {}, at);
      await insertCheckResults(db.pool, null, [result]);
      return [result.status, result.rowCount];
    };
    expect(await run(10)).toEqual(['PASSED', 10n]);
    expect(await run(5)).toEqual(['PASSED', 5n]);
    expect(await run(2)).toEqual(['WARNED', 2n]);
    expect(await run(2)).toEqual(['WARNED', 2n]);
    expect(await run(3)).toEqual(['PASSED', 3n]);
    const later = (days: number) => new Date(endOfDay(addDays(DAY, days)).getTime() + HOUR);
    expect(await run(1, later(6))).toEqual(['WARNED', 1n]);
    expect(await run(1, later(7))).toEqual(['PASSED', 1n]); // they were meant to go
    expect(await run(2, later(8))).toEqual(['PASSED', 2n]);
  });

  test('jump', async () => {
    const jumping = jump(['key'], 'value', { min: -60, max: 150 });
    expect((await check(jumping, `('a', 150), ('b', -60), ('c', NULL)`)).status).toBe('PASSED');
    expect(await check(jumping, `('a', 151)`)).toMatchObject({
      status: 'WARNED',
      message: 'jump(value: -60 to 150) is broken by 1 row: a: 151',
    });
  });
});

/** Runs the check inside a transaction in which `spoil` has been run; nothing of it stays. */
async function spoilt(spoil: string, work: (tx: Parameters<Parameters<Database['transaction']>[0]>[0]) => Promise<unknown>): Promise<void> {
  const undone = new Error('undone');
  await db
    .transaction(async (tx) => {
      await tx.query(spoil);
      await work(tx);
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
}

describe('candles', () => {
  const rows = 'mart.mart_price_candles';
  const days = `(SELECT 'bitcoin' AS coin_id, date '${DAY}' AS day)`;
  const statusAfter = async (spoil: string, what: Check) => {
    let status = '';
    await spoilt(spoil, async (tx) => {
      status = (await runCheck(tx, rows, what, { rows, days, asOf: 'now()', through: DAY }, NOW)).status;
    });
    return status;
  };
  const set = (change: string, interval: string) =>
    `UPDATE ${rows} SET ${change} WHERE coin_id = 'bitcoin' AND interval = '${interval}' AND bucket_start >= '${DAY}T20:00:00Z'`;

  test.each([
    'open = high + 1',
    'close = low - 0.5',
    'low = 0',
    'observations = 0',
    "last_observed_at = bucket_start + interval '2 hours'",
    'first_observed_at = bucket_start',
  ])('are unsound with %s', async (change) => {
    expect(await statusAfter('SELECT 1', soundCandles)).toBe('PASSED');
    expect(await statusAfter(set(change, '1h'), soundCandles)).toBe('FAILED');
  });

  test.each([
    'low = low / 2',
    'high = high * 2',
    'close = close + 0.01',
    'observations = observations + 1',
    "last_observed_at = last_observed_at + interval '1 minute'",
  ])('of hours with %s are not those of their day', async (change) => {
    const only = `DELETE FROM ${rows} WHERE coin_id = 'bitcoin' AND interval = '1d';
        INSERT INTO ${rows} SELECT coin_id, '1d', '${DAY}T00:00:00Z', (array_agg(open ORDER BY bucket_start))[1], max(high), min(low), (array_agg(close ORDER BY bucket_start DESC))[1],
          sum(observations), false, min(first_observed_at), max(last_observed_at), now() FROM ${rows} WHERE coin_id = 'bitcoin' AND interval = '1h' GROUP BY coin_id;`;
    expect(await statusAfter(only, daysHoldTheirHours)).toBe('PASSED');
    expect(await statusAfter(only + set(change, '1h'), daysHoldTheirHours)).toBe('FAILED');
  });

  test('of a day may hold more than their hours, but must be there', async () => {
    expect(await statusAfter('SELECT 1', daysHoldTheirHours)).toBe('PASSED');
    expect(await statusAfter(`DELETE FROM ${rows} WHERE interval = '1d'`, daysHoldTheirHours)).toBe('FAILED');
  });
});

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
