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
import { runCheck } from '../../jobs/runtime/check.js';
import { addDays, endOfDay, HOUR } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { insertCheckResults } from '../../src/store/pipelines/check-results.js';
import { DAY, NOW, openCheckedDatabase } from './checked-database.js';

const NO_DAYS = '(SELECT NULL::text AS coin_id, NULL::date AS day WHERE false)';

let db: Database;
beforeAll(async () => {
  db = await openCheckedDatabase();
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
