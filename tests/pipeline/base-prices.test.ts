/** What a rule that looks back compares with: the price as the log had it before the tick, whatever was corrected after it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { priceStream } from '../../jobs/streams/prices.js';
import type { Decimal } from '../../src/domain/decimal.js';
import { encodePriceRecord } from '../../src/domain/price-record.js';
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import type { LogRecord } from '../../src/platform/event-log/event-log.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { ensureMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { fixedClock } from '../kit/clock.js';
import { openTestDatabase } from '../kit/test-database.js';
import { leftInOutbox } from './setting/publishers.js';

const START = new Date('2026-03-10T12:00:00Z');
const clock = fixedClock(new Date(START.getTime() + 300_000));
const stream = priceStream({ realm: 'real', retentionDays: null, clock, publisher: leftInOutbox });

let db: Database;
/** Of each partition. */
const offsets = [0n, 0n];
beforeAll(async () => {
  db = await openTestDatabase();
  await db.pool.query(`INSERT INTO ops.tracked_coins VALUES ('bitcoin', 'coingecko', now())`);
  await ensureMonthlyPartitions(db, START, clock.now());
  for (const threshold of ['3', '5'])
    await db.pool.query(
      `INSERT INTO ops.alert_rules (name, kind, threshold, window_minutes, severity, cooldown_seconds, enabled, created_at, updated_at)
       VALUES ('rise', 'PCT_RISE', $1, 1, 'INFO', 0, true, now(), now())`,
      [threshold],
    );
});
afterAll(() => db.close());

/** One batch of [second of the observation, price, second of the receipt]. */
const take = (...ticks: Tick[]) => takeFrom(0, ...ticks);
type Tick = [at: number, price: string, received: number];

async function takeFrom(partition: number, ...ticks: Tick[]): Promise<void> {
  const records = recordsOf(partition, ticks);
  await db.transaction((tx) => stream.process(tx, records));
}

function recordsOf(partition: number, ticks: Tick[]): LogRecord[] {
  const instant = (second: number) => new Date(START.getTime() + second * 1_000);
  return ticks.map(([at, price, received]) => {
    const priceUsd = price as Decimal;
    const tick = {
      source: 'coingecko',
      coinId: 'bitcoin',
      priceUsd,
      observedAt: instant(at),
      receivedAt: instant(received),
      payload: '{}',
    };
    const offset = offsets[partition] as bigint;
    offsets[partition] = offset + 1n;
    const place = { topic: PRICES_TOPIC, partition, offset };
    return { ...place, key: 'bitcoin', value: encodePriceRecord(tick), headers: {}, appendedAt: START };
  });
}

async function alerts() {
  const { rows } = await db.pool.query(
    'SELECT trim_scale(threshold)::text AS threshold, trim_scale(observed)::text AS observed FROM mart.mart_alerts',
  );
  return rows;
}

test('a correction further on in the batch does not reach back, one before the tick does', async () => {
  await take([0, '100', 1]);
  await take([60, '100', 61]); // against the one before: both rules know that they do not hold
  await take([120, '104', 121], [60, '50', 122]); // 4 % above 100; above 50 both rules would fire
  expect(await alerts()).toEqual([{ threshold: '3', observed: '4' }]);
  await take([120, '100', 123]); // the newest one is corrected: no alert of its own, but what the next one looks back at
  await take([180, '102', 181]); // 2 % above 100, and below 104
  await take([240, '108', 241]); // 5.88 % above 102
  expect(await alerts()).toEqual([
    { threshold: '3', observed: '4' },
    { threshold: '3', observed: '5.8824' },
    { threshold: '5', observed: '5.8824' },
  ]);
});

test('a coin that has moved to another partition looks back at what it had in the one before', async () => {
  const before = (await alerts()).length;
  await take([300, '108', 301]); // neither rule holds
  // 4.17 % above 108, at a position that is lower than that of 108; the correction stands behind it.
  await takeFrom(1, [360, '112.5', 361], [300, '50', 362]);
  expect((await alerts()).slice(before)).toEqual([{ threshold: '3', observed: '4.1667' }]);
});

test('a late tick is looked back at by those behind it in its batch, also where statements do not wait for each other', async () => {
  const before = (await alerts()).length;
  await takeFrom(1, [420, '112.5', 421]);
  const records = recordsOf(1, [
    [410, '100', 430],
    [475, '106', 476], // 6 % above the late one, and below what was newest a minute before
  ]);
  await db.pipelined((tx) => stream.process(tx, records));
  expect((await alerts()).slice(before)).toEqual([
    { threshold: '3', observed: '6' },
    { threshold: '5', observed: '6' },
  ]);
});
