/** graphql-transport-ws to the letter, and the gateway's rules on it: origins, keys, limits, sharing, draining. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { MOST_CONNECTIONS } from '../../graphql/live/web-socket.js';
import { type LiveGateway, type LiveSetting, openLiveSetting, updateOf } from '../kit/live.js';
import { Socket } from '../kit/web-socket.js';

const KEY = 'k3y-of-the-operator';

let setting: LiveSetting;
let gateway: LiveGateway;
beforeAll(async () => {
  setting = await openLiveSetting();
  gateway = await setting.startGateway({ adminApiKey: KEY });
});
afterAll(() => setting.close());

let positions = 0;
const push = () => setting.push(updateOf('bitcoin', ++positions));

/** Pushes until the subscription has got something: there is no answer to a subscription as such. */
async function stands(client: Socket, id: string): Promise<void> {
  while (!client.messages.some((message) => message.id === id)) {
    await push();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the protocol', () => {
  test('next, complete by the client, and the id is free again', async () => {
    const client = await Socket.open(gateway.url);
    client.subscribe('a "quoted" id', 'subscription { priceUpdated { usd } }');
    await stands(client, 'a "quoted" id');
    expect(client.messages[1]).toEqual({
      id: 'a "quoted" id',
      type: 'next',
      payload: { data: { priceUpdated: { usd: expect.any(String) } } },
    });
    client.send({ id: 'a "quoted" id', type: 'complete' });
    client.send({ type: 'ping' });
    await client.next(({ type }) => type === 'pong');
    const before = client.messages.length;
    await push();
    client.subscribe('a "quoted" id', '{ platform { realm } }');
    await client.next(({ type }) => type === 'complete');
    expect(client.messages.slice(before)).toEqual([
      { id: 'a "quoted" id', type: 'next', payload: { data: { platform: { realm: 'SIMULATED' } } } },
      { id: 'a "quoted" id', type: 'complete' },
    ]);
    client.socket.close();
  });

  test('the codes of what breaks it', async () => {
    const early = await Socket.open(gateway.url, null);
    early.subscribe('1', 'subscription { priceUpdated { usd } }');
    expect((await early.closed).code).toBe(4401);
    const twice = await Socket.open(gateway.url);
    twice.subscribe('1', 'subscription { priceUpdated { usd } }');
    twice.subscribe('1', 'subscription { priceUpdated { usd } }');
    expect((await twice.closed).code).toBe(4409);
    const greeted = await Socket.open(gateway.url);
    greeted.send({ type: 'connection_init' });
    expect((await greeted.closed).code).toBe(4429);
    const nonsense = await Socket.open(gateway.url);
    nonsense.socket.send('{');
    expect((await nonsense.closed).code).toBe(4400);
    const large = await Socket.open(gateway.url);
    large.subscribe('1', `{ platform { realm } } # ${'x'.repeat(200_000)}`);
    expect((await large.closed).code).toBe(1009);
    const other = new WebSocket(gateway.url, 'graphql-ws');
    other.on('error', () => {}); // it offered what nobody speaks
    expect(await new Promise((resolve) => other.once('close', resolve))).toBe(1006);
  });
});

test('who asks and does not read is not read either, and gets every answer once it does', async () => {
  const client = await Socket.open(gateway.url);
  client.socket.pause();
  const pings = 30_000;
  const payload = { filler: 'x'.repeat(1_000) };
  for (let count = 0; count < pings; count++) {
    client.send({ type: 'ping', payload });
    if (count % 1_000 === 0) client.socket.ping(Buffer.alloc(100));
  }
  // 30 MB: until nothing moves any more.
  for (let before = -1; before !== client.socket.bufferedAmount; ) {
    before = client.socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(client.socket.bufferedAmount).toBeGreaterThan(10_000_000);
  client.socket.resume();
  while (client.messages.length <= pings) await Promise.race([once(client.socket, 'message'), client.closed]);
  expect(client.messages.at(-1)).toEqual({ type: 'pong', payload });
  client.socket.close();
});

async function statusOf(url: string, options: object = {}): Promise<number> {
  const socket = new WebSocket(url, 'graphql-transport-ws', options);
  socket.on('error', () => {}); // the refusal, once more
  const [, response] = await once(socket, 'unexpected-response');
  return response.statusCode;
}

describe('the gateway', () => {
  test('refuses foreign pages, foreign names and other paths at the door', async () => {
    expect(await statusOf(gateway.url, { origin: 'https://evil.example' })).toBe(403);
    expect(await statusOf(gateway.url, { headers: { host: 'evil.example' } })).toBe(403);
    expect(await statusOf(gateway.url.replace('/graphql', '/other'), {})).toBe(404);
    const own = new WebSocket(gateway.url, 'graphql-transport-ws', { origin: gateway.url.replace('ws:', 'http:').replace('/graphql', '') });
    await once(own, 'open');
    own.close();
  });

  test('lets go of whom it refuses, also where the other side never closes', async () => {
    const other = await setting.startGateway();
    const { port } = new URL(other.url);
    const stubborn = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
    stubborn.write(`GET /other HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    expect(String((await once(stubborn, 'data'))[0])).toContain('404 Not Found');
    await other.close(); // waits for what is open
    stubborn.destroy();
  });

  test('has the same limits and codes as over HTTP', async () => {
    const client = await Socket.open(gateway.url);
    const deep = `{ coins { nodes ${'{ alerts { nodes { coin '.repeat(6)} { id } ${'} } }'.repeat(6)} } }`;
    const costly = '{ coins(first: 200) { nodes { candles(interval: ONE_DAY, first: 1000) { open } } } }';
    const many = `subscription { priceUpdated { ${Array.from({ length: 101 }, (_, index) => `a${index}: usd`).join(' ')} } }`;
    const cases: [string, string][] = [
      ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription { priceUpdated { usd }', 'GRAPHQL_PARSE_FAILED'],
      ['subscription { priceUpdated { usd } alertTriggered { id } }', 'GRAPHQL_VALIDATION_FAILED'],
      [deep, 'QUERY_TOO_COMPLEX'],
      [costly, 'QUERY_TOO_COMPLEX'],
      [many, 'QUERY_TOO_COMPLEX'],
      // What a query may ask for once is too much for each event.
      ['subscription { priceUpdated { coin { candles(interval: ONE_DAY, first: 1000) { open } } } }', 'QUERY_TOO_COMPLEX'],
      // A subscription has to have its field.
      ['subscription { priceUpdated @skip(if: true) { usd } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription { ...A @include(if: false) } fragment A on Subscription { priceUpdated { usd } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription { ... { ...A } } fragment A on Subscription { priceUpdated @skip(if: true) { usd } }', 'GRAPHQL_VALIDATION_FAILED'],
    ];
    for (const [index, [query, code]] of cases.entries()) {
      client.subscribe(`${index}`, query);
      const { type, payload } = await client.next(({ id }) => id === `${index}`);
      expect([query, type, payload[0].extensions.code]).toEqual([query, 'error', code]);
    }
    client.subscribe('ids', 'subscription ($ids: [ID!]) { priceUpdated(coinIds: $ids) { usd } }', {
      ids: Array.from({ length: 251 }, String),
    });
    expect((await client.next(({ id }) => id === 'ids')).payload.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    client.socket.close();
  });

  test('variables nested deeper than can be written are answered as any others', async () => {
    const client = await Socket.open(gateway.url);
    const deep = `${'['.repeat(40_000)}${']'.repeat(40_000)}`;
    const send = (id: string, variables: string) =>
      client.socket.send(
        `{"id":"${id}","type":"subscribe","payload":{"query":"query ($id: ID!) { coin(id: $id) { id } }","variables":${variables}}}`,
      );
    send('wrong', `{"id":${deep}}`);
    expect((await client.next(({ id }) => id === 'wrong')).payload.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    send('needless', `{"id":"bitcoin","more":${deep}}`);
    expect((await client.next(({ id }) => id === 'needless')).payload.data).toEqual({ coin: { id: 'bitcoin' } });
    client.socket.close();
  });

  test('takes no more connections than it can bear, answers HTTP meanwhile, and takes others once some have gone', async () => {
    const other = await setting.startGateway();
    const clients: Socket[] = [];
    while (clients.length < MOST_CONNECTIONS)
      clients.push(...(await Promise.all(Array.from({ length: 100 }, () => Socket.open(other.url)))));
    expect(await statusOf(other.url)).toBe(503);
    const query = new URL(`${other.url.replace('ws:', 'http:')}?query={platform{realm}}`);
    expect((await fetch(query, { headers: { 'apollo-require-preflight': 'true' } })).status).toBe(200);
    for (const client of clients.slice(1)) client.socket.close();
    while (other.live.connections() >= MOST_CONNECTIONS) await new Promise((resolve) => setTimeout(resolve, 5));
    (await Socket.open(other.url)).socket.close();
    await other.close();
  }, 120_000);

  test("takes the operator's key from the connection's parameters", async () => {
    const codes = [];
    for (const init of [{}, { authorization: 'Bearer wrong' }, { authorization: ['odd'] }, { authorization: `Bearer ${KEY}` }]) {
      const client = await Socket.open(gateway.url, init);
      client.subscribe('1', '{ deadLetters { nodes { id } } }');
      const { payload } = await client.next(({ id }) => id === '1');
      codes.push(payload.errors?.[0].extensions.code ?? payload.data.deadLetters.nodes.length);
      client.socket.close();
    }
    expect(codes).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED', expect.any(Number)]);
  });

  /** How often the coins of one update are read: once for each execution that asks for them. */
  async function executionsOfOneUpdate(audience: Socket[]): Promise<number> {
    await reach(audience); // what was pushed before has been told by then
    const queries = jest.spyOn(setting.db.pool, 'query');
    await reach(audience);
    const count = queries.mock.calls.filter(([statement]) => (statement as { text?: string }).text?.includes('mart_coins')).length;
    queries.mockRestore();
    return count;
  }

  async function reach(audience: Socket[]): Promise<void> {
    const update = updateOf('bitcoin', ++positions);
    await setting.push(update);
    for (const client of audience) await client.next(({ payload }) => payload?.data?.priceUpdated?.usd === update.usd);
  }

  const WITH_COIN =
    'subscription ($coinIds: [ID!], $after: String) { priceUpdated(coinIds: $coinIds, after: $after) { cursor usd coin { name } } }';

  test('executes equal subscriptions once, others on their own', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => Socket.open(gateway.url)));
    for (const [index, client] of clients.entries()) client.subscribe(`c${index}`, WITH_COIN, { coinIds: ['bitcoin'] });
    const odd = await Socket.open(gateway.url);
    odd.subscribe('odd', WITH_COIN, { coinIds: ['bitcoin', 'tether'] });
    const keyed = await Socket.open(gateway.url, { authorization: `Bearer ${KEY}` });
    keyed.subscribe('keyed', WITH_COIN, { coinIds: ['bitcoin'] });
    for (const [index, client] of clients.entries()) await stands(client, `c${index}`);
    await stands(odd, 'odd');
    await stands(keyed, 'keyed');
    expect(await executionsOfOneUpdate([...clients, odd, keyed])).toBe(3);
    // Those who stay are not disturbed by those who leave.
    for (const client of clients.slice(1)) client.socket.close();
    expect(await executionsOfOneUpdate([...clients.slice(0, 1), odd, keyed])).toBe(3);
    for (const client of [...clients, odd, keyed]) client.socket.close();
  });

  test('an `after` below the root field is no place to begin: whoever asks for another page is not told the same', async () => {
    const query = `subscription ($after: String) { priceUpdated { usd coin { ...F } } }
      fragment F on Coin { alerts(first: 1, after: $after) { nodes { id } pageInfo { endCursor } } }`;
    const [newest, older] = await Promise.all([Socket.open(gateway.url), Socket.open(gateway.url)]);
    newest.subscribe('1', query);
    await stands(newest, '1');
    const first = newest.data[0].priceUpdated.coin.alerts;
    older.subscribe('1', query, { after: first.pageInfo.endCursor });
    await stands(older, '1');
    await reach([newest, older]);
    const shown = [newest, older].map(({ data }) => data.at(-1).priceUpdated.coin.alerts.nodes);
    expect(shown).toEqual([[{ id: 'a2' }], [{ id: 'a1' }]]);
    for (const client of [newest, older]) client.socket.close();
  });

  test('those that resumed, each from its own place, join the others: nothing missed or told twice', async () => {
    const first = await Socket.open(gateway.url);
    first.subscribe('first', WITH_COIN, { coinIds: ['bitcoin'] });
    await stands(first, 'first');
    for (let count = 0; count < 20; count++) await push();
    await first.next(({ payload }) => payload?.data?.priceUpdated.usd === `${positions}.5`);
    const told = first.messages.slice(1).map(({ payload }) => payload.data.priceUpdated);
    const places = told.slice(-15, -1);
    const resumed = await Promise.all(places.map(() => Socket.open(gateway.url)));
    for (const [index, client] of resumed.entries())
      client.subscribe('only', WITH_COIN, { coinIds: ['bitcoin'], after: places[index].cursor });
    for (let count = 0; count < 20; count++) await push();
    await Promise.all(resumed.map((client) => client.next(({ payload }) => payload?.data?.priceUpdated.usd === `${positions}.5`)));
    expect(await executionsOfOneUpdate([first, ...resumed])).toBe(1);
    for (const [index, client] of resumed.entries()) {
      const seen = client.messages.slice(1).map(({ payload }) => Number.parseInt(payload.data.priceUpdated.usd, 10));
      const begun = Number.parseInt(places[index].usd, 10);
      expect(seen).toEqual(Array.from({ length: positions - begun }, (_, count) => begun + 1 + count));
    }
    for (const client of [first, ...resumed]) client.socket.close();
  });

  test('lets go of everything when a client goes', async () => {
    const client = await Socket.open(gateway.url);
    client.subscribe('1', WITH_COIN);
    client.subscribe('2', 'subscription { candleUpdated(coinId: "bitcoin", interval: ONE_DAY) { open } }');
    await stands(client, '1');
    client.socket.terminate();
    while (gateway.live.connections() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const witness = await Socket.open(gateway.url);
    witness.subscribe('1', 'subscription { priceUpdated { usd } }');
    await stands(witness, '1');
    expect(await executionsOfOneUpdate([witness])).toBe(0);
    witness.socket.close();
  });

  test('closes with 1012 when it drains, and takes no more', async () => {
    const other = await setting.startGateway();
    const client = await Socket.open(other.url);
    client.subscribe('1', 'subscription { priceUpdated { usd } }');
    await stands(client, '1');
    const silent = await Socket.open(other.url, null); // it has some seconds to introduce itself
    await other.close();
    expect(await client.closed).toEqual({ code: 1012, reason: expect.stringContaining('cursor') });
    expect((await silent.closed).code).toBe(1012);
    const refused = new WebSocket(other.url, 'graphql-transport-ws');
    await expect(once(refused, 'open')).rejects.toThrow();
  });
});
