/** Subscriptions as a client meets them: over real WebSockets, with records on the real log. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { UPDATES_TOPIC } from '../../src/domain/prices.js';
import { trimLog } from '../../src/platform/event-log/trim-log.js';
import { type LiveGateway, type LiveSetting, openLiveSetting, TestSubscription, updateOf } from '../kit/live.js';

interface PriceData {
  priceUpdated: { cursor: string; coinId: string; usd: string; coin?: { name: string } };
}

const PRICES = 'subscription ($coinIds: [ID!], $after: String) { priceUpdated(coinIds: $coinIds, after: $after) { cursor coinId usd } }';
const usdOf = (data: PriceData[]) => data.map(({ priceUpdated }) => priceUpdated.usd);
const lastCursor = (data: PriceData[]) => data.at(-1)?.priceUpdated.cursor;

let setting: LiveSetting;
let gateway: LiveGateway;
const open: TestSubscription<unknown>[] = [];

beforeAll(async () => {
  setting = await openLiveSetting();
  gateway = await setting.startGateway();
});
afterEach(async () => {
  for (const subscription of open.splice(0)) await subscription.stop();
});
afterAll(() => setting.close());

let positions = 0;
/** Positions rise over all tests of this file, as those of a topic do. */
const next = () => ++positions;

async function subscribe(variables: Record<string, unknown> = {}, query = PRICES, at = gateway): Promise<TestSubscription<PriceData>> {
  const subscription = new TestSubscription<PriceData>(at.url, { query, variables });
  open.push(subscription);
  await subscription.connected;
  return subscription;
}

/** There is no answer to a subscription as such: it stands once what was pushed for it comes back. */
async function subscribeLive(variables: Record<string, unknown> = {}, query = PRICES): Promise<TestSubscription<PriceData>> {
  const subscription = await subscribe(variables, query);
  const coinId = (variables.coinIds as string[] | undefined)?.[0] ?? 'bitcoin';
  while (subscription.data.length === 0) {
    await setting.push(updateOf(coinId, next()));
    await Promise.race([subscription.has(1), new Promise((resolve) => setTimeout(resolve, 5))]);
  }
  const last = updateOf(coinId, next());
  await setting.push(last);
  while (!usdOf(subscription.data).includes(last.usd)) await subscription.has(subscription.data.length + 1);
  subscription.data.length = 0;
  return subscription;
}

describe('live', () => {
  test('sends every update of the chosen coins in order, each with its fields and its coin', async () => {
    const query = `subscription ($coinIds: [ID!]) { priceUpdated(coinIds: $coinIds) {
      cursor coinId usd previousUsd suspect observedAt source coin { name } } }`;
    const all = await subscribeLive();
    const some = await subscribeLive({ coinIds: ['bitcoin', 'ethereum'] }, query);
    all.data.length = 0;
    const first = next();
    const updates = ['bitcoin', 'tether', 'ethereum', 'bitcoin', 'bitcoin', 'ethereum'].map((coinId, index) =>
      updateOf(coinId, index === 0 ? first : next(), index === 0 ? { previousUsd: '0.00000001' as never, suspect: true } : {}),
    );
    await setting.push(...updates);
    await some.has(5);
    await all.has(6);
    for (const coinId of ['bitcoin', 'ethereum', 'tether']) {
      const expected = updates.filter((update) => update.coinId === coinId).map(({ usd }) => usd);
      const ofCoin = (data: PriceData[]) => usdOf(data.filter(({ priceUpdated }) => priceUpdated.coinId === coinId));
      expect(ofCoin(all.data)).toEqual(expected);
      expect(ofCoin(some.data)).toEqual(coinId === 'tether' ? [] : expected);
    }
    expect(some.data.find(({ priceUpdated }) => priceUpdated.usd === `${first}.5`)?.priceUpdated).toEqual({
      cursor: expect.any(String),
      coinId: 'bitcoin',
      usd: `${first}.5`,
      previousUsd: '0.00000001',
      suspect: true,
      observedAt: updates[0]?.observedAt.toISOString(),
      source: 'simulator',
      coin: { name: 'Bitcoin' },
    });
  });

  test('drops what the publisher repeats after a crash', async () => {
    const live = await subscribeLive({ coinIds: ['bitcoin'] });
    const [a, b, c, d] = [next(), next(), next(), next()].map((position) => updateOf('bitcoin', position)) as [never, never, never, never];
    await setting.push(a, b, c);
    await setting.push(b, c);
    await setting.push(a, b, c, d);
    expect(usdOf(await live.has(4))).toEqual([a, b, c, d].map(({ usd }) => usd));
  });

  test('keeps the order of an observation and its correction in one batch', async () => {
    const live = await subscribeLive({ coinIds: ['bitcoin'] });
    const at = new Date('2026-03-10T12:00:00Z');
    const [first, second] = [next(), next()];
    await setting.push(
      updateOf('bitcoin', first, { usd: '7' as never, observedAt: at }),
      updateOf('bitcoin', second, { usd: '8' as never, observedAt: at, correction: true }),
    );
    expect(usdOf(await live.has(2))).toEqual(['7', '8']);
  });

  test('a record that cannot be read is passed over', async () => {
    const live = await subscribeLive({ coinIds: ['bitcoin'] });
    const good = updateOf('bitcoin', next());
    await setting.log.append(UPDATES_TOPIC, [{ key: 'bitcoin', value: Buffer.from('{"coinId":'), partition: good.sourcePartition }]);
    await setting.push(good);
    expect(usdOf(await live.has(1))).toEqual([good.usd]);
  });
});

describe('coins that are not tracked', () => {
  const ALERTS = 'subscription ($coinIds: [ID!]) { alertTriggered(coinIds: $coinIds) { id } }';
  const CANDLES = 'subscription ($coinId: ID!) { candleUpdated(coinId: $coinId, interval: ONE_MINUTE) { close } }';

  test.each([
    [
      'priceUpdated',
      PRICES,
      { coinIds: ['bitcoin', 'bitcion', '', 'BTC'] },
      'Not tracked: "bitcion", "", "BTC"; name coins that the query coins returns',
    ],
    ['alertTriggered', ALERTS, { coinIds: ['nope'] }, 'Not tracked: "nope"; name coins that the query coins returns'],
    ['candleUpdated', CANDLES, { coinId: 'x'.repeat(500) }, `Not tracked: "${'x'.repeat(60)}"; name coins that the query coins returns`],
    [
      'many',
      PRICES,
      { coinIds: Array.from({ length: 250 }, (_, n) => `c${n}`) },
      'Not tracked: "c0", "c1", "c2", "c3", "c4" and 245 more; name coins that the query coins returns',
    ],
    ['too many', PRICES, { coinIds: Array(251).fill('bitcoin') }, 'coinIds: 251 ids; name 1 to 250, or leave them out for all coins'],
    ['none', ALERTS, { coinIds: [] }, 'coinIds: 0 ids; name 1 to 250, or leave them out for all coins'],
    ['no text', CANDLES, { coinId: 'a\u0000b' }, 'Text may not contain the character U+0000: leave it out'],
  ])('%s: is told so, and ends', async (_, query, variables, message) => {
    const refused = await subscribe(variables, query);
    await refused.has(1);
    expect(refused.errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(await refused.ended).toBeNull();
  });

  test('a cursor resumes, also for a coin that has gone since', async () => {
    const live = await subscribeLive({ coinIds: ['dogecoin'] });
    const [first, second] = [updateOf('dogecoin', next()), updateOf('dogecoin', next())];
    await setting.push(first, second);
    const [seen] = await live.has(2);
    await setting.db.pool.query(`DELETE FROM ops.tracked_coins WHERE coin_id = 'dogecoin'`);
    const resumed = await subscribe({ coinIds: ['dogecoin'], after: seen?.priceUpdated.cursor });
    expect(usdOf(await resumed.has(1))).toEqual([second.usd]);
  });
});

describe('resuming', () => {
  test('a cursor goes on after the gateway was replaced: all that came meanwhile, once, then live', async () => {
    const coins = ['bitcoin', 'ethereum', 'tether', 'dogecoin'];
    const before = await subscribeLive();
    const pushed: string[] = [];
    const push = async (count: number) => {
      const updates = Array.from({ length: count }, (_, index) => updateOf(coins[index % 4] as string, next()));
      pushed.push(...updates.map(({ usd }) => usd));
      await setting.push(...updates);
      return updates;
    };
    await push(20);
    await before.has(20);
    // The client has read no further than the twelfth; the gateway dies.
    const seen = before.data.slice(0, 12);
    await gateway.close();
    const repeated = await push(30);
    await setting.push(...repeated.slice(-10)); // the publisher died too
    gateway = await setting.startGateway();
    const after = await subscribe({ after: lastCursor(seen) });
    await after.has(38);
    await push(10);
    await after.has(48);
    const told = [...usdOf(seen), ...usdOf(after.data)];
    expect(told.toSorted()).toEqual(pushed.toSorted());
    for (const coinId of coins) {
      const ofCoin = [...seen, ...after.data].filter(({ priceUpdated }) => priceUpdated.coinId === coinId);
      expect(usdOf(ofCoin)).toEqual(usdOf(ofCoin).toSorted((a, b) => Number(a) - Number(b)));
    }
  });

  test('a cursor of a filtered subscription remembers what it skipped', async () => {
    const filtered = await subscribeLive({ coinIds: ['bitcoin'] });
    await setting.push(updateOf('tether', next()), updateOf('bitcoin', next()), updateOf('ethereum', next()));
    const after = lastCursor(await filtered.has(1));
    await setting.push(updateOf('tether', next()), updateOf('bitcoin', next()));
    const missed = usdOf(await filtered.has(2)).slice(1);
    const resumed = await subscribe({ coinIds: ['bitcoin'], after });
    expect(usdOf(await resumed.has(1))).toEqual(missed);
  });

  test('one that nothing followed goes on live', async () => {
    const live = await subscribeLive({ coinIds: ['bitcoin'] });
    await setting.push(updateOf('bitcoin', next()));
    const resumed = await subscribe({ coinIds: ['bitcoin'], after: lastCursor(await live.has(1)) });
    const update = updateOf('bitcoin', next());
    await setting.push(update);
    expect(usdOf(await resumed.has(1))).toEqual([update.usd]);
  });

  test('what was never a cursor is BAD_USER_INPUT', async () => {
    for (const after of ['', 'nonsense', 'bm9uc2Vuc2U', Buffer.from('a|1.z').toString('base64url'), 'x'.repeat(10_000)]) {
      const resumed = await subscribe({ after });
      await resumed.has(1);
      expect(resumed.errors.map(({ extensions }) => extensions?.code)).toEqual(['BAD_USER_INPUT']);
      expect(await resumed.ended).toBeNull();
    }
  });

  test('a cursor of another log, or beyond its end, is CURSOR_EXPIRED', async () => {
    const live = await subscribeLive({ coinIds: ['bitcoin'] });
    await setting.push(updateOf('bitcoin', next()));
    const cursor = Buffer.from(lastCursor(await live.has(1)) as string, 'base64url').toString();
    const other = cursor.replace(/^[^|]+/, '00000000-0000-4000-8000-000000000000');
    const beyond = cursor.replace(/\|[0-9a-f]+/, '|ffffff');
    for (const text of [other, beyond]) {
      const resumed = await subscribe({ after: Buffer.from(text).toString('base64url') });
      await resumed.has(1);
      expect(resumed.errors.map(({ extensions }) => extensions?.code)).toEqual(['CURSOR_EXPIRED']);
    }
  });

  test('a cursor below what is kept is CURSOR_EXPIRED, never a silent gap', async () => {
    const live = await subscribeLive({ coinIds: ['bitcoin'] });
    await setting.push(updateOf('bitcoin', next()), updateOf('bitcoin', next()));
    const [first] = await live.has(2);
    await setting.db.pool.query(`UPDATE ops.log_records SET appended_at = appended_at - interval '2 days' WHERE topic = $1`, [
      UPDATES_TOPIC,
    ]);
    await trimLog(setting.db, { topic: UPDATES_TOPIC, partitions: 3, retentionMs: 86_400_000 }, false);
    const stale = await subscribe({ coinIds: ['bitcoin'], after: first?.priceUpdated.cursor });
    await stale.has(1);
    expect(stale.errors.map(({ extensions }) => extensions?.code)).toEqual(['CURSOR_EXPIRED']);
    const fresh = await subscribe({ coinIds: ['bitcoin'], after: lastCursor(live.data) });
    const update = updateOf('bitcoin', next());
    await setting.push(update);
    expect(usdOf(await fresh.has(1))).toEqual([update.usd]);
  });
});
