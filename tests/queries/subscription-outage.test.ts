/** A log that is away: what clients see of it, and what is said. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConsumeOptions } from '../../src/platform/event-log/event-log.js';
import { type LiveGateway, type LiveSetting, logWith, openLiveSetting, updateOf } from '../kit/live.js';
import { Socket } from '../kit/web-socket.js';

let setting: LiveSetting;
beforeAll(async () => {
  setting = await openLiveSetting();
});
afterAll(() => setting.close());

let positions = 0;
/** Pushes until the subscription has got something: there is no answer to a subscription as such. */
async function stands(client: Socket, id: string): Promise<void> {
  while (!client.messages.some((message) => message.id === id)) {
    await setting.push(updateOf('bitcoin', ++positions));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const metricsOf = async ({ url }: LiveGateway) => (await fetch(url.replace(/^ws/, 'http').replace('/graphql', '/metrics'))).text();

test('closes subscriptions with 1013 while the log is away, serves queries, and comes back by itself', async () => {
  let outage: Pick<ConsumeOptions, 'onOutage' | 'onRecovered'> = {};
  const log = logWith(setting.log, {
    consume(options) {
      outage = options;
      return setting.log.consume(options);
    },
  });
  // The alerts' follower starts last: what `outage` says is of its consumer, or of the updates': either will do.
  const other = await setting.startGateway({ log });
  const subscriber = await Socket.open(other.url);
  subscriber.subscribe('1', 'subscription { alertTriggered { id } }');
  subscriber.subscribe('2', 'subscription { priceUpdated { usd } }');
  subscriber.subscribe('3', 'subscription { candleUpdated(coinId: "bitcoin", interval: ONE_DAY) { open } }');
  await stands(subscriber, '2');
  while (other.live.counts()?.subscriptions !== 3) await new Promise((resolve) => setTimeout(resolve, 5));
  outage.onOutage?.(new Error('gone'));
  expect((await subscriber.closed).code).toBe(1013);
  expect(other.live.available).toBe(false);
  const late = await Socket.open(other.url);
  late.subscribe('q', '{ platform { realm } }');
  expect((await late.next(({ id }) => id === 'q')).payload.data).toEqual({ platform: { realm: 'SIMULATED' } });
  late.subscribe('1', 'subscription { priceUpdated { usd } }');
  late.subscribe('2', 'subscription { alertTriggered { id } }');
  expect((await late.closed).code).toBe(1013);
  // An outage is not the failure of each client that was there, or tries again.
  const metrics = await metricsOf(other);
  expect(metrics).toMatch(/cdp_websocket_closes_total\{code="1013".* 2/);
  expect(metrics).toMatch(/cdp_graphql_errors_total\{code="INTERNAL_SERVER_ERROR".* 0/);
  outage.onRecovered?.();
  const back = await Socket.open(other.url);
  back.subscribe('1', 'subscription { priceUpdated { usd } }');
  await stands(back, '1');
  await other.close();
  expect((await back.closed).code).toBe(1012);
});

test('who asks for a place in the log before its outage is noticed is to come back too', async () => {
  let away = false;
  const other = await setting.startGateway({
    log: logWith(setting.log, { bounds: async (topic) => (away ? Promise.reject(new Error('gone')) : setting.log.bounds(topic)) }),
  });
  const first = await Socket.open(other.url);
  first.subscribe('1', 'subscription { priceUpdated { cursor } }');
  await stands(first, '1');
  const { cursor } = (await first.next(({ id }) => id === '1')).payload.data.priceUpdated;
  const resume = async () => {
    const client = await Socket.open(other.url);
    client.subscribe('1', `subscription { priceUpdated(after: "${cursor}") { cursor } }`);
    return client;
  };
  away = true;
  expect((await (await resume()).closed).code).toBe(1013);
  expect(await metricsOf(other)).toMatch(/cdp_graphql_errors_total\{code="INTERNAL_SERVER_ERROR".* 0/);
  away = false;
  await stands(await resume(), '1');
  await other.close();
});
