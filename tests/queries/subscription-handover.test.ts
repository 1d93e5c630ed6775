/** Replay that hands over to the live stream while more comes in, whatever is repeated, filtered or slow on the way. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeCursor, Progress } from '../../graphql/live/reading/progress.js';
import { UPDATES_TOPIC } from '../../src/domain/prices.js';
import type { PriceUpdateRecord } from '../../src/domain/updates.js';
import { LIVE_PARTITIONS, type LiveSetting, openLiveSetting, TestSubscription, updateOf } from '../kit/live.js';
import { Socket } from '../kit/web-socket.js';

interface PriceData {
  priceUpdated: { cursor: string; coinId: string; usd: string };
}

const COINS = ['bitcoin', 'ethereum', 'tether', 'dogecoin', 'solana', 'cardano'];
const QUERY = 'subscription ($coinIds: [ID!], $after: String) { priceUpdated(coinIds: $coinIds, after: $after) { cursor coinId usd } }';

let setting: LiveSetting;
beforeAll(async () => {
  setting = await openLiveSetting();
});
afterAll(() => setting.close());

let positions = 0;
const nextUpdate = (): PriceUpdateRecord => updateOf(COINS[positions % COINS.length] as string, ++positions);

/** From the log's end, as somebody who has seen all of it would have it. */
async function cursorOfNow(): Promise<string> {
  const bounds = await setting.log.bounds(UPDATES_TOPIC);
  const last = new Map(Array.from({ length: LIVE_PARTITIONS }, (_, partition) => [partition, BigInt(positions) << 15n]));
  return encodeCursor(
    await setting.log.topicId(UPDATES_TOPIC),
    new Progress(
      bounds.map(({ end }) => end),
      last,
    ),
  );
}

function expectExactly(data: PriceData[], pushed: PriceUpdateRecord[]): void {
  for (const coinId of COINS) {
    const told = data.filter(({ priceUpdated }) => priceUpdated.coinId === coinId).map(({ priceUpdated }) => priceUpdated.usd);
    expect(told).toEqual(pushed.filter((update) => update.coinId === coinId).map(({ usd }) => usd));
  }
}

test('ten thousand updates and more while they are read: no gap, no repeat, in order; and any cursor on the way resumes', async () => {
  const gateway = await setting.startGateway();
  const after = await cursorOfNow();
  const pushed: PriceUpdateRecord[] = [];
  const pushBatch = async (count: number) => {
    const batch = Array.from({ length: count }, nextUpdate);
    pushed.push(...batch);
    await setting.push(...batch);
  };
  while (pushed.length < 10_000) await pushBatch(500);
  const reading = { done: false };
  const subscription = new TestSubscription<PriceData>(gateway.url, { query: QUERY, variables: { after } });
  const writing = (async () => {
    while (!reading.done && pushed.length < 40_000) await pushBatch(20);
  })();
  await subscription.has(10_500);
  reading.done = true;
  await writing;
  await pushBatch(20); // these come to a reader that is live by now
  await subscription.has(pushed.length);
  expectExactly(subscription.data, pushed);
  await subscription.stop();

  await fc.assert(
    fc.asyncProperty(fc.nat({ max: subscription.data.length - 1 }), fc.subarray(COINS, { minLength: 1 }), async (index, coinIds) => {
      const cursor = subscription.data[index]?.priceUpdated.cursor;
      const seen = new Set(subscription.data.slice(0, index + 1).map(({ priceUpdated }) => priceUpdated.usd));
      const rest = pushed.filter(({ usd, coinId }) => !seen.has(usd) && coinIds.includes(coinId));
      const resumed = new TestSubscription<PriceData>(gateway.url, { query: QUERY, variables: { after: cursor, coinIds } });
      await resumed.has(rest.length);
      expectExactly(resumed.data, rest);
      await resumed.stop();
    }),
    { seed: 20_261_123, numRuns: 8 },
  );
  await gateway.close();
});

test('repeats of any length anywhere, and a gateway that dies in between, change nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ fresh: fc.integer({ min: 0, max: 30 }), repeat: fc.integer({ min: 0, max: 40 }), dies: fc.boolean() }), {
        minLength: 1,
        maxLength: 8,
      }),
      async (steps) => {
        const pushed: PriceUpdateRecord[] = [];
        const told: PriceData[] = [];
        let after = await cursorOfNow();
        let gateway = await setting.startGateway();
        let subscription = new TestSubscription<PriceData>(gateway.url, { query: QUERY, variables: { after } });
        for (const { fresh, repeat, dies } of steps) {
          const batch = Array.from({ length: fresh }, nextUpdate);
          pushed.push(...batch);
          await setting.push(...batch);
          await setting.push(...pushed.slice(pushed.length - repeat < 0 ? 0 : pushed.length - repeat));
          if (!dies) continue;
          // What arrived by now counts; the rest is lost with the connection.
          const seen = subscription.data.slice();
          told.push(...seen);
          after = seen.at(-1)?.priceUpdated.cursor ?? after;
          await gateway.close();
          gateway = await setting.startGateway();
          subscription = new TestSubscription<PriceData>(gateway.url, { query: QUERY, variables: { after } });
        }
        const end = nextUpdate();
        pushed.push(end);
        await setting.push(end);
        while (![...told, ...subscription.data].some(({ priceUpdated }) => priceUpdated.usd === end.usd)) {
          await subscription.has(subscription.data.length + 1);
        }
        await subscription.has(pushed.length - told.length);
        expectExactly([...told, ...subscription.data], pushed);
        await gateway.close();
      },
    ),
    { seed: 42, numRuns: 15 },
  );
});

test('what was repeated right behind a cursor is known as a repeat, long after', async () => {
  let gateway = await setting.startGateway();
  const first = new TestSubscription<PriceData>(gateway.url, { query: QUERY, variables: { after: await cursorOfNow() } });
  const seen = updateOf('bitcoin', ++positions);
  await setting.push(seen);
  const after = (await first.has(1))[0]?.priceUpdated.cursor;
  await setting.push(seen, seen);
  // So many that a new gateway meets neither the record nor its repeats when it starts.
  const later = Array.from({ length: 2_500 }, () => updateOf('bitcoin', ++positions));
  await setting.push(...later);
  await first.stop();
  await gateway.close();
  gateway = await setting.startGateway();
  const resumed = new TestSubscription<PriceData>(gateway.url, { query: QUERY, variables: { after } });
  await resumed.has(later.length);
  expectExactly(resumed.data, later);
  await resumed.stop();
  await gateway.close();
});

test('a live client that stops reading is closed with 4429, the others are not, and it resumes with its cursor', async () => {
  const gateway = await setting.startGateway();
  const after = await cursorOfNow();
  // A hundred names for one field make a small update a large message.
  const names = Array.from({ length: 100 }, (_, index) => `n${index}: source`).join(' ');
  const query = `subscription ($after: String) { priceUpdated(after: $after) { cursor coinId usd ${names} } }`;
  const slow = await Socket.open(gateway.url);
  const steady = new TestSubscription<PriceData>(gateway.url, { query: QUERY, variables: { after } });
  slow.subscribe('slow', query, { after });
  const pushed = [nextUpdate()];
  await setting.push(...pushed);
  await slow.has(1); // it is live now
  slow.socket.pause();
  while (pushed.length < 8_000) {
    const batch = Array.from({ length: 500 }, nextUpdate);
    pushed.push(...batch);
    await setting.push(...batch);
  }
  await steady.has(pushed.length);
  slow.socket.resume();
  expect((await slow.closed).code).toBe(4429);
  expect(slow.data.length).toBeLessThan(pushed.length);

  const resumed = new TestSubscription<PriceData>(gateway.url, {
    query: QUERY,
    variables: { after: slow.data.at(-1).priceUpdated.cursor },
  });
  await resumed.has(pushed.length - slow.data.length);
  const told = [...slow.data, ...resumed.data];
  expectExactly(told, pushed);
  await steady.stop();
  await resumed.stop();
  await gateway.close();
});

test('a client that reads its replay slowly is waited for: not closed, and not buffered', async () => {
  const gateway = await setting.startGateway();
  const after = await cursorOfNow();
  const pushed = Array.from({ length: 6_000 }, nextUpdate);
  for (let index = 0; index < pushed.length; index += 500) await setting.push(...pushed.slice(index, index + 500));
  const names = Array.from({ length: 100 }, (_, index) => `n${index}: source`).join(' ');
  const slow = await Socket.open(gateway.url);
  const queries = jest.spyOn(setting.db.pool, 'query');
  // Each batch that is executed reads the coins.
  const executed = () => queries.mock.calls.filter(([statement]) => (statement as { text?: string }).text?.includes('mart_coins')).length;
  slow.subscribe('slow', `subscription ($after: String) { priceUpdated(after: $after) { cursor coinId usd ${names} coin { name } } }`, {
    after,
  });
  await slow.has(1);
  slow.socket.pause();
  for (let before = -1; before < executed(); ) {
    before = executed();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const whilePaused = executed();
  expect(whilePaused).toBeLessThan(150); // of 188: the system's own buffers hold some
  slow.socket.resume();
  while (slow.data.length < pushed.length) await slow.has(Math.min(slow.data.length + 1_000, pushed.length));
  expectExactly(slow.data, pushed);
  expect(executed()).toBeGreaterThan(whilePaused);
  jest.restoreAllMocks();
  await gateway.close();
  expect((await slow.closed).code).toBe(1012);
});
