import { describe, expect, test } from '@jest/globals';
import { fixedClock } from '../../../../kit/clock.js';
import { openLimiter, useFixtures } from './fixture-server.js';

const clock = fixedClock('2026-11-23T10:00:00.000Z');
const { sourceOf, asked, queryOf } = useFixtures(clock);

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
    expect(asked().map((_, index) => [queryOf(index).get('per_page'), queryOf(index).get('page')])).toEqual([
      ['250', '1'],
      ['250', '2'],
      ['250', '3'],
    ]);
  });

  test('stops at the page that is not full', async () => {
    const source = await sourceOf([page(0, 250), page(250, 260)]);
    expect((await source.topCoins(1_000)).rows).toHaveLength(260);
    expect(asked()).toHaveLength(2);
  });

  test('of certain coins asks for those, in pages of 250', async () => {
    const limiter = openLimiter();
    const source = await sourceOf([page(0, 250), page(250, 299), '[]'], { limiter });
    const ids = Array.from({ length: 300 }, (_, index) => `coin-${index}`);
    const { rows, rejected } = await source.marketSnapshot(ids);
    expect(rows).toHaveLength(299);
    expect(rejected).toEqual([]);
    expect(limiter.turns).toEqual([
      ['/coins/markets', 'batch'],
      ['/coins/markets', 'batch'],
    ]);
    expect((await source.marketSnapshot([])).rows).toEqual([]);
    expect(asked()).toHaveLength(2);
  });
});
