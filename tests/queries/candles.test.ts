/** A coin's candles, and its alerts. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

describe('candles', () => {
  const candlesOf = async (args: string, fields = 'bucketStart close') =>
    (await gateway.ask(`{ coin(id: "bitcoin") { candles(${args}) { ${fields} } } }`)).json;
  const minutesOf = async (args: string) =>
    (await candlesOf(`interval: ONE_MINUTE, ${args}`)).data.coin.candles.map((candle: { bucketStart: string }) =>
      candle.bucketStart.slice(11, 16),
    );

  test('oldest first, with what is known of each', async () => {
    const fields = 'coinId interval bucketStart open high low close observations isComplete';
    const { data } = await candlesOf('interval: ONE_MINUTE, from: "2026-03-10T11:59:00Z"', fields);
    const common = { coinId: 'bitcoin', interval: 'ONE_MINUTE', open: '100.1', high: '101', low: '99.5', observations: 2 };
    expect(data.coin.candles).toEqual([
      { ...common, bucketStart: '2026-03-10T11:59:00.000Z', close: '159', isComplete: true },
      { ...common, bucketStart: '2026-03-10T12:00:00.000Z', close: '100', isComplete: false },
    ]);
  });

  test('a bucket is complete once its end has passed', async () => {
    const isComplete = async () => (await candlesOf('interval: ONE_MINUTE, first: 1', 'isComplete')).data.coin.candles[0].isComplete;
    gateway.clock.set('2026-03-10T12:00:59.999Z');
    expect(await isComplete()).toBe(false);
    gateway.clock.set('2026-03-10T12:01:00.000Z');
    expect(await isComplete()).toBe(true);
    gateway.clock.set('2026-03-10T12:00:30.000Z');
  });

  test.each([
    ['first: 3', ['11:58', '11:59', '12:00']],
    ['from: "2026-03-10T11:58:00Z", to: "2026-03-10T12:00:00Z"', ['11:58', '11:59']],
    ['to: "2026-03-10T11:52:00Z", first: 1', ['11:51']],
    ['from: "2026-03-10T12:57:30+01:00", to: "2026-03-10T12:00:00.001Z", first: 2', ['11:59', '12:00']],
    ['from: "2026-03-10T12:00:00Z", to: "2026-03-10T12:00:00Z"', []],
    ['from: "2027-01-01T00:00:00Z"', []],
  ])('%s', async (args, expected) => {
    expect(await minutesOf(args)).toEqual(expected);
  });

  test('of days', async () => {
    const { data } = await candlesOf('interval: ONE_DAY, first: 2', 'interval bucketStart isComplete');
    expect(data.coin.candles).toEqual([
      { interval: 'ONE_DAY', bucketStart: '2026-03-08T00:00:00.000Z', isComplete: true },
      { interval: 'ONE_DAY', bucketStart: '2026-03-09T00:00:00.000Z', isComplete: true },
    ]);
  });

  test('several ranges in one query are kept apart', async () => {
    const { json } = await gateway.ask(`{ coins(first: 2) { nodes { id
      day: candles(interval: ONE_DAY, first: 1) { bucketStart } one: candles(interval: ONE_MINUTE, first: 1) { bucketStart }
      none: candles(interval: ONE_HOUR) { bucketStart } } } }`);
    expect(json.data.coins.nodes).toEqual([
      { id: 'bitcoin', day: [{ bucketStart: '2026-03-09T00:00:00.000Z' }], one: [{ bucketStart: '2026-03-10T12:00:00.000Z' }], none: [] },
      { id: 'ethereum', day: [], one: [{ bucketStart: '2026-03-10T12:00:00.000Z' }], none: [] },
    ]);
  });

  test.each([
    'interval: ONE_MINUTE, first: 0',
    'interval: ONE_MINUTE, first: 1001',
    'interval: ONE_MINUTE, from: "2026-03-10T12:00:00Z", to: "2026-03-10T11:00:00Z"',
    'interval: ONE_MINUTE, from: "2026-03-10"',
    'interval: ONE_MINUTE, from: "2026-02-30T00:00:00Z"',
    'interval: ONE_MINUTE, from: "2026-03-10T12:00:00"',
  ])('refuses %s', async (args) => {
    const { errors } = await candlesOf(args);
    expect(errors.map((error: { extensions: { code: string } }) => error.extensions.code)).toEqual(['BAD_USER_INPUT']);
  });
});

describe('alerts of a coin', () => {
  test('newest first, in pages', async () => {
    const page = async (after: string | null) =>
      (
        await gateway.ask(
          'query ($after: String) { coin(id: "bitcoin") { alerts(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }',
          { after },
        )
      ).json.data.coin.alerts;
    const first = await page(null);
    expect(first).toMatchObject({ nodes: [{ id: 'a2' }], pageInfo: { hasNextPage: true } });
    expect(await page(first.pageInfo.endCursor)).toMatchObject({ nodes: [{ id: 'a1' }], pageInfo: { hasNextPage: false } });
  });

  test.each(['first: 0', 'first: 201', 'after: "nowhere"'])('refuses %s', async (args) => {
    const { json } = await gateway.ask(`{ coin(id: "bitcoin") { alerts(${args}) { nodes { id } } } }`);
    expect(json.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });
});
