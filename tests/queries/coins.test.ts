/** The lists of coins: orders, pages, filters; and one coin by id. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const idsOf = async (args: string) => {
  const { json } = await gateway.ask(`{ coins(${args}) { nodes { id } } }`);
  return json.data?.coins.nodes.map((node: { id: string }) => node.id) ?? json;
};
const codeOf = async (query: string, variables?: object) => {
  const { json } = await gateway.ask(query, variables);
  return json.errors?.map((error: { extensions: { code: string } }) => error.extensions.code);
};

describe('coin', () => {
  test('shows a coin with its newest price, market and performance, exactly', async () => {
    const { json } = await gateway.ask(`{ coin(id: "bitcoin") {
      id symbol name imageUrl rank
      price { usd change24hPct suspect observedAt source }
      market { marketCapUsd fullyDilutedValuationUsd volume24hUsd circulatingSupply totalSupply maxSupply high24hUsd low24hUsd
               athUsd athAt atlUsd atlAt observedAt }
      performance { day priceUsd return1dPct return7dPct return30dPct return90dPct return1yPct volatility30dPct sharpe30d
               maxDrawdown90dPct sma7Usd sma30Usd rsi14 betaToBitcoin90d correlationToBitcoin90d computedAt }
    } }`);
    expect(json.errors).toBeUndefined();
    expect(json.data.coin).toEqual({
      id: 'bitcoin',
      symbol: 'btc',
      name: 'Bitcoin',
      imageUrl: 'https://example.org/btc.png',
      rank: 1,
      price: { usd: '65000.1', change24hPct: 25, suspect: false, observedAt: '2026-03-10T12:00:00.000Z', source: 'simulator' },
      market: {
        marketCapUsd: '1300000000000.5',
        fullyDilutedValuationUsd: '1400000000000',
        volume24hUsd: '35000000000',
        circulatingSupply: '19800000',
        totalSupply: '19900000',
        maxSupply: '21000000',
        high24hUsd: '66000',
        low24hUsd: '64000.1',
        athUsd: '109000',
        athAt: '2025-01-20T07:00:00.000Z',
        atlUsd: '67.81',
        atlAt: '2013-07-06T00:00:00.000Z',
        observedAt: '2026-03-10T00:00:05.000Z',
      },
      performance: {
        day: '2026-03-09',
        priceUsd: '65000',
        return1dPct: 1.5625,
        return7dPct: -3.25,
        return30dPct: 12.5,
        return90dPct: -20.125,
        return1yPct: 130.75,
        volatility30dPct: 48.0000000001,
        sharpe30d: 1.875,
        maxDrawdown90dPct: -31.5,
        sma7Usd: '64123.45',
        sma30Usd: '61000.1',
        rsi14: 55.5,
        betaToBitcoin90d: 1.25,
        correlationToBitcoin90d: 0.75,
        computedAt: '2026-03-10T00:01:00.000Z',
      },
    });
  });

  test('keeps every digit of the smallest and the largest numbers', async () => {
    const { json } = await gateway.ask(`{ coin(id: "dogecoin") { market { marketCapUsd volume24hUsd } performance { priceUsd } } }`);
    expect(json.data.coin).toEqual({
      market: { marketCapUsd: '690000000000000000000000000000.000000001', volume24hUsd: '0.000000001206' },
      performance: { priceUsd: '0.000000001206' },
    });
  });

  test('is null for what is not there: the coin, its price, its market, its performance', async () => {
    const { json } = await gateway.ask(`{
      unknown: coin(id: "no-such-coin") { id }
      bare: coin(id: "boringdao-[old]") { symbol name imageUrl rank price { usd } market { observedAt } performance { day } alerts { nodes { id } } }
    }`);
    expect(json.data).toEqual({
      unknown: null,
      bare: {
        symbol: '',
        name: 'Équilibre',
        imageUrl: null,
        rank: null,
        price: null,
        market: null,
        performance: null,
        alerts: { nodes: [] },
      },
    });
  });

  test.each([
    ['25 hours before are within reach', 'tether', 0],
    ['more than 25 hours are not', 'ethereum', null],
  ])('change over 24 hours: %s', async (_, id, change24hPct) => {
    const { json } = await gateway.ask('query ($id: ID!) { coin(id: $id) { price { change24hPct } } }', { id });
    expect(json.data.coin.price).toEqual({ change24hPct });
  });

  test('performance of a named day, and of a day that has none', async () => {
    const { json } = await gateway.ask(`{ coin(id: "bitcoin") {
      past: performance(day: "2026-03-08") { day priceUsd } never: performance(day: "2026-02-01") { day } } ethereum: coin(id: "ethereum") {
      past: performance(day: "2026-03-08") { day } } }`);
    expect(json.data).toEqual({ coin: { past: { day: '2026-03-08', priceUsd: '64000' }, never: null }, ethereum: { past: null } });
  });
});

describe('coins', () => {
  test.each([
    ['MARKET_CAP_RANK', ['bitcoin', 'ethereum', 'dogecoin', 'boringdao-[old]', 'tether']],
    ['NAME', ['bitcoin', 'dogecoin', 'ethereum', 'tether', 'boringdao-[old]']],
    ['VOLUME_24H_DESC', ['bitcoin', 'ethereum', 'dogecoin', 'boringdao-[old]', 'tether']],
    ['RETURN_1D_DESC', ['bitcoin', 'dogecoin', 'tether', 'ethereum', 'boringdao-[old]']],
    ['RETURN_1D_ASC', ['ethereum', 'tether', 'bitcoin', 'dogecoin', 'boringdao-[old]']],
    ['RETURN_7D_DESC', ['ethereum', 'bitcoin', 'boringdao-[old]', 'dogecoin', 'tether']],
    ['RETURN_7D_ASC', ['bitcoin', 'ethereum', 'boringdao-[old]', 'dogecoin', 'tether']],
  ])('in the order %s, nulls last, ties by id; page by page it is the same list', async (orderBy, expected) => {
    expect(await idsOf(`orderBy: ${orderBy}`)).toEqual(expected);
    for (const first of [1, 2]) {
      const paged: string[] = [];
      for (let after: string | null = null, more = true; more; ) {
        const { json } = await gateway.ask(
          `query ($first: Int!, $after: String) { coins(first: $first, after: $after, orderBy: ${orderBy}) {
             edges { cursor node { id } } pageInfo { hasNextPage endCursor } totalCount } }`,
          { first, after },
        );
        const { edges, pageInfo, totalCount } = json.data.coins;
        expect(totalCount).toBe(5);
        expect(pageInfo.endCursor).toBe(edges.at(-1).cursor);
        paged.push(...edges.map((edge: { node: { id: string } }) => edge.node.id));
        after = pageInfo.endCursor;
        more = pageInfo.hasNextPage;
      }
      expect(paged).toEqual(expected);
    }
  });

  test.each([
    ['{search: "ETH"}', ['ethereum', 'dogecoin', 'tether']],
    ['{search: "équi"}', ['boringdao-[old]']],
    ['{search: " Bit "}', ['bitcoin']],
    ['{search: "%"}', ['tether']],
    ['{search: "_"}', []],
    ['{search: "\\\\"}', []],
    ['{search: ""}', ['bitcoin', 'ethereum', 'dogecoin', 'boringdao-[old]', 'tether']],
    ['{ids: ["tether", "bitcoin", "nobody", "tether"]}', ['bitcoin', 'tether']],
    ['{ids: []}', []],
    ['{minMarketCapUsd: 400000000000}', ['bitcoin', 'ethereum', 'dogecoin']],
    ['{minMarketCapUsd: "400000000000.0000001"}', ['bitcoin', 'dogecoin']],
    ['{ids: ["bitcoin", "ethereum"], search: "coin", minMarketCapUsd: 1}', ['bitcoin']],
    ['{ids: null, search: null, minMarketCapUsd: null}', ['bitcoin', 'ethereum', 'dogecoin', 'boringdao-[old]', 'tether']],
  ])('filtered by %s', async (filter, expected) => {
    expect(await idsOf(`filter: ${filter}`)).toEqual(expected);
    const { json } = await gateway.ask(`{ coins(filter: ${filter}, first: 1) { totalCount } }`);
    expect(json.data.coins.totalCount).toBe(expected.length);
  });

  test('an empty page says so', async () => {
    const { json } = await gateway.ask('{ coins(filter: {ids: []}) { edges { cursor } pageInfo { hasNextPage endCursor } } }');
    expect(json.data.coins).toEqual({ edges: [], pageInfo: { hasNextPage: false, endCursor: null } });
  });

  test.each(['first: 0', 'first: -1', 'first: 201', 'filter: {minMarketCapUsd: "many"}', 'filter: {minMarketCapUsd: true}', 'after: "x"'])(
    'refuses %s',
    async (args) => {
      expect(await codeOf(`{ coins(${args}) { nodes { id } } }`)).toEqual(['BAD_USER_INPUT']);
    },
  );

  test('refuses a search that is too long, and too many ids', async () => {
    const query = 'query ($filter: CoinFilter) { coins(filter: $filter) { totalCount } }';
    expect(await codeOf(query, { filter: { search: 'x'.repeat(101) } })).toEqual(['BAD_USER_INPUT']);
    expect(await codeOf(query, { filter: { ids: Array.from({ length: 251 }, (_, n) => `c${n}`) } })).toEqual(['BAD_USER_INPUT']);
    expect(await codeOf(query, { filter: { ids: Array.from({ length: 250 }, (_, n) => `c${n}`) } })).toBeUndefined();
  });

  test('refuses a cursor of another order, of another list, and one that was tampered with', async () => {
    const cursorOf = async (list: string) => (await gateway.ask(`{ ${list} { pageInfo { endCursor } } }`)).json.data;
    const byName = (await cursorOf('coins(orderBy: NAME, first: 1)')).coins.pageInfo.endCursor;
    const alerts = (await cursorOf('alerts(first: 1)')).alerts.pageInfo.endCursor;
    const forged = [
      ['coins MARKET_CAP_RANK', '1; DROP TABLE mart.mart_coins', 'bitcoin'],
      ['coins MARKET_CAP_RANK', 1, 'bitcoin'],
      ['coins MARKET_CAP_RANK', '1'],
      ['coins MARKET_CAP_RANK', '99999999999999', 'bitcoin'],
      { length: 3 },
      null,
    ].map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'));
    for (const after of [byName, alerts, '', '%%%', 'e30', ...forged]) {
      const { json } = await gateway.ask('query ($after: String) { coins(after: $after) { totalCount } }', { after });
      expect(json.errors?.[0].extensions.code).toBe('BAD_USER_INPUT');
      expect(json.errors[0].message).toContain('after:');
    }
  });
});
