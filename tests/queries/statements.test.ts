/** How many SQL statements a query costs: lists are read at once, never row by row. */
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { AS_OPERATOR, startTestGateway, type TestGateway } from '../kit/gateway.js';
import { seedManyCoins } from '../kit/seed.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
  await seedManyCoins(gateway.db, 120);
});
afterAll(() => gateway.close());
afterEach(() => {
  jest.restoreAllMocks();
});

/** Statements that reach Postgres on any connection while the query is answered. */
async function count(query: string, headers?: Record<string, string>) {
  const sent: string[] = [];
  const original = pg.Client.prototype.query;
  jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text: string }).text;
    if (!/ops\.log_|^LISTEN/.test(text)) sent.push(text); // the event log looks for news on its own
    return Reflect.apply(original, this, args);
  } as never);
  const { json } = await gateway.ask(query, {}, headers);
  jest.restoreAllMocks();
  expect(json.errors).toBeUndefined();
  return { statements: sent.length, data: json.data };
}

describe('SQL statements', () => {
  test('100 coins with price, market, performance and candles of several ranges: 5', async () => {
    const { statements, data } = await count(`{ coins(first: 100, orderBy: NAME) { totalCount nodes { id
      price { usd change24hPct } market { marketCapUsd } performance { return1dPct } past: performance(day: "2026-03-08") { day }
      hours: candles(interval: ONE_HOUR, first: 3) { bucketStart close isComplete }
      day: candles(interval: ONE_HOUR, from: "2026-03-09T00:00:00Z", to: "2026-03-09T02:00:00Z") { bucketStart }
      minutes: candles(interval: ONE_MINUTE, first: 1) { close } } } }`);
    expect(statements).toBe(5);
    expect(data.coins.totalCount).toBe(125);
    const coin = data.coins.nodes.find(({ id }: { id: string }) => id === 'coin-007');
    expect(coin).toMatchObject({ price: { usd: '7', change24hPct: -50 }, performance: { return1dPct: 0.7 }, minutes: [] });
    expect(coin.hours.map((candle: { bucketStart: string }) => candle.bucketStart.slice(11, 13))).toEqual(['09', '10', '11']);
    expect(coin.day.map((candle: { bucketStart: string }) => candle.bucketStart.slice(8, 13))).toEqual(['09T00', '09T01']);
  });

  test('100 coins with their alerts and their rules: 3, for the coins are known', async () => {
    const { statements, data } = await count(`{ coins(first: 100, orderBy: NAME) { nodes { id alerts(first: 2) {
      nodes { id rule { name } coin { name } } pageInfo { hasNextPage } } } } }`);
    expect(statements).toBe(3);
    const coin = data.coins.nodes.find(({ id }: { id: string }) => id === 'coin-001');
    expect(coin.alerts).toEqual({
      nodes: ['many-coin-0011', 'many-coin-0012'].map((id) => ({ id, rule: { name: 'Bitcoin above 60k' }, coin: { name: 'Coin 1' } })),
      pageInfo: { hasNextPage: true },
    });
  });

  test.each([
    [
      'many coins by id',
      `{ ${Array.from({ length: 50 }, (_, n) => `c${n}: coin(id: "coin-0${n + 10}") { name price { usd } }`).join(' ')} }`,
      2,
    ],
    [
      'days with their movers',
      '{ marketOverviews(from: "2026-03-01") { day topGainers { coin { name } } topLosers(first: 3) { coin { name } } } }',
      3,
    ],
    ['alerts', '{ alerts(first: 200) { nodes { rule { name coin { id } } coin { name price { usd } } } } }', 5],
    ['rules', '{ alertRules { coin { name } } }', 2],
    ['runs with tasks and checks', '{ pipelineRuns { nodes { tasks { name } checks { name } } } }', 3],
    ['datasets', '{ datasets { dependsOn { name dependsOn { name } } checks { name } } }', 3],
    ['dead letters', '{ deadLetters { nodes { payload } } }', 1],
  ])('%s', async (_, query, expected) => {
    expect((await count(query, AS_OPERATOR)).statements).toBe(expected);
  });
});
