import { describe, expect, test } from '@jest/globals';
import { fixedClock } from '../../../../kit/clock.js';
import { useFixtures } from './fixture-server.js';

const NOW = '2026-11-23T10:00:00.000Z';
const clock = fixedClock(NOW);
const { sourceOf, asked, queryOf } = useFixtures(clock);

describe('/coins/{id}/market_chart', () => {
  const DAY = 86_400_000;
  const midnight = Date.UTC(2026, 10, 23);
  const chart = (prices: unknown, caps: unknown = [], volumes: unknown = []) =>
    JSON.stringify({ prices, market_caps: caps, total_volumes: volumes });

  test('drops the last point, keeps (from, to], sorts, and pairs figures by their instant', async () => {
    const body = `{"prices":[[${midnight - DAY},1.10],[${midnight - 2 * DAY},1.206e-09],[${midnight - 3 * DAY},7],[${midnight},4],[${midnight + 36e6},5]],
      "market_caps":[[${midnight},40],[${midnight - DAY},null],[${midnight - 2 * DAY},2.464890884977675e+15]],
      "total_volumes":[[${midnight - 2 * DAY},0]]}`;
    const source = await sourceOf([body]);
    const { rows, rejected } = await source.history('bitcoin', '1d', new Date(midnight - 3 * DAY), new Date(midnight));
    expect(rejected).toEqual([]);
    expect(rows.map((point) => [point.observedAt.getTime(), point.priceUsd, point.marketCapUsd, point.volume24hUsd])).toEqual([
      [midnight - 2 * DAY, '0.000000001206', '2464890884977675', '0'],
      [midnight - DAY, '1.1', null, null],
      [midnight, '4', '40', null],
    ]);
    expect(rows[0]?.payload).toBe(
      `{"timestamp":${midnight - 2 * DAY},"price":1.206e-09,"market_cap":2.464890884977675e+15,"total_volume":0}`,
    );
    expect(rows[1]?.payload).toBe(`{"timestamp":${midnight - DAY},"price":1.10,"market_cap":null,"total_volume":null}`);
  });

  test('rejects bad points and keeps the others', async () => {
    const prices = [
      [midnight - DAY, 1],
      [midnight - DAY + 1, 2],
      [midnight, null],
      ['x', 3],
      17,
      [midnight, -4],
      null,
      [midnight, 5],
      [NOW, 9],
    ];
    const source = await sourceOf([chart(prices, [[midnight, 'much']])]);
    const { rows, rejected } = await source.history('bitcoin', '1d', new Date(0), clock.now());
    expect(rows.map((point) => point.priceUsd)).toEqual(['1']);
    expect(rejected.map((point) => point.reason)).toEqual([
      'a daily point off midnight UTC',
      expect.stringContaining('price is null'),
      expect.stringContaining('timestamp is not a number'),
      expect.stringContaining('timestamp is missing'),
      expect.stringContaining('price is not greater than zero'),
      expect.stringContaining('timestamp is missing'),
      expect.stringContaining('market_cap is not a number'),
    ]);
    expect(new Set(rejected.map((point) => point.coinId))).toEqual(new Set(['bitcoin']));
  });

  test('of two points at one instant keeps the later one', async () => {
    const source = await sourceOf([
      chart([
        [midnight, 1],
        [midnight, 2],
        [midnight + 1, 3],
      ]),
    ]);
    const { rows } = await source.history('bitcoin', '1h', new Date(0), clock.now());
    expect(rows.map((point) => point.priceUsd)).toEqual(['2']);
  });

  test.each([
    ['1d', 400, { days: '365', interval: 'daily' }],
    ['1d', 3, { days: '3', interval: 'daily' }],
    ['1d', 0.1, { days: '1', interval: 'daily' }],
    ['1h', 200, { days: '90' }],
    ['1h', 30.5, { days: '31' }],
    ['1h', 0.5, { days: '2' }],
    ['5m', 20, { days: '1' }],
  ] as ['1d' | '1h' | '5m', number, object][])('asks, for %s points of %d days, with %j', async (grain, days, expected) => {
    const source = await sourceOf([chart([])]);
    await source.history('bitcoin', grain, new Date(clock.now().getTime() - days * DAY), clock.now());
    expect(Object.fromEntries(queryOf(0))).toEqual({ vs_currency: 'usd', precision: 'full', ...expected });
  });

  test.each([
    ['boringdao-[old]', '/api/v3/coins/boringdao-%5Bold%5D/market_chart'],
    ['1move token', '/api/v3/coins/1move%20token/market_chart'],
    ['a/../b?c#d', '/api/v3/coins/a%2F..%2Fb%3Fc%23d/market_chart'],
    ['-11', '/api/v3/coins/-11/market_chart'],
  ])('finds %s', async (id, path) => {
    const source = await sourceOf([chart([])]);
    await source.history(id, '5m', new Date(0), clock.now());
    expect(new URL(asked()[0] as string, 'http://x').pathname).toBe(path);
  });

  test.each(['', '.', '..'])('asks nothing for the id "%s"', async (id) => {
    const source = await sourceOf([chart([])]);
    await expect(source.history(id, '5m', new Date(0), clock.now())).rejects.toMatchObject({ kind: 'not_found' });
    expect(asked()).toEqual([]);
  });

  test.each(['[]', '{}', '{"prices":null}', '{"prices":{}}', 'null', '1'])('is unusable as %s', async (body) => {
    const source = await sourceOf([body]);
    await expect(source.history('bitcoin', '1d', new Date(0), clock.now())).rejects.toMatchObject({ kind: 'malformed', retryable: true });
  });
});
