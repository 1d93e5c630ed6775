/** The board of candles while the database is slow or away: nothing that matters is skipped, nothing is read twice at once. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { CandleBoard } from '../../../../graphql/live/candles.js';
import type { Decimal } from '../../../../src/domain/decimal.js';
import type { PriceUpdateRecord } from '../../../../src/domain/updates.js';
import type { Database } from '../../../../src/platform/postgres/database.js';
import { openTestDatabase } from '../../../kit/test-database.js';

let db: Database;
/** Readings that the board has begun; each is answered when the test opens its gate. */
const readings: { read: Promise<unknown>; open(): void; fail(error: Error): void }[] = [];
let begun = Promise.withResolvers<void>();
/** What a reading waits for before it looks. */
let beforeReading: Promise<void> | undefined;
let board: CandleBoard;

beforeAll(async () => {
  db = await openTestDatabase();
  const query = async (...args: unknown[]) => {
    await beforeReading;
    const read = (db.pool.query as (...args: unknown[]) => Promise<unknown>).apply(db.pool, args);
    const gate = Promise.withResolvers<void>();
    readings.push({ read, open: gate.resolve, fail: gate.reject });
    begun.resolve();
    await gate.promise;
    return read;
  };
  const slow = { ...db, pool: Object.create(db.pool, { query: { value: query } }) };
  board = new CandleBoard(slow, pino({ level: 'silent' }));
});
afterEach(() => {
  readings.length = 0;
  begun = Promise.withResolvers();
});
afterAll(async () => {
  await board.stop();
  await db.close();
});

/** It has seen the database as it is now. */
async function nextReading() {
  if (readings.length === 0) await begun.promise;
  begun = Promise.withResolvers();
  const reading = readings.shift() as (typeof readings)[number];
  await reading.read;
  return reading;
}

/** As the stream does: the candle, and after the commit the update. */
async function tick(coinId: string, at: string, observations: number): Promise<void> {
  const observedAt = new Date(`2026-03-10T${at}Z`);
  const bucket = new Date(Math.floor((observedAt.getTime() - 1) / 60_000) * 60_000);
  await db.pool.query(
    `INSERT INTO mart.mart_price_candles VALUES ($1, '1m', $2, 1, 2, 0.5, 1, $3, false, $4, $4, $4)
     ON CONFLICT (coin_id, interval, bucket_start) DO UPDATE SET observations = $3`,
    [coinId, bucket, observations, observedAt],
  );
  board.onUpdate({ coinId, observedAt, usd: '1' as Decimal } as PriceUpdateRecord);
}

/** What a reader of the minutes is told: when the bucket starts, and of how many observations it is. */
function open(coinId: string) {
  const feed = board.open({ coinId, interval: '1m' });
  const told: [string, number][] = [];
  const take = async (count: number) => {
    while (told.length < count) {
      const { value } = await feed.next();
      if (value !== undefined) told.push([value.bucketStart.toISOString().slice(11, 16), value.observations]);
    }
  };
  return { feed, told, take };
}

test('a bucket that ends while it is being read is told in its last state before the next one', async () => {
  const { feed, told, take } = open('bitcoin');
  await tick('bitcoin', '12:10:30.000', 1);
  const first = await nextReading();
  await tick('bitcoin', '12:11:00.000', 2);
  await tick('bitcoin', '12:11:00.001', 1);
  expect(readings).toEqual([]); // one at a time
  first.open();
  await take(1);
  (await nextReading()).open();
  await take(3);
  await tick('bitcoin', '12:12:30.000', 7);
  (await nextReading()).open();
  await take(5);
  expect(told).toEqual([
    ['12:10', 1],
    ['12:10', 2],
    ['12:11', 1],
    ['12:11', 1], // once more, as it ended
    ['12:12', 7],
  ]);
  await feed.return();
});

test('a bucket that ended is not told again, though a reading found the next one before it was announced', async () => {
  const { feed, told, take } = open('cardano');
  await tick('cardano', '12:10:10.000', 1);
  (await nextReading()).open();
  await take(1);
  // The second reading waits for a connection, and begins only after the next bucket is committed.
  const connected = Promise.withResolvers<void>();
  beforeReading = connected.promise;
  await tick('cardano', '12:10:20.000', 2);
  await tick('cardano', '12:11:10.000', 1);
  beforeReading = undefined;
  connected.resolve();
  (await nextReading()).open();
  await take(3);
  (await nextReading()).open();
  await take(4);
  await tick('cardano', '12:12:10.000', 1);
  (await nextReading()).open();
  await take(6);
  expect(told).toEqual([
    ['12:10', 1],
    ['12:10', 2],
    ['12:11', 1],
    ['12:11', 1],
    ['12:11', 1],
    ['12:12', 1],
  ]);
  await feed.return();
});

test('a slow reader is told the newest state, and a reading that failed is repeated', async () => {
  const feed = board.open({ coinId: 'ethereum', interval: '1m' });
  await tick('ethereum', '12:10:01.000', 1);
  (await nextReading()).fail(new Error('the database is away'));
  await tick('ethereum', '12:10:02.000', 2);
  (await nextReading()).open();
  await tick('ethereum', '12:10:03.000', 3);
  (await nextReading()).open();
  await new Promise((resolve) => setImmediate(resolve));
  expect((await feed.next()).value?.observations).toBe(3);
  expect(feed.take()).toBeUndefined();
  await feed.return();
  expect((await feed.next()).done).toBe(true);
});

test('nobody listens: nothing is read', async () => {
  await tick('tether', '12:10:01.000', 1);
  const feed = board.open({ coinId: 'tether', interval: '1m' });
  await feed.return();
  await tick('tether', '12:10:02.000', 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(readings).toEqual([]);
});
