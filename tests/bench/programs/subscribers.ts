/**
 * A thousand sockets of one process, and the hand that starts each message: an update appended to the log that a gateway follows, or a
 * word to a server that broadcasts. So many messages are kept on their way at a time. Argument: a Target as JSON.
 */

import type { Decimal } from '../../../src/domain/decimal.js';
import { partitionOf } from '../../../src/domain/murmur2.js';
import { UPDATES_TOPIC } from '../../../src/domain/prices.js';
import { encodePriceUpdate } from '../../../src/domain/updates.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { UPDATES } from '../../../src/platform/event-log/topics.js';
import { FrameSocket } from '../setting/frame-socket.js';
import { silent } from '../setting/logger.js';
import { openBenchDatabase } from '../setting/postgres.js';
import { coinIds } from '../setting/ticks.js';

export interface Target {
  /** ws://host:port/path */
  url: string;
  sockets: number;
  /** The gateway's: what each subscribes to, and the database of its log; null: others see to updates. Null: a plain broadcast. */
  gateway: { query: string; databaseUrl: string | null } | null;
}

export interface Deliver {
  /** For how long messages are started. */
  seconds: number;
  /** At most so many are on their way. */
  window: number;
}

const target = JSON.parse(process.argv[2] as string) as Target;
const COINS = coinIds(100);
let delivered = 0;
let newest: string | null = null;
let onDelivered: () => void = () => {};

const trigger = await openTrigger();
const sockets = await openAll();
process.on('message', async ({ seconds, window }: Deliver) => process.send?.(await deliver(seconds, window)));
process.on('SIGTERM', () => {
  for (const socket of sockets) socket.close();
  process.exit(0);
});
if (target.gateway?.databaseUrl !== null) await untilAllHear();
process.send?.(newest ?? 'ready');

/** Deliveries a second. */
async function deliver(seconds: number, window: number): Promise<number> {
  delivered = 0;
  const done = Promise.withResolvers<void>();
  let sent = 0;
  const started = performance.now();
  const until = started + seconds * 1_000;
  onDelivered = () => {
    while (performance.now() < until && sent - delivered / sockets.length < window) {
      sent++;
      trigger();
    }
    if (delivered === sent * sockets.length && performance.now() >= until) done.resolve();
  };
  onDelivered();
  await done.promise;
  onDelivered = () => {};
  return delivered / ((performance.now() - started) / 1_000);
}

async function openAll(): Promise<FrameSocket[]> {
  const all: FrameSocket[] = [];
  for (let number = 0; number < target.sockets; number++) all.push(await openOne(number === 0));
  return all;
}

async function openOne(keepsText: boolean): Promise<FrameSocket> {
  const socket = await FrameSocket.open(target.url, target.gateway === null ? null : 'graphql-transport-ws', fail);
  if (target.gateway !== null) {
    const acknowledged = new Promise<void>((resolve) => {
      socket.onText = () => resolve();
    });
    socket.send('{"type":"connection_init"}');
    await acknowledged;
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: target.gateway.query } }));
  }
  socket.onText = (payload) => {
    if (keepsText) newest = payload.toString();
    delivered++;
    onDelivered();
  };
  return socket;
}

/** A subscription says nothing of its start: messages are sent until one of them reaches everybody. */
async function untilAllHear(): Promise<void> {
  for (let before = -1; delivered - before !== sockets.length; ) {
    before = delivered;
    trigger();
    await quiet();
  }
}

/** Until nothing came for a moment. */
async function quiet(): Promise<void> {
  for (let seen = -1; seen !== delivered; ) {
    seen = delivered;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

async function openTrigger(): Promise<() => void> {
  if (target.gateway !== null) return target.gateway.databaseUrl === null ? () => {} : appendTo(target.gateway.databaseUrl);
  const control = await FrameSocket.open(`${target.url}control`, null, fail);
  return () => control.send('now');
}

/** One update, one append, as ticks come. */
function appendTo(databaseUrl: string): () => void {
  const log = createPostgresEventLog(openBenchDatabase(databaseUrl, 4), silent);
  let position = 0;
  return () => {
    const coinId = COINS[position % COINS.length] as string;
    const sourcePartition = partitionOf(coinId, UPDATES.partitions);
    const value = encodePriceUpdate({
      coinId,
      usd: `${64_000 + (position % 1_000)}.25` as Decimal,
      previousUsd: '64000.25' as Decimal,
      suspect: false,
      correction: false,
      observedAt: new Date(),
      source: 'simulator',
      sourcePartition,
      sourcePosition: BigInt(position++),
      ordinal: 0,
    });
    log.append(UPDATES_TOPIC, [{ key: coinId, value: Buffer.from(value), partition: sourcePartition }]).catch(fail);
  };
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
