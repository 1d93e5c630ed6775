/** Clients that ask for much and do not read it, over WebSocket and HTTP: what waits for them is bounded, in bytes and in time. */
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LiveGateway, type LiveSetting, openLiveSetting } from '../kit/live.js';
import { seedManyCoins } from '../kit/seed.js';
import { waitFor } from '../kit/wait-for.js';
import { Socket } from '../kit/web-socket.js';

const WITHIN = { withinMs: 20_000 };
/** Is answered with over 5 MB. */
const MUCH = `{ coins(first: 200) { nodes { candles(interval: ONE_HOUR, first: 36) {
  ${Array.from({ length: 12 }, (_, index) => `${'x'.repeat(60)}${index}: close`).join(' ')} } } } }`;

let setting: LiveSetting;
let gateway: LiveGateway;
/** The gateway's ends of its TCP connections, newest last. */
const ends: TcpSocket[] = [];
const onConnection = (message: unknown) => void ends.push((message as { socket: TcpSocket }).socket);
beforeAll(async () => {
  setting = await openLiveSetting();
  await seedManyCoins(setting.db, 200);
  gateway = await setting.startGateway();
  diagnostics.subscribe('net.server.socket', onConnection);
});
afterAll(async () => {
  diagnostics.unsubscribe('net.server.socket', onConnection);
  await setting.close();
});

/** Sends so many queries and reads nothing until all are executed. */
async function askWithoutReading(count: number): Promise<{ client: Socket; end: TcpSocket }> {
  const client = await Socket.open(gateway.url);
  const end = ends.at(-1) as TcpSocket;
  client.socket.pause();
  const before = await executed();
  client.inOneSegment(() => {
    for (let index = 0; index < count; index++) client.subscribe(`${index}`, MUCH);
  });
  await waitFor('all are executed', async () => (await executed()) === before + count, WITHIN);
  return { client, end };
}

async function executed(): Promise<number> {
  const text = await (await fetch(gateway.url.replace('ws:', 'http:').replace('/graphql', '/metrics'))).text();
  return Number(/^cdp_graphql_operation_duration_seconds_count\{.*websocket.*\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

test('a WebSocket gets no answers on top of many megabytes: it is closed with 4429', async () => {
  const { client } = await askWithoutReading(10);
  client.socket.resume();
  expect((await client.closed).code).toBe(4429);
  expect(client.data.length).toBeGreaterThan(2);
});

test('a pong that nobody asked for does not pass for reading: nothing is read any more, until there is room', async () => {
  const { client, end } = await askWithoutReading(3);
  expect(end.isPaused()).toBe(false);
  client.socket.pong();
  await waitFor('nothing is read any more', () => end.isPaused(), WITHIN);
  client.socket.resume();
  await client.has(3);
  await waitFor('there is room', () => !end.isPaused(), WITHIN);
  client.socket.close();
});

test('an HTTP connection on which an answer is not read is closed in time', async () => {
  const { hostname, port } = new URL(gateway.url);
  const client = connect({ host: hostname, port: Number(port) });
  await once(client, 'connect');
  client.pause();
  const body = JSON.stringify({ query: MUCH });
  const head = `POST /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  for (let count = 0; count < 5; count++) client.write(head + body); // more than the kernel keeps
  const end = await waitFor('an answer waits to be read', () => ends.find(({ writableLength }) => writableLength > 1_000_000), WITHIN);
  expect(end.timeout).toBe(60_000);
  end.setTimeout(100); // the minute, shortened
  await once(end, 'close');
  client.destroy();
});

test('a WebSocket may be silent', async () => {
  const client = await Socket.open(gateway.url);
  expect(ends.at(-1)?.timeout).toBe(0);
  client.socket.close();
});
