/** Many who come back at once: they go through the log together, and none waits for another one's socket. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { UPDATES_TOPIC } from '../../src/domain/prices.js';
import type { PriceUpdateRecord } from '../../src/domain/updates.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { type LiveGateway, type LiveSetting, openLiveSetting, TestSubscription, updateOf } from '../kit/live.js';
import { Socket } from '../kit/web-socket.js';

interface PriceData {
  priceUpdated: { cursor: string; coinId: string; usd: string };
}

const COINS = ['bitcoin', 'ethereum', 'tether', 'dogecoin', 'solana', 'cardano'];
const QUERY = 'subscription ($coinIds: [ID!], $after: String) { priceUpdated(coinIds: $coinIds, after: $after) { cursor coinId usd } }';
/** More than a new gateway reads ahead. */
const MISSED = 4_500;

let setting: LiveSetting;
let gateway: LiveGateway;
/** Records of updates that gateways have read from the past. */
let replayed = 0;
/** What was pushed, and the cursors of a client that saw the first of it before its gateway went. */
const pushed: PriceUpdateRecord[] = [];
let seen: PriceData[] = [];

let positions = 0;

async function push(count: number): Promise<void> {
  const batch = Array.from({ length: count }, () => updateOf(COINS[positions % COINS.length] as string, ++positions));
  pushed.push(...batch);
  await setting.push(...batch);
}

/** What a client that had seen the first `index` + 1 of these is still to be told, per coin. */
function lacking(index: number, coinIds: readonly string[]): Map<string, string[]> {
  const known = new Set(seen.slice(0, index + 1).map(({ priceUpdated }) => priceUpdated.usd));
  return new Map(
    coinIds.map((coinId) => [coinId, pushed.filter((one) => one.coinId === coinId && !known.has(one.usd)).map(({ usd }) => usd)]),
  );
}

function expectExactly(data: PriceData[], lacked: Map<string, string[]>): void {
  for (const [coinId, prices] of lacked) {
    expect(data.filter(({ priceUpdated }) => priceUpdated.coinId === coinId).map(({ priceUpdated }) => priceUpdated.usd)).toEqual(prices);
  }
  expect(data.length).toBe(countOf(lacked));
}

const countOf = (lacked: Map<string, string[]>) => [...lacked.values()].reduce((sum, prices) => sum + prices.length, 0);

beforeAll(async () => {
  setting = await openLiveSetting();
  const log: EventLog = Object.create(setting.log);
  for (const name of ['topicId', 'bounds', 'offsetAt', 'consume'] as const) {
    Object.assign(log, { [name]: (setting.log[name] as (...args: unknown[]) => unknown).bind(setting.log) });
  }
  log.replay = async function* (topic, ...rest) {
    for await (const page of setting.log.replay(topic, ...rest)) {
      if (topic === UPDATES_TOPIC) replayed += page.length;
      yield page;
    }
  };
  gateway = await setting.startGateway();
  const first = new TestSubscription<PriceData>(gateway.url, { query: QUERY });
  await first.connected;
  while (first.data.length === 0) {
    await push(1);
    await Promise.race([first.has(1), new Promise((resolve) => setTimeout(resolve, 5))]);
  }
  const before = pushed.length - first.data.length;
  await push(300);
  seen = (await first.has(pushed.length - before)).slice();
  pushed.splice(0, before);
  await gateway.close();
  while (pushed.length < MISSED) await push(500);
  gateway = await setting.startGateway({ log });
  replayed = 0;
});
afterAll(() => setting.close());

test('twenty who are about the same place have the log read once or twice, and each is told all that it lacked', async () => {
  const subscribers = Array.from({ length: 20 }, (_, number) => {
    const index = (number * 37) % seen.length;
    const coinIds = number % 2 === 0 ? COINS : COINS.filter((_coin, place) => (number >> place) % 2 === 1 || place === number % 6);
    const variables = { coinIds: number % 2 === 0 ? null : coinIds, after: seen[index]?.priceUpdated.cursor };
    return { lacked: lacking(index, coinIds), client: new TestSubscription<PriceData>(gateway.url, { query: QUERY, variables }) };
  });
  for (const { lacked, client } of subscribers) await client.has(countOf(lacked));
  for (const { lacked, client } of subscribers) expectExactly(client.data, lacked);
  expect(replayed).toBeLessThan(4 * MISSED);
  for (const { client } of subscribers) await client.stop();
}, 120_000);

test('equal ones that come back are executed about once, wherever each of them is', async () => {
  const before = gateway.live.counts() as { events: number; deliveries: number };
  const subscribers = Array.from({ length: 10 }, (_, number) => {
    const index = (number * 13) % seen.length;
    const variables = { after: seen[index]?.priceUpdated.cursor };
    return { lacked: lacking(index, COINS), client: new TestSubscription<PriceData>(gateway.url, { query: QUERY, variables }) };
  });
  for (const { lacked, client } of subscribers) await client.has(countOf(lacked));
  for (const { lacked, client } of subscribers) expectExactly(client.data, lacked);
  const after = gateway.live.counts() as { events: number; deliveries: number };
  expect(after.deliveries - before.deliveries).toBe(subscribers.reduce((sum, { lacked }) => sum + countOf(lacked), 0));
  expect(after.events - before.events).toBeLessThan(4 * MISSED);
  for (const { client } of subscribers) await client.stop();
}, 120_000);

test('one that does not read holds up none of its equals, and is told all in the end', async () => {
  const after = seen.at(-1)?.priceUpdated.cursor;
  const lacked = lacking(seen.length - 1, COINS);
  // A hundred names for one field make a small update a large message.
  const names = Array.from({ length: 100 }, (_, index) => `n${index}: source`).join(' ');
  const query = `subscription ($after: String) { priceUpdated(after: $after) { cursor coinId usd ${names} } }`;
  const slow = await Socket.open(gateway.url);
  slow.subscribe('slow', query, { after });
  await slow.has(1);
  slow.socket.pause();
  const others = Array.from({ length: 2 }, () => new TestSubscription<PriceData>(gateway.url, { query, variables: { after } }));
  for (const other of others) expectExactly(await other.has(countOf(lacked)), lacked);
  expect(slow.data.length).toBeLessThan(countOf(lacked));
  slow.socket.resume();
  await slow.has(countOf(lacked));
  expectExactly(slow.data, lacked);
  slow.socket.close();
  for (const other of others) await other.stop();
}, 120_000);
