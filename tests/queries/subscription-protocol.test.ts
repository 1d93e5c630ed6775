/** graphql-transport-ws to the letter, and the gateway's rules on it: origins, keys, limits, sharing, draining, a log that is away. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { type LiveGateway, type LiveSetting, openLiveSetting, updateOf } from '../kit/live.js';

const KEY = 'k3y-of-the-operator';
interface Message {
  id?: string;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test reads the fields that it asked for
  payload?: any;
}

let setting: LiveSetting;
let gateway: LiveGateway;
beforeAll(async () => {
  setting = await openLiveSetting();
  gateway = await setting.startGateway({ adminApiKey: KEY });
});
afterAll(() => setting.close());

let positions = 0;
const push = () => setting.push(updateOf('bitcoin', ++positions));

class Socket {
  readonly messages: Message[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #news = Promise.withResolvers<void>();

  private constructor(readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })));
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    });
  }

  static async open(options: { init?: object | null; at?: LiveGateway } = {}): Promise<Socket> {
    const { init = {}, at = gateway } = options;
    const socket = new Socket(new WebSocket(at.url, 'graphql-transport-ws'));
    await once(socket.socket, 'open');
    if (init === null) return socket;
    socket.send({ type: 'connection_init', payload: init });
    expect(await socket.next((message) => message.type === 'connection_ack')).toEqual({ type: 'connection_ack' });
    return socket;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables?: object): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  /** The first message of that kind, whenever it came. */
  async next(matches: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(matches);
      if (found !== undefined) return found;
      await Promise.race([this.#news.promise, this.closed.then(({ code }) => Promise.reject(new Error(`closed: ${code}`)))]);
    }
  }

  /** Pushes until the subscription has got something. */
  async stands(id: string): Promise<void> {
    while (!this.messages.some((message) => message.id === id)) {
      await push();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

describe('the protocol', () => {
  test('next, complete by the client, and the id is free again', async () => {
    const client = await Socket.open();
    client.subscribe('a "quoted" id', 'subscription { priceUpdated { usd } }');
    await client.stands('a "quoted" id');
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
    const early = await Socket.open({ init: null });
    early.subscribe('1', 'subscription { priceUpdated { usd } }');
    expect((await early.closed).code).toBe(4401);
    const twice = await Socket.open();
    twice.subscribe('1', 'subscription { priceUpdated { usd } }');
    twice.subscribe('1', 'subscription { priceUpdated { usd } }');
    expect((await twice.closed).code).toBe(4409);
    const greeted = await Socket.open();
    greeted.send({ type: 'connection_init' });
    expect((await greeted.closed).code).toBe(4429);
    const nonsense = await Socket.open();
    nonsense.socket.send('{');
    expect((await nonsense.closed).code).toBe(4400);
    const large = await Socket.open();
    large.subscribe('1', `{ platform { realm } } # ${'x'.repeat(200_000)}`);
    expect((await large.closed).code).toBe(1009);
    const other = new WebSocket(gateway.url, 'graphql-ws');
    other.on('error', () => {}); // it offered what nobody speaks
    expect(await new Promise((resolve) => other.once('close', resolve))).toBe(1006);
  });
});

describe('the gateway', () => {
  test('refuses foreign pages, foreign names and other paths at the door', async () => {
    const statusOf = async (url: string, options: object) => {
      const socket = new WebSocket(url, 'graphql-transport-ws', options);
      socket.on('error', () => {}); // the refusal, once more
      const [, response] = await once(socket, 'unexpected-response');
      return response.statusCode;
    };
    expect(await statusOf(gateway.url, { origin: 'https://evil.example' })).toBe(403);
    expect(await statusOf(gateway.url, { headers: { host: 'evil.example' } })).toBe(403);
    expect(await statusOf(gateway.url.replace('/graphql', '/other'), {})).toBe(404);
    const own = new WebSocket(gateway.url, 'graphql-transport-ws', { origin: gateway.url.replace('ws:', 'http:').replace('/graphql', '') });
    await once(own, 'open');
    own.close();
  });

  test('has the same limits and codes as over HTTP', async () => {
    const client = await Socket.open();
    const deep = `{ coins { nodes ${'{ alerts { nodes { coin '.repeat(6)} { id } ${'} } }'.repeat(6)} } }`;
    const costly = '{ coins(first: 200) { nodes { candles(interval: ONE_DAY, first: 1000) { open } } } }';
    const many = `subscription { priceUpdated { ${Array.from({ length: 101 }, (_, index) => `a${index}: usd`).join(' ')} } }`;
    const cases: [string, string][] = [
      ['{ nothing }', 'BAD_USER_INPUT'],
      ['subscription { priceUpdated { usd }', 'BAD_USER_INPUT'],
      ['subscription { priceUpdated { usd } alertTriggered { id } }', 'BAD_USER_INPUT'],
      [deep, 'QUERY_TOO_COMPLEX'],
      [costly, 'QUERY_TOO_COMPLEX'],
      [many, 'QUERY_TOO_COMPLEX'],
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

  test('bounds the operations of one connection', async () => {
    const client = await Socket.open();
    for (let index = 0; index <= 100; index++) client.subscribe(`${index}`, 'subscription { priceUpdated { usd } }');
    const refused = await client.next(({ type }) => type === 'error');
    expect(refused).toMatchObject({ id: '100', payload: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }] });
    client.socket.close();
  });

  test("takes the operator's key from the connection's parameters", async () => {
    const codes = [];
    for (const init of [{}, { authorization: 'Bearer wrong' }, { authorization: ['odd'] }, { authorization: `Bearer ${KEY}` }]) {
      const client = await Socket.open({ init });
      client.subscribe('1', '{ deadLetters { nodes { id } } }');
      const { payload } = await client.next(({ id }) => id === '1');
      codes.push(payload.errors?.[0].extensions.code ?? payload.data.deadLetters.nodes.length);
      client.socket.close();
    }
    expect(codes).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED', expect.any(Number)]);
  });

  test('executes equal subscriptions once, others on their own', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => Socket.open()));
    const query = 'subscription ($coinIds: [ID!]) { priceUpdated(coinIds: $coinIds) { usd coin { name } } }';
    const subscribed = jest.spyOn(gateway.live, 'priceUpdates');
    for (const [index, client] of clients.entries()) {
      client.subscribe(`c${index}`, query, { coinIds: ['bitcoin'] });
      await client.stands(`c${index}`);
    }
    const odd = await Socket.open();
    odd.subscribe('odd', query, { coinIds: ['bitcoin', 'tether'] });
    await odd.stands('odd');
    expect(subscribed).toHaveBeenCalledTimes(2);
    const queries = jest.spyOn(setting.db.pool, 'query');
    const loads = () => queries.mock.calls.filter(([statement]) => (statement as { text?: string }).text?.includes('mart_coins')).length;
    const last = updateOf('bitcoin', ++positions);
    await setting.push(last);
    for (const client of [...clients, odd]) await client.next(({ payload }) => payload?.data?.priceUpdated.usd === last.usd);
    expect(loads()).toBe(2);
    // Those who stay are not disturbed by those who leave.
    for (const client of clients.slice(1)) client.socket.close();
    const later = updateOf('bitcoin', ++positions);
    await setting.push(later);
    await clients[0]?.next(({ payload }) => payload?.data?.priceUpdated.usd === later.usd);
    jest.restoreAllMocks();
    clients[0]?.socket.close();
    odd.socket.close();
  });

  test('lets go of everything when a client goes', async () => {
    const client = await Socket.open();
    client.subscribe('1', 'subscription { priceUpdated { usd source } }');
    client.subscribe('2', 'subscription { candleUpdated(coinId: "bitcoin", interval: ONE_DAY) { open } }');
    await client.stands('1');
    client.socket.terminate();
    while (gateway.live.connections() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const subscribed = jest.spyOn(gateway.live, 'priceUpdates');
    const again = await Socket.open();
    again.subscribe('1', 'subscription { priceUpdated { usd source } }');
    await again.stands('1');
    expect(subscribed).toHaveBeenCalledTimes(1); // the group of before is gone
    jest.restoreAllMocks();
    again.socket.close();
  });

  test('closes subscriptions with 1013 while the log is away, serves queries, and comes back by itself', async () => {
    let outage = { onOutage: (_error: unknown) => {}, onRecovered: () => {} };
    const log: EventLog = Object.assign(Object.create(setting.log), {
      async consume(options: Parameters<EventLog['consume']>[0]) {
        outage = { onOutage: (error) => options.onOutage?.(error), onRecovered: () => options.onRecovered?.() };
        return setting.log.consume(options);
      },
      ...Object.fromEntries(
        (['topicId', 'bounds', 'append', 'offsetAt', 'replay'] as const).map((name) => [
          name,
          (setting.log[name] as (...args: unknown[]) => unknown).bind(setting.log),
        ]),
      ),
    });
    // The alerts' follower starts last: what `outage` says is of its consumer, or of the updates': either will do.
    const other = await setting.startGateway({ log });
    const subscriber = await Socket.open({ at: other });
    subscriber.subscribe('1', 'subscription { alertTriggered { id } }');
    subscriber.subscribe('2', 'subscription { priceUpdated { usd } }');
    await subscriber.stands('2');
    outage.onOutage(new Error('gone'));
    expect((await subscriber.closed).code).toBe(1013);
    expect(other.live.available).toBe(false);
    const late = await Socket.open({ at: other });
    late.subscribe('q', '{ platform { realm } }');
    expect((await late.next(({ id }) => id === 'q')).payload.data).toEqual({ platform: { realm: 'SIMULATED' } });
    late.subscribe('1', 'subscription { priceUpdated { usd } }');
    late.subscribe('2', 'subscription { alertTriggered { id } }');
    expect((await late.closed).code).toBe(1013);
    outage.onRecovered();
    const back = await Socket.open({ at: other });
    back.subscribe('1', 'subscription { priceUpdated { usd } }');
    await back.stands('1');
    await other.close();
    expect((await back.closed).code).toBe(1012);
  });

  test('closes with 1012 when it drains, and takes no more', async () => {
    const other = await setting.startGateway();
    const [client, silent] = await Promise.all([Socket.open({ at: other }), Socket.open({ at: other, init: null })]);
    client.subscribe('1', 'subscription { priceUpdated { usd } }');
    await client.stands('1');
    await other.close();
    expect(await client.closed).toEqual({ code: 1012, reason: expect.stringContaining('cursor') });
    expect((await silent.closed).code).toBe(1012);
    const refused = new WebSocket(other.url, 'graphql-transport-ws');
    await expect(once(refused, 'open')).rejects.toThrow();
  });
});
