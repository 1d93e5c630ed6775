/**
 * Batches that wait at the same time share a transaction, and none suffers for another: what cannot be stored, or belongs to another
 * consumer by now, is its own partition's matter.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fingerprintOf } from '../../jobs/runtime/offsets/identity.js';
import { type Stream, startStream } from '../../jobs/runtime/stream/stream.js';
import { lockCoins } from '../../jobs/streams/price-writer.js';
import { priceStream } from '../../jobs/streams/prices.js';
import type { Decimal } from '../../src/domain/decimal.js';
import { encodePriceRecord } from '../../src/domain/price-record.js';
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import { DAY } from '../../src/domain/time.js';
import type { ConsumeOptions, EventLog } from '../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../src/platform/event-log/postgres-event-log.js';
import { createLogger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { compareAndSetOffsets } from '../../src/store/stream/stream-offsets.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { fixedClock } from '../kit/clock.js';
import { openTestDatabase } from '../kit/test-database.js';

const NOW = new Date('2026-11-10T12:00:00Z');
const COINS = ['bitcoin', 'tether', 'solana', 'dogecoin'];
const logger = createLogger({ level: 'silent' });

let db: Database;
let log: EventLog;
let stream: Stream;
/** Batches that the stream was given. */
let given = 0;

beforeEach(async () => {
  db = await openTestDatabase();
  log = createPostgresEventLog(db, logger);
  given = 0;
  await db.pool.query(`CREATE TABLE raw_partitions.p2026_11 PARTITION OF raw.raw_prices FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')`);
  await trackCoins(db.pool, COINS, 'simulator', NOW);
  await log.ensureTopics([{ topic: PRICES_TOPIC, partitions: COINS.length, retentionMs: DAY }]);
});
afterEach(async () => {
  await stream.stop();
  await log.close();
  await db.close();
});

function tick(partition: number, payload = '{"usd":1}'): Buffer {
  const coinId = COINS[partition] as string;
  return encodePriceRecord({ source: 'simulator', coinId, priceUsd: '2' as Decimal, observedAt: NOW, receivedAt: NOW, payload });
}

const append = (...values: [partition: number, value: Buffer][]) =>
  log.append(
    PRICES_TOPIC,
    values.map(([partition, value]) => ({ key: 'k', value, partition })),
  );

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function offsets(): Promise<string> {
  const { rows } = await db.pool.query('SELECT next_offset FROM ops.stream_offsets WHERE topic = $1 ORDER BY partition', [PRICES_TOPIC]);
  return rows.map((row) => row.next_offset).join(' ');
}

/** The first partition's batch is under way, held up by a lock, while those of the others come in and wait. */
async function withTheOthersWaiting(others: () => Promise<unknown>, meanwhile = async () => {}): Promise<void> {
  const definition = priceStream({ realm: 'simulated', retentionDays: null, clock: fixedClock(NOW), publish: () => {} });
  const counting: EventLog = Object.assign(Object.create(log), {
    consume: (options: ConsumeOptions) =>
      log.consume({
        ...options,
        onBatch: (batch) => {
          given++;
          return options.onBatch(batch);
        },
      }),
  });
  await db.transaction(async (tx) => {
    await lockCoins(tx, ['bitcoin']);
    stream = startStream({ log: counting, db, logger, definition });
    await until(async () => (await offsets()) === '0 0 0 0');
    await append([0, tick(0)]);
    await until(() => given === 1);
    await others();
    await until(() => given === COINS.length);
    await meanwhile();
  });
}

describe('batches that wait at the same time', () => {
  test('share a transaction', async () => {
    await withTheOthersWaiting(() => append([1, tick(1)], [2, tick(2)], [3, tick(3)]));
    await until(async () => (await offsets()) === '1 1 1 1');
    const { rows } = await db.pool.query(
      'SELECT count(*)::integer AS rows, count(DISTINCT xmin::text)::integer AS transactions FROM raw.raw_prices',
    );
    expect(rows[0]).toEqual({ rows: 4, transactions: 2 });
  });

  test('do not wait for one that waits for a lock', async () => {
    await withTheOthersWaiting(
      () => append([1, tick(1)], [2, tick(2)], [3, tick(3)]),
      () => until(async () => (await offsets()) === '0 1 1 1'),
    );
    await until(async () => (await offsets()) === '1 1 1 1');
  });

  test('do not suffer for one that cannot be stored, nor for one that is another consumer’s', async () => {
    const taken = tick(3);
    await withTheOthersWaiting(async () => {
      const poison = tick(2, '{"exponent":1e999999}'); // passes the door; jsonb refuses it
      await append([1, tick(1)], [2, poison], [3, taken]);
      const stolen = { partition: 3, from: 0n, to: 1n, fingerprint: fingerprintOf({ value: tick(0) }), appendedAt: NOW };
      await db.transaction((tx) => compareAndSetOffsets(tx, PRICES_TOPIC, [stolen]));
    });
    await until(async () => (await offsets()) === '1 1 1 1');
    const { rows } = await db.pool.query('SELECT coin_id FROM raw.raw_prices ORDER BY coin_id');
    expect(rows.map((row) => row.coin_id)).toEqual(['bitcoin', 'tether']);
    const letters = await db.pool.query('SELECT partition FROM ops.dead_letters');
    expect(letters.rows).toEqual([{ partition: 2 }]);
  });
});
