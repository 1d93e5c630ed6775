/** Ids of operations on a WebSocket: each stands for one operation at a time, and counts until that is done. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LiveGateway, type LiveSetting, openLiveSetting, updateOf } from '../kit/live.js';
import { waitFor } from '../kit/wait-for.js';
import { Socket } from '../kit/web-socket.js';

const PRICES = 'subscription { priceUpdated { usd } }';
/** Is opened with a look into the database. */
const PRICES_OF_BITCOIN = 'subscription { priceUpdated(coinIds: ["bitcoin"]) { usd } }';
const WITHIN = { withinMs: 20_000, everyMs: 5 };
const COINS = '{ coins { nodes { id } } }';

let setting: LiveSetting;
let gateway: LiveGateway;
beforeAll(async () => {
  setting = await openLiveSetting();
  gateway = await setting.startGateway();
});
afterAll(() => setting.close());

let positions = 0;
const subscriptions = () => gateway.live.counts()?.subscriptions;

/** So that they arrive together. */
/** Whoever asks for coins waits from now on. Returns how to let them go on. */
async function lockCoins(): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const work = setting.db.transaction(async (tx) => {
    await tx.query('LOCK TABLE mart.mart_coins, ops.tracked_coins');
    locked.resolve();
    await done.promise;
  });
  await locked.promise;
  return async () => {
    done.resolve();
    await work;
  };
}

/** All that the client is told while one update reaches everybody. */
async function toldOfOneUpdate(client: Socket): Promise<unknown[]> {
  const update = updateOf('bitcoin', ++positions);
  const witness = await Socket.open(gateway.url);
  witness.subscribe('witness', PRICES);
  await waitFor('all subscriptions stand', () => subscriptions() === 2, WITHIN);
  await setting.push(update);
  await witness.next(({ payload }) => payload?.data?.priceUpdated.usd === update.usd);
  await client.next(({ payload }) => payload?.data?.priceUpdated.usd === update.usd);
  client.send({ type: 'ping' });
  await client.next(({ type }) => type === 'pong');
  witness.socket.terminate();
  return client.messages.filter(({ type }) => type === 'next' || type === 'complete').map(({ id, payload }) => [id, payload]);
}

test('an id that is completed and used again in one breath stands for the new subscription', async () => {
  const client = await Socket.open(gateway.url);
  client.inOneSegment(() => {
    client.subscribe('1', PRICES);
    client.send({ id: '1', type: 'complete' });
    client.subscribe('1', PRICES);
  });
  expect(await toldOfOneUpdate(client)).toEqual([['1', { data: { priceUpdated: { usd: `${positions}.5` } } }]]);
  client.socket.terminate();
  await waitFor('nothing is left', () => subscriptions() === 0, WITHIN);
});

test('a connection that uses an id again before its operation is done is closed, and leaves nothing behind', async () => {
  const client = await Socket.open(gateway.url);
  const unlock = await lockCoins();
  client.inOneSegment(() => {
    client.subscribe('1', PRICES_OF_BITCOIN);
    client.send({ id: '1', type: 'complete' });
    client.subscribe('1', PRICES_OF_BITCOIN);
  });
  expect((await client.closed).code).toBe(4409);
  await unlock();
  await waitFor('nothing is left', () => subscriptions() === 0, WITHIN);
});

test('the operations of one connection are bounded', async () => {
  const client = await Socket.open(gateway.url);
  for (let index = 0; index <= 100; index++) client.subscribe(`${index}`, PRICES);
  const refused = await client.next(({ type }) => type === 'error');
  expect(refused).toMatchObject({ id: '100', payload: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }] });
  client.socket.close();
});

test('operations that a client has completed count until they are done', async () => {
  const client = await Socket.open(gateway.url);
  const unlock = await lockCoins();
  for (let index = 0; index < 300; index++) {
    client.subscribe(`${index}`, COINS);
    client.send({ id: `${index}`, type: 'complete' });
  }
  client.send({ type: 'ping' });
  await client.next(({ type }) => type === 'pong');
  const refused = client.messages.filter(({ type }) => type === 'error');
  await unlock();
  expect(refused.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, index) => `${index + 100}`));
  expect(refused[0]?.payload[0].extensions.code).toBe('QUERY_TOO_COMPLEX');
  await waitFor(
    'there is room again',
    async () => {
      const id = `again ${performance.now()}`;
      client.subscribe(id, '{ platform { realm } }');
      return (await client.next((message) => message.id === id)).type === 'next';
    },
    WITHIN,
  );
  client.socket.close();
});

test('an operation that the query does not name is told so, and takes no place', async () => {
  const client = await Socket.open(gateway.url);
  for (let index = 0; index <= 100; index++) client.subscribe(`${index}`, 'query A { platform { realm } } query B { platform { realm } }');
  const { payload } = await client.next(({ id }) => id === '100');
  expect(payload[0].extensions.code).toBe('OPERATION_RESOLUTION_FAILURE');
  client.socket.close();
});
