/** mart_crypto_performance against the plain model, row by row, to 12 significant digits. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addDays, endOfDay, HOUR, type UtcDate } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { eachDay } from '../kit/reference/days.js';
import { type Closes, type ModelSeries, modelPerformance, modelSeries } from '../kit/reference/performance.js';
import { PERFORMANCE_COLUMNS, performanceDifferences } from '../kit/reference/published-marts.js';
import { dailyPoints, date, failuresOf, type GivenPrice, givePrices, openMartDatabase, publishThrough } from './mart-database.js';
import { plainDigits, steady, walk } from './series.js';

const FROM = date('2023-02-01');
const DAYS = 420; // over 2024-02-29
const THROUGH = addDays(FROM, DAYS - 1);
const span = { from: FROM, days: DAYS };

const SERIES: Record<string, Map<UtcDate, string>> = {
  bitcoin: walk({ ...span, seed: 1, start: '23000', move: 0.05 }),
  plain: walk({ ...span, seed: 2, start: '1800', move: 0.08 }),
  'few-holes': walk({ ...span, seed: 3, start: '0.08', move: 0.1, holes: 0.03 }),
  'many-holes': walk({ ...span, seed: 4, start: '5', move: 0.1, holes: 0.25 }),
  'new-coin': walk({ ...span, seed: 5, start: '12', move: 0.2, bornAfter: 300 }),
  stablecoin: walk({ ...span, seed: 6, start: '1', move: 0.00005, digits: 16 }),
  tiny: walk({ ...span, seed: 7, start: '1e-12', move: 0.3 }),
  huge: walk({ ...span, seed: 8, start: '6.9e28', move: 0.3, digits: 17 }),
  wild: walk({ ...span, seed: 9, start: '1', move: 0.95 }),
  flat: steady({ ...span, start: '1' }),
  'flat-tiny': steady({ ...span, start: '1e-12' }),
  doubling: new Map(Array.from({ length: 120 }, (_, index) => [addDays(FROM, index), String(2n ** BigInt(index))])),
  'only-up': new Map(Array.from({ length: 200 }, (_, index) => [addDays(FROM, index), String(100 + index + (index % 3) / 10)])),
  'only-down': new Map(Array.from({ length: 200 }, (_, index) => [addDays(FROM, index), String(1000 - index - (index % 3) / 10)])),
  crash: new Map(
    Array.from({ length: 150 }, (_, index) => [
      addDays(FROM, index),
      index < 60 ? plainDigits(`${6 + (index % 2)}e28`) : plainDigits(`${3 + (index % 2)}e-12`),
    ]),
  ),
};

let db: Database;
const rows = new Map<string, Record<string, string | number | null>>();

beforeAll(async () => {
  db = await openMartDatabase(FROM, addDays(THROUGH, 5), Object.keys(SERIES));
  for (const [coinId, closes] of Object.entries(SERIES)) {
    await givePrices(db, dailyPoints(coinId, closes));
  }
  expect(failuresOf(await publishThrough(db, THROUGH))).toEqual([]);
  const { rows: all } = await db.pool.query('SELECT * FROM mart.mart_crypto_performance');
  for (const row of all) rows.set(`${row.coin_id} ${row.day}`, row);
});
afterAll(() => db.close());

function differences(coinId: string, closes: Closes, series: ModelSeries, bitcoin: ModelSeries): string[] {
  const wrong: string[] = [];
  for (const [index, day] of [...eachDay(FROM, THROUGH)].entries()) {
    const row = rows.get(`${coinId} ${day}`);
    const expected = modelPerformance(series, bitcoin, index);
    if ((row === undefined) !== (expected === null)) wrong.push(`${day}: ${row ? 'a row' : 'no row'}`);
    if (row === undefined || expected === null) continue;
    if (row.price_usd !== closes.get(day)) wrong.push(`${day} price_usd: ${row.price_usd}, not ${closes.get(day)}`);
    wrong.push(...performanceDifferences(row, expected));
  }
  return wrong;
}

describe('performance', () => {
  test.each(Object.keys(SERIES))('of %s is what the formulas say', (coinId) => {
    const closes = SERIES[coinId] as Closes;
    const bitcoin = modelSeries(SERIES.bitcoin as Closes, FROM, THROUGH);
    const series = coinId === 'bitcoin' ? bitcoin : modelSeries(closes, FROM, THROUGH);
    expect(differences(coinId, closes, series, bitcoin).slice(0, 10)).toEqual([]);
  });

  test('knows every figure where the history is long enough', () => {
    const last = rows.get(`plain ${THROUGH}`) as Record<string, unknown>;
    expect(PERFORMANCE_COLUMNS.filter(([column]) => last[column] === null)).toEqual([]);
    expect(rows.get(`bitcoin ${THROUGH}`)).toMatchObject({ beta_to_bitcoin_90d: 1, correlation_to_bitcoin_90d: 1 });
  });

  test('makes no number up where it is too short', () => {
    const figures = (day: UtcDate) =>
      PERFORMANCE_COLUMNS.filter(([column]) => rows.get(`plain ${day}`)?.[column] !== null).map(([column]) => column);
    expect(figures(FROM)).toEqual([]);
    expect(figures(addDays(FROM, 25))).not.toContain('sma_30_usd');
    expect(figures(addDays(FROM, 26))).toContain('sma_30_usd');
    expect(figures(addDays(FROM, 26))).not.toContain('volatility_30d_pct');
    expect(figures(addDays(FROM, 27))).toContain('volatility_30d_pct');
    expect(figures(addDays(FROM, 28))).not.toContain('rsi_14');
    expect(figures(addDays(FROM, 29))).toContain('rsi_14');
    expect(figures(addDays(FROM, 79))).not.toContain('max_drawdown_90d_pct');
    expect(figures(addDays(FROM, 80))).toContain('max_drawdown_90d_pct');
    expect(figures(addDays(FROM, 80))).not.toContain('beta_to_bitcoin_90d');
    expect(figures(addDays(FROM, 81))).toContain('beta_to_bitcoin_90d');
  });

  test('at zero variance: no Sharpe ratio and no correlation, RSI 50 if flat and 100 without losses', () => {
    expect(rows.get(`flat ${THROUGH}`)).toMatchObject({
      volatility_30d_pct: 0,
      sharpe_30d: null,
      correlation_to_bitcoin_90d: null,
      beta_to_bitcoin_90d: 0,
      max_drawdown_90d_pct: 0,
      rsi_14: 50,
    });
    expect(rows.get(`doubling ${addDays(FROM, 119)}`)).toMatchObject({ volatility_30d_pct: 0, sharpe_30d: null, rsi_14: 100 });
  });
});

describe('the close of a day', () => {
  const day = addDays(THROUGH, 5);
  const at = (hours: number): GivenPrice => ({
    coinId: 'plain',
    observedAt: new Date(endOfDay(day).getTime() - hours * HOUR),
    price: String(10 + hours),
    grain: 'tick',
  });
  const closeOf = async () =>
    (await db.pool.query(`SELECT price_usd FROM mart.mart_crypto_performance WHERE coin_id = 'plain' AND day = $1`, [day])).rows[0]
      ?.price_usd;
  let through = THROUGH;
  beforeAll(async () => {
    while (through < day) {
      through = addDays(through, 1);
      expect(failuresOf(await publishThrough(db, through))).toEqual([]);
    }
  });

  test('is none while the last observation is over six hours older than its end', async () => {
    await givePrices(db, [{ ...at(6), observedAt: new Date(at(6).observedAt.getTime() - 1) }]);
    await publishThrough(db, null);
    expect(await closeOf()).toBeUndefined();
  });

  test('is the last observation from six hours before the end on, midnight included, a moment later not', async () => {
    await givePrices(db, [at(6)]);
    await publishThrough(db, null);
    expect(await closeOf()).toBe('16');
    await givePrices(db, [at(0), { ...at(0), observedAt: new Date(endOfDay(day).getTime() + 1), price: '99' }]);
    await publishThrough(db, null);
    expect(await closeOf()).toBe('10');
  });
});
