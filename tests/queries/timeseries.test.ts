/** timeseries: flat rows on a grid, gaps kept, digits kept, bounds on what is asked. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TimeseriesMetrics } from '../../graphql/modules/timeseries/timeseries.type.js';
import { TIMESERIES_METRICS } from '../../src/store/mart/timeseries.js';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';

interface Point {
  time: string;
  coinId: string;
  value: number | null;
  exact: string | null;
}

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
  await gateway.db.pool.query(
    `DELETE FROM mart.mart_price_candles WHERE coin_id = 'bitcoin' AND interval = '1m' AND bucket_start = '2026-03-10T11:53:00Z'`,
  );
  await gateway.db.pool.query(
    `UPDATE mart.mart_price_candles SET close = 0.000000000000000000123400, open = 7, high = 1e20
     WHERE coin_id = 'bitcoin' AND interval = '1m' AND bucket_start = '2026-03-10T11:55:00Z'`,
  );
});
afterAll(() => gateway.close());

/** Of bitcoin on 2026-03-09, as seeded: no two are alike. */
const FIGURES: Record<keyof typeof TimeseriesMetrics, string> = {
  PRICE_USD: '1.5',
  OPEN_USD: '1',
  HIGH_USD: '2',
  LOW_USD: '0.5',
  OBSERVATIONS: '24',
  RETURN_1D_PCT: '1.5625',
  RETURN_7D_PCT: '-3.25',
  RETURN_30D_PCT: '12.5',
  RETURN_90D_PCT: '-20.125',
  RETURN_1Y_PCT: '130.75',
  VOLATILITY_30D_PCT: '48.0000000001',
  SHARPE_30D: '1.875',
  MAX_DRAWDOWN_90D_PCT: '-31.5',
  SMA_7_USD: '64123.45',
  SMA_30_USD: '61000.1',
  RSI_14: '55.5',
  BETA_TO_BITCOIN_90D: '1.25',
  CORRELATION_TO_BITCOIN_90D: '0.75',
};

const ask = async (args: string) => (await gateway.ask(`{ timeseries(${args}) { time coinId value exact } }`)).json;
const points = async (args: string): Promise<Point[]> => (await ask(args)).data.timeseries;
const MINUTES = 'from: "2026-03-10T11:50:00Z", to: "2026-03-10T12:00:00Z"';

describe('timeseries', () => {
  test('one row a coin and step, coins as asked for, a gap as null, every digit', async () => {
    const rows = await points(`metric: PRICE_USD, coinIds: ["ethereum", "bitcoin", "nobody"], ${MINUTES}`);
    expect(rows.map(({ coinId }) => coinId)).toEqual(Array(10).fill(['ethereum', 'bitcoin']).flat());
    expect(rows.slice(0, 2).map(({ time }) => time)).toEqual(['2026-03-10T11:50:00.000Z', '2026-03-10T11:50:00.000Z']);
    expect(rows[0]).toEqual({ time: '2026-03-10T11:50:00.000Z', coinId: 'ethereum', value: 150, exact: '150' });
    const bitcoin = rows.filter(({ coinId }) => coinId === 'bitcoin');
    expect(bitcoin.map(({ exact }) => exact)).toEqual([
      '150',
      '151',
      '152',
      null,
      '154',
      '0.0000000000000000001234',
      '156',
      '157',
      '158',
      '159',
    ]); // prettier-ignore
    expect(bitcoin[3]).toEqual({ time: '2026-03-10T11:53:00.000Z', coinId: 'bitcoin', value: null, exact: null });
    expect(bitcoin[5]?.value).toBe(1.234e-19);
  });

  test.each([
    ['PRICE_USD', ['151', null, '0.0000000000000000001234', '157', '159']],
    ['OPEN_USD', ['100.1', '100.1', '100.1', '100.1', '100.1']],
    ['HIGH_USD', ['101', '101', '100000000000000000000', '101', '101']],
    ['LOW_USD', ['99.5', '99.5', '99.5', '99.5', '99.5']],
    ['OBSERVATIONS', ['4', '2', '4', '4', '4']],
  ])('%s of wider steps', async (metric, expected) => {
    const rows = await points(`metric: ${metric}, coinIds: ["bitcoin"], ${MINUTES}, maxPoints: 5`);
    expect(rows.map(({ time }) => time.slice(14, 16))).toEqual(['50', '52', '54', '56', '58']);
    const [first, second, ...rest] = expected;
    // The step 52 to 54 has one candle: the other one is missing.
    expect(rows.map(({ exact }) => exact)).toEqual([first, second ?? '152', ...rest]);
  });

  test('figures of a day, one a day however narrow the steps may be', async () => {
    const range = 'from: "2026-03-07T00:00:00Z", to: "2026-03-10T00:00:00Z"';
    const rows = await points(`metric: VOLATILITY_30D_PCT, coinIds: ["bitcoin"], ${range}, interval: ONE_MINUTE`);
    expect(rows).toEqual([
      { time: '2026-03-07T00:00:00.000Z', coinId: 'bitcoin', value: null, exact: null },
      { time: '2026-03-08T00:00:00.000Z', coinId: 'bitcoin', value: null, exact: null },
      { time: '2026-03-09T00:00:00.000Z', coinId: 'bitcoin', value: 48.0000000001, exact: '48.0000000001' },
    ]);
  });

  test('every metric shows a figure of its own', async () => {
    const day = 'coinIds: ["bitcoin"], from: "2026-03-09T00:00:00Z", to: "2026-03-10T00:00:00Z", interval: ONE_DAY';
    const shown: Record<string, string | null | undefined> = {};
    for (const metric of Object.keys(TimeseriesMetrics)) shown[metric] = (await points(`metric: ${metric}, ${day}`))[0]?.exact;
    expect(shown).toEqual(FIGURES);
    expect(Object.values(TimeseriesMetrics).sort()).toEqual(Object.keys(TIMESERIES_METRICS).sort());
  });

  test('where a range has no candles as narrow as it could show, wider ones are taken; unless a width is asked for', async () => {
    const range = 'coinIds: ["bitcoin"], from: "2026-03-07T00:00:00Z", to: "2026-03-09T00:00:00Z"';
    const rows = await points(`metric: PRICE_USD, ${range}`);
    expect(rows.map(({ time, exact }) => [time, exact])).toEqual([
      ['2026-03-07T00:00:00.000Z', '1.5'],
      ['2026-03-08T00:00:00.000Z', '1.5'],
    ]);
    const minutes = await points(`metric: PRICE_USD, ${range}, interval: ONE_MINUTE`);
    expect(minutes).toHaveLength(288);
    expect(minutes.every(({ exact }) => exact === null)).toBe(true);
  });

  test('the same steps whatever the range begins with', async () => {
    const of = async (from: string) =>
      (await points(`metric: PRICE_USD, coinIds: ["ethereum"], from: "${from}", to: "2026-03-10T12:00:00Z", maxPoints: 4`)).map(
        ({ time }) => time,
      );
    const [all, fewer] = [await of('2026-03-10T11:50:00Z'), await of('2026-03-10T11:50:30Z')];
    expect(all).toEqual(expect.arrayContaining(fewer));
    expect(fewer.length).toBeGreaterThan(0);
  });

  test('the rows are the same by a plan and with variables', async () => {
    const query = `query ($metric: TimeseriesMetric!, $ids: [ID!]!, $from: DateTime!, $to: DateTime!) {
      timeseries(metric: $metric, coinIds: $ids, from: $from, to: $to) { time value } }`;
    const variables = { metric: 'PRICE_USD', ids: ['ethereum'], from: '2026-03-10T11:59:00Z', to: '2026-03-10T12:00:00Z' };
    const { json } = await gateway.ask(query, variables);
    expect(json).toEqual({ data: { timeseries: [{ time: '2026-03-10T11:59:00.000Z', value: 159 }] } });
  });

  test.each([
    [`metric: PRICE_USD, coinIds: [], ${MINUTES}`, 'BAD_USER_INPUT', /0 coins; name 1 to 50/],
    [`metric: PRICE_USD, coinIds: ["bitcoin"], ${MINUTES}, maxPoints: 0`, 'BAD_USER_INPUT', /maxPoints: 0/],
    [`metric: PRICE_USD, coinIds: ["bitcoin"], ${MINUTES}, maxPoints: 2001`, 'BAD_USER_INPUT', /take 1 to 2000/],
    ['metric: PRICE_USD, coinIds: ["bitcoin"], from: "2026-03-10T12:00:00Z", to: "2026-03-10T11:00:00Z"', 'BAD_USER_INPUT', /exchange/],
    [
      `metric: PRICE_USD, coinIds: [${Array.from({ length: 51 }, (_, n) => `"c${n}"`)}], ${MINUTES}, maxPoints: 10`,
      'BAD_USER_INPUT',
      /51 coins/,
    ],
    [
      `metric: PRICE_USD, coinIds: [${Array.from({ length: 50 }, (_, n) => `"c${n}"`)}], ${MINUTES}, maxPoints: 2000`,
      'QUERY_TOO_COMPLEX',
      /values/,
    ],
  ])('%s is refused', async (args, code, message) => {
    const { errors } = await ask(args);
    expect(errors[0].extensions.code).toBe(code);
    expect(errors[0].message).toMatch(message);
  });
});
