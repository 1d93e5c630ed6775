import { afterEach, describe, expect, test } from '@jest/globals';
import type { PriceSource } from '../../../../../jobs/sources/source.js';
import { fixedClock } from '../../../../kit/clock.js';
import { type FixtureServer, openLimiter, reply, serve, testSource } from './fixture-server.js';

const NOW = '2026-11-23T10:00:00.000Z';
const clock = fixedClock(NOW);

let server: FixtureServer;
afterEach(() => server.stop());

/** Each response in its turn. */
async function sourceOf(bodies: string[], options: Partial<Parameters<typeof testSource>[0]> = {}): Promise<PriceSource> {
  server = await serve(...bodies.map((body) => reply(body)));
  return testSource({ url: server.url, clock, ...options });
}

const queryOf = (index: number) => new URL(server.asked[index] as string, 'http://x').searchParams;

describe('/simple/price', () => {
  test('keeps digits, instants and odd ids', async () => {
    const body = `{
      "4": {"usd": 1.206e-09, "last_updated_at": 1795421229},
      "-11": {"usd": 0.000000012345678901234567890, "last_updated_at": 1795421230},
      "1move token": {"usd": 42.0, "last_updated_at": 1795421231},
      "boringdao-[old]": {"usd": 9007199254740993, "last_updated_at": 1795421232}
    }`;
    const source = await sourceOf([body]);
    const ids = ['boringdao-[old]', '1move token', '-11', '4', '4'];
    const { rows, rejected, fetchedAt, receivedAt } = await source.currentPrices(ids);
    expect(rejected).toEqual([]);
    expect([fetchedAt, receivedAt]).toEqual([clock.now(), clock.now()]);
    expect(rows).toEqual([
      { coinId: '4', priceUsd: '0.000000001206', observedAt: at(29), payload: '{"usd":1.206e-09,"last_updated_at":1795421229}', ...ours },
      {
        coinId: '-11',
        priceUsd: '0.00000001234567890123456789',
        observedAt: at(30),
        payload: '{"usd":0.000000012345678901234567890,"last_updated_at":1795421230}',
        ...ours,
      },
      { coinId: '1move token', priceUsd: '42', observedAt: at(31), payload: '{"usd":42.0,"last_updated_at":1795421231}', ...ours },
      {
        coinId: 'boringdao-[old]',
        priceUsd: '9007199254740993',
        observedAt: at(32),
        payload: '{"usd":9007199254740993,"last_updated_at":1795421232}',
        ...ours,
      },
    ]);
    expect(Object.fromEntries(queryOf(0))).toEqual({
      ids: 'boringdao-[old],1move token,-11,4',
      vs_currencies: 'usd',
      include_last_updated_at: 'true',
      precision: 'full',
    });
  });
  const ours = { source: 'coingecko', receivedAt: new Date(NOW) };
  const at = (second: number) => new Date(1795421200000 + second * 1_000);

  test.each([
    ['{}', /usd is missing/],
    ['null', /is not an object/],
    ['[]', /is not an object/],
    ['1', /is not an object/],
    ['{"usd":null,"last_updated_at":1795421229}', /usd is null/],
    ['{"usd":-1,"last_updated_at":1795421229}', /usd is not greater than zero/],
    ['{"usd":0.0,"last_updated_at":1795421229}', /usd is not greater than zero/],
    ['{"usd":"1.5","last_updated_at":1795421229}', /usd is not a number: "1.5"/],
    ['{"usd":1e150,"last_updated_at":1795421229}', /out of all measure/],
    ['{"usd":1}', /last_updated_at is missing/],
    ['{"usd":1,"last_updated_at":null}', /last_updated_at is null/],
    ['{"usd":1,"last_updated_at":"2026-11-23"}', /last_updated_at is not a number/],
    ['{"usd":1,"last_updated_at":-5}', /last_updated_at is not an instant/],
    ['{"usd":1,"last_updated_at":1795421229000}', /last_updated_at is not an instant/],
    ['{"usd":1,"last_updated_at":1795421229,"note":"a\\u0000b"}', /NUL/],
    ['{"usd":1,"last_updated_at":1795421229,"note":"\\ud83d"}', /lone surrogate/],
  ])('rejects %s and keeps the good ones', async (entry, reason) => {
    const source = await sourceOf([
      `{"a":{"usd":1,"last_updated_at":1795421229},"bad":${entry},"z":{"usd":2,"last_updated_at":1795421229}}`,
    ]);
    const { rows, rejected } = await source.currentPrices(['a', 'bad', 'z']);
    expect(rows.map((row) => [row.coinId, row.priceUsd])).toEqual([
      ['a', '1'],
      ['z', '2'],
    ]);
    expect(rejected).toEqual([{ coinId: 'bad', reason: expect.stringMatching(reason), payload: entry }]);
  });

  test('rejects what was not asked for, and what has no id that could be kept', async () => {
    const source = await sourceOf([
      '{"other":{"usd":1,"last_updated_at":1795421229},"\\u0000":{"usd":1,"last_updated_at":1795421229},"":{}}',
    ]);
    const { rows, rejected } = await source.currentPrices(['bitcoin']);
    expect(rows).toEqual([]);
    expect(rejected.map((row) => [row.coinId, row.reason])).toEqual([
      ['other', 'the coin was not asked for'],
      [null, 'the coin was not asked for'],
      [null, 'the coin was not asked for'],
    ]);
  });

  test('asks for many coins in as many calls as the URL needs, and survives the loss of some', async () => {
    const ids = Array.from({ length: 600 }, (_, index) => `a-coin-with-a-rather-long-name-${index}`);
    const warnings: string[] = [];
    server = await serve(
      ...['{}', '[]'].map((body) => reply(body)),
      reply(JSON.stringify({ [ids[599] as string]: { usd: 3, last_updated_at: 1795421229 } })),
    );
    const source = testSource({ url: server.url, warnings });
    const { rows } = await source.currentPrices(ids);
    expect(rows).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(/some prices are missing.*the answer is a list/)]);
    expect(server.asked.length).toBeGreaterThan(3);
    expect(Math.max(...server.asked.map((url) => url.length))).toBeLessThan(6_000);
    const asked = server.asked.flatMap((_, index) => (queryOf(index).get('ids') as string).split(','));
    expect(asked.sort()).toEqual(ids.sort());
    expect(await source.pollSeconds(30, ids)).toBe(30 * server.asked.length);
  });
});

const BITCOIN = {
  id: 'bitcoin',
  symbol: 'btc',
  name: 'Bitcoin',
  image: 'https://example.org/bitcoin.png',
  current_price: 91945.5,
  market_cap: 1834319336430,
  market_cap_rank: 1,
  fully_diluted_valuation: 1930862459400,
  total_volume: 79392153903,
  high_24h: 92070.9,
  low_24h: 90533.2,
  circulating_supply: 19950000,
  total_supply: 19950000,
  max_supply: 21000000,
  ath: 129862.01,
  ath_date: '2026-02-08T23:59:37.000Z',
  atl: 67.81,
  atl_date: '2013-07-06T00:00:00.000Z',
  roi: null,
  last_updated: '2026-11-23T08:07:07.123Z',
};
const row = (over: object) => JSON.stringify({ ...BITCOIN, ...over });

describe('/coins/markets', () => {
  test('gives every column, and the row as it came', async () => {
    const text = row({}).replace('19950000,', '19950000.0,').replace('91945.5', '91945.50');
    const source = await sourceOf([`[${text}]`]);
    const { rows, rejected } = await source.topCoins(1);
    expect(rejected).toEqual([]);
    expect(rows).toEqual([
      {
        coinId: 'bitcoin',
        symbol: 'btc',
        name: 'Bitcoin',
        imageUrl: 'https://example.org/bitcoin.png',
        priceUsd: '91945.5',
        marketCapUsd: '1834319336430',
        marketCapRank: 1,
        fullyDilutedValuationUsd: '1930862459400',
        volume24hUsd: '79392153903',
        circulatingSupply: '19950000',
        totalSupply: '19950000',
        maxSupply: '21000000',
        high24hUsd: '92070.9',
        low24hUsd: '90533.2',
        athUsd: '129862.01',
        athAt: new Date('2026-02-08T23:59:37.000Z'),
        atlUsd: '67.81',
        atlAt: new Date('2013-07-06T00:00:00.000Z'),
        sourceUpdatedAt: new Date('2026-11-23T08:07:07.123Z'),
        payload: text,
      },
    ]);
    expect(Object.fromEntries(queryOf(0))).toEqual({
      vs_currency: 'usd',
      order: 'market_cap_desc',
      per_page: '1',
      page: '1',
      precision: 'full',
    });
  });

  test('takes nulls, missing fields and extremes for what they are', async () => {
    const bare =
      '{"id":"bare","symbol":"","name":"\\u200b\\u200bStable","current_price":null,"market_cap":null,"total_volume":null,"last_updated":null}';
    const nulls = JSON.stringify({
      ...Object.fromEntries(Object.keys(BITCOIN).map((key) => [key, null])),
      id: 'nulls',
      symbol: 'x',
      name: 'X',
    });
    const extreme = row({ id: 'ninapumps', image: 'missing_large.png', atl: 0 })
      .replace('"total_supply":19950000', '"total_supply":6.9e+28')
      .replace('"roi":null', '"atl_change_percentage":1.5770767167073295e+37,"circulating_supply":76988210193324640000');
    const source = await sourceOf([`[${bare},${nulls},${extreme}]`]);
    const { rows, rejected } = await source.topCoins(3);
    expect(rejected).toEqual([]);
    const { coinId, symbol, name, payload, ...rest } = rows[0] as (typeof rows)[0];
    expect([coinId, symbol, name]).toEqual(['bare', '', '\u200b\u200bStable']);
    expect(JSON.parse(payload)).toEqual(JSON.parse(bare));
    expect(new Set(Object.values(rest))).toEqual(new Set([null]));
    expect(rows[1]).toMatchObject({ priceUsd: null, marketCapUsd: null, marketCapRank: null, athAt: null, sourceUpdatedAt: null });
    expect(rows[2]).toMatchObject({
      imageUrl: null,
      atlUsd: '0',
      totalSupply: '69000000000000000000000000000',
      circulatingSupply: '76988210193324640000',
    });
  });

  test.each([
    [row({ id: 7 }), null, /id is not a text/],
    [row({ id: undefined }), null, /id is not a text/],
    [row({ id: '' }), null, /id is empty/],
    [row({ symbol: null }), 'bitcoin', /symbol is not a text/],
    [row({ current_price: -1 }), 'bitcoin', /current_price is not greater than zero/],
    [row({ current_price: '1' }), 'bitcoin', /current_price is not a number/],
    [row({ market_cap: -1, total_volume: [] }), 'bitcoin', /market_cap is negative; total_volume is not a number: \[\]/],
    [row({ market_cap_rank: 1.5 }), 'bitcoin', /market_cap_rank is not a rank/],
    [row({ current_price: undefined, last_updated: undefined }), 'bitcoin', /current_price is missing; last_updated is missing/],
    [row({ ath_date: 'yesterday' }), 'bitcoin', /ath_date is not an instant/],
    [row({ name: 'Bit\u0000coin' }), 'bitcoin', /NUL/],
    [row({ id: '\ud800' }), null, /lone surrogate/],
    ['null', null, /is not an object/],
    ['17', null, /is not an object/],
  ])('rejects %s and keeps the others', async (bad, coinId, reason) => {
    const source = await sourceOf([`[${row({ id: 'first' })},${bad},${row({ id: 'last' })}]`]);
    const { rows, rejected } = await source.topCoins(3);
    expect(rows.map((good) => good.coinId)).toEqual(['first', 'last']);
    expect(rejected).toEqual([{ coinId, reason: expect.stringMatching(reason), payload: bad }]);
  });

  const page = (from: number, to: number) =>
    JSON.stringify(Array.from({ length: to - from }, (_, index) => ({ ...BITCOIN, id: `coin-${from + index}`, symbol: 'same' })));

  test('turns pages, and counts a coin that moved between two of them once', async () => {
    const source = await sourceOf([page(0, 250), page(249, 499), page(500, 700)]);
    const { rows } = await source.topCoins(600);
    expect(rows).toHaveLength(600);
    expect(new Set(rows.map((coin) => coin.coinId)).size).toBe(600);
    expect(rows.map((coin) => coin.coinId).indexOf('coin-249')).toBe(249);
    expect(server.asked.map((_, index) => [queryOf(index).get('per_page'), queryOf(index).get('page')])).toEqual([
      ['250', '1'],
      ['250', '2'],
      ['250', '3'],
    ]);
  });

  test('stops at the page that is not full', async () => {
    const source = await sourceOf([page(0, 250), page(250, 260)]);
    expect((await source.topCoins(1_000)).rows).toHaveLength(260);
    expect(server.asked).toHaveLength(2);
  });

  test('of certain coins asks for those, in pages of 250', async () => {
    const source = await sourceOf([page(0, 250), page(250, 299), '[]']);
    const limiter = openLimiter();
    const ids = Array.from({ length: 300 }, (_, index) => `coin-${index}`);
    const { rows, rejected } = await testSource({ url: server.url, limiter }).marketSnapshot(ids);
    expect(rows).toHaveLength(299);
    expect(rejected).toEqual([]);
    expect(limiter.turns).toEqual([
      ['/coins/markets', 'batch'],
      ['/coins/markets', 'batch'],
    ]);
    expect((await source.marketSnapshot([])).rows).toEqual([]);
    expect(server.asked).toHaveLength(2);
  });
});

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
    expect(new URL(server.asked[0] as string, 'http://x').pathname).toBe(path);
  });

  test.each(['', '.', '..'])('asks nothing for the id "%s"', async (id) => {
    const source = await sourceOf([chart([])]);
    await expect(source.history(id, '5m', new Date(0), clock.now())).rejects.toMatchObject({ kind: 'not_found' });
    expect(server.asked).toHaveLength(0);
  });

  test.each(['[]', '{}', '{"prices":null}', '{"prices":{}}', 'null', '1'])('is unusable as %s', async (body) => {
    const source = await sourceOf([body]);
    await expect(source.history('bitcoin', '1d', new Date(0), clock.now())).rejects.toMatchObject({ kind: 'malformed', retryable: true });
  });
});

describe('/global', () => {
  test('gives the figures that the marts keep, with the source’s digits', async () => {
    const body =
      '{"data":{"total_market_cap":{"usd":2621040321355.0405,"vef":2.163547714415237e+20},"total_volume":{"usd":95133256404.37308},' +
      '"market_cap_percentage":{"btc":57.9539332566265,"eth":9.58227145398409},"updated_at":1795421229}}';
    expect(await (await sourceOf([body])).global()).toEqual({
      fetchedAt: clock.now(),
      receivedAt: clock.now(),
      marketCapUsd: '2621040321355.0405',
      volume24hUsd: '95133256404.37308',
      bitcoinDominancePct: '57.9539332566265',
      ethereumDominancePct: '9.58227145398409',
      sourceUpdatedAt: new Date(1795421229000),
      payload: body,
    });
  });

  test('has nulls for what it does not say', async () => {
    expect(await (await sourceOf(['{"data":{}}'])).global()).toMatchObject({
      marketCapUsd: null,
      bitcoinDominancePct: null,
      sourceUpdatedAt: null,
    });
  });

  test.each(['{}', '[]', '{"data":null}', '{"data":{"total_market_cap":{"usd":-1}}}', '{"data":{"note":"\\u0000"}}'])(
    'is unusable as %s',
    async (body) => {
      await expect((await sourceOf([body])).global()).rejects.toMatchObject({ kind: 'malformed', endpoint: '/global' });
    },
  );
});
