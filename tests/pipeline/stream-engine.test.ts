/**
 * The engine's promises on the real log: every position ends once, as a row, a rejected row or a dead letter; a consumer that lost its
 * partition commits nothing; what is committed is announced in order even if the process dies in between.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createStreamMetrics, observeLag } from '../../jobs/runtime/observation/stream-metrics.js';
import { fingerprintOf } from '../../jobs/runtime/offsets/identity.js';
import { createOutboxPublisher } from '../../jobs/runtime/outbox.js';
import { type Stream, startStream } from '../../jobs/runtime/stream/stream.js';
import { priceStream } from '../../jobs/streams/prices.js';
import { redriveDeadLetters, redriveRejectedRows } from '../../jobs/streams/redrive.js';
import type { Decimal } from '../../src/domain/decimal.js';
import { encodePriceRecord } from '../../src/domain/price-record.js';
import { ALERTS_TOPIC, PRICES_TOPIC, type PriceObservation, UPDATES_TOPIC } from '../../src/domain/prices.js';
import { DAY } from '../../src/domain/time.js';
import { decodePriceUpdate, type PriceUpdateRecord } from '../../src/domain/updates.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../src/platform/event-log/postgres-event-log.js';
import { createLogger } from '../../src/platform/logger.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { insertRejectedRows } from '../../src/store/stream/rejected-rows.js';
import { compareAndSetOffsets } from '../../src/store/stream/stream-offsets.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { fixedClock } from '../kit/clock.js';
import { openTestDatabase } from '../kit/test-database.js';

const NOW = new Date('2026-11-10T12:00:00Z');
const clock = fixedClock(NOW);
const logger = createLogger({ level: 'silent' });

let db: Database;
let log: EventLog;
let metrics: Metrics;
const running: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  db = await openTestDatabase();
  log = createPostgresEventLog(db, logger);
  metrics = new Metrics('consumer');
  await db.pool.query(`CREATE TABLE raw_partitions.p2026_11 PARTITION OF raw.raw_prices FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')`);
  await db.pool.query(`INSERT INTO ops.tracked_coins VALUES ('bitcoin', 'simulator', now()), ('tether', 'simulator', now())`);
  const retentionMs = DAY;
  await log.ensureTopics([
    { topic: PRICES_TOPIC, partitions: 2, retentionMs },
    { topic: UPDATES_TOPIC, partitions: 2, retentionMs },
    { topic: ALERTS_TOPIC, partitions: 1, retentionMs },
  ]);
});
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop();
  await log.close();
  await db.close();
});

function start(): Stream {
  const publisher = createOutboxPublisher({
    log,
    db,
    logger,
    metrics,
    sourceTopic: PRICES_TOPIC,
    routes: [
      { target: UPDATES_TOPIC, partitionFor: (partition) => partition },
      { target: ALERTS_TOPIC, partitionFor: () => 0 },
    ],
  });
  const definition = priceStream({ realm: 'simulated', retentionDays: null, clock, publish: publisher.publish });
  const stream = startStream({ log, db, logger, definition, metrics: createStreamMetrics(metrics, PRICES_TOPIC) });
  observeLag(metrics, { db, log, topic: PRICES_TOPIC, assigned: () => stream.assigned() });
  running.push(publisher, stream);
  return stream;
}

function tick(coinId: string, second: number, priceUsd: string, over: Partial<Record<string, unknown>> = {}): Buffer {
  const price: PriceObservation = {
    source: 'simulator',
    coinId,
    priceUsd: priceUsd as Decimal,
    observedAt: new Date(NOW.getTime() - 60_000 + second * 1000),
    receivedAt: NOW,
    payload: '{"usd":1}',
  };
  return Buffer.from(JSON.stringify({ ...JSON.parse(encodePriceRecord(price).toString()), ...over }));
}

/** Waits for a state of the database that is sure to come; the test's time-out ends it otherwise. */
async function eventually<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function committed(): Promise<bigint> {
  const { rows } = await db.pool.query('SELECT coalesce(sum(next_offset), 0)::bigint AS n FROM ops.stream_offsets');
  return rows[0].n;
}

async function readUpdates(): Promise<PriceUpdateRecord[]> {
  const updates: PriceUpdateRecord[] = [];
  const from = new Map([0, 1].map((partition) => [partition, 0n]));
  for await (const page of log.replay(UPDATES_TOPIC, from))
    updates.push(...page.map((record) => decodePriceUpdate(record.value.toString())));
  return updates;
}

const append = (values: Buffer[], partition = 0) =>
  log.append(
    PRICES_TOPIC,
    values.map((value) => ({ key: 'k', value, partition })),
  );

describe('the stream engine', () => {
  test('each position ends as exactly one of a row, a rejected row, a dead letter, and the reasons are kept', async () => {
    await append([
      tick('bitcoin', 1, '100.5'),
      Buffer.from('{"v":1,'), // truncated
      tick('bitcoin', 2, '-1'),
      tick('unknown-coin', 2, '1'),
      tick('bitcoin', 3, '101', { observedAt: '2020-01-01T00:00:00.000Z' }),
      tick('bitcoin', 3, '101', { observedAt: '2027-01-01T00:00:00.000Z' }),
      tick('bitcoin', 3, '101', { source: 'coingecko' }),
      tick('bitcoin', 3, '101', { payload: '{"a":"\\u0000"}' }),
      Buffer.from([0xff, 0xfe]),
      tick('bitcoin', 4, '102', { payload: '{"exponent":1e999999}' }), // passes the door; jsonb refuses it
      tick('bitcoin', 5, '103'),
    ]);
    start();
    await eventually(committed, (count) => count === 11n);
    const raw = await db.pool.query('SELECT position FROM raw.raw_prices ORDER BY position');
    expect(raw.rows.map((row) => Number(row.position))).toEqual([0, 10]);
    const rejected = await db.pool.query('SELECT position, reason FROM ops.rejected_rows ORDER BY position');
    expect(rejected.rows.map((row) => [Number(row.position), row.reason])).toEqual([
      [2, 'bad shape: priceUsd is not a positive decimal'],
      [3, 'unknown coin unknown-coin: it is not tracked'],
      [4, 'observed_at is over 400 days before received_at'],
      [5, 'observed_at is over 5 minutes after received_at'],
      [6, 'source coingecko does not belong to the simulated realm'],
      [7, 'bad shape: payload is not JSON that can be stored'],
    ]);
    const dead = await db.pool.query('SELECT "offset", reason, attempts, payload FROM ops.dead_letters ORDER BY "offset"');
    expect(dead.rows.map((row) => Number(row.offset))).toEqual([1, 8, 9]);
    expect(dead.rows[0].reason).toMatch(/not JSON in UTF-8/);
    expect(dead.rows[1].payload).toEqual(Buffer.from([0xff, 0xfe]));
    expect(dead.rows[2].attempts).toBe(1);
    await eventually(readUpdates, (updates) => updates.length === 2);
    const shown = await eventually(
      () => metrics.text(),
      (text) => text.includes('cdp_outbox_records_total{target="market.updates.v1",role="consumer"} 2'),
    );
    for (const [kind, count] of Object.entries({ accepted: 2, rejected: 6, dead_letter: 3, pushed: 2, alert: 0 }))
      expect(shown).toContain(`cdp_stream_rows_total{kind="${kind}",role="consumer"} ${count}`);
    expect(shown).toContain('cdp_stream_batch_records_sum{role="consumer",topic="market.prices.v1"} 11');
    expect(shown).toMatch(/cdp_stream_failures_total\{topic="market.prices.v1",role="consumer"\} [1-9]/);
    expect(shown).toContain('cdp_stream_assigned_partitions{topic="market.prices.v1",role="consumer"} 2');
  });

  test('an error that would meet any record is waited out: the stream says what it waits for, and goes on by itself', async () => {
    await append([tick('bitcoin', 1, '100')]);
    await db.pool.query('ALTER TABLE staging.stg_prices RENAME TO gone');
    const stream = start();
    const waiting = await eventually(
      async () => stream.waiting(),
      (found) => found !== null,
    );
    expect(waiting?.reason).toMatch(/^partition 0 waits out an error: relation "staging.stg_prices" does not exist/);
    await db.pool.query('ALTER TABLE staging.gone RENAME TO stg_prices');
    await eventually(committed, (count) => count === 1n);
    await eventually(
      async () => stream.waiting(),
      (found) => found === null,
    );
    expect((await db.pool.query('SELECT FROM ops.dead_letters')).rowCount).toBe(0);
  });

  test('lag is what is not committed yet, in records and in seconds, 0 where nothing waits', async () => {
    await append([tick('bitcoin', 1, '100')]);
    const stream = start();
    await eventually(committed, (count) => count === 1n);
    await stream.stop();
    const left = new Metrics('consumer');
    observeLag(left, { db, log, topic: PRICES_TOPIC, assigned: () => [0, 1] });
    await append([tick('bitcoin', 2, '100'), tick('bitcoin', 3, '100')]);
    const text = await left.text();
    const lag = (unit: string, partition: number) =>
      Number(
        new RegExp(`cdp_stream_lag_${unit}\\{topic="market.prices.v1",partition="${partition}",role="consumer"\\} (\\S+)`).exec(text)?.[1],
      );
    expect([lag('records', 0), lag('records', 1), lag('seconds', 1)]).toEqual([2, 0, 0]);
    expect(lag('seconds', 0)).toBeGreaterThan(0);
  });

  test('a consumer whose offset was moved by another commits nothing more, and goes on from where the other stands', async () => {
    await append([tick('bitcoin', 1, '100')]);
    start();
    await eventually(committed, (count) => count === 1n);
    // Another consumer takes the partition and commits the next record as rejected, without this one's knowledge.
    const value = tick('bitcoin', 2, '101');
    const stolen = { partition: 0, from: 1n, to: 2n, fingerprint: fingerprintOf({ value }), appendedAt: NOW };
    await db.transaction((tx) => compareAndSetOffsets(tx, PRICES_TOPIC, [stolen]));
    await append([value, tick('bitcoin', 3, '102')]);
    await eventually(committed, (count) => count === 3n);
    const raw = await db.pool.query('SELECT position FROM raw.raw_prices ORDER BY position');
    expect(raw.rows.map((row) => Number(row.position))).toEqual([0, 2]);
  });

  test('a compare-and-set moves the partitions that stand where they were said to, and says how many', async () => {
    await db.pool.query(`INSERT INTO ops.stream_offsets SELECT 't', p, 5, 2, NULL, NULL, now() FROM generate_series(0, 1) AS p`);
    const move = (partition: number, from: bigint) => ({ partition, from, to: 9n, fingerprint: 'x', appendedAt: NOW });
    await db.transaction(async (tx) => expect(await compareAndSetOffsets(tx, 't', [move(1, 5n), move(0, 4n)])).toBe(1));
    const { rows } = await db.pool.query(`SELECT next_offset FROM ops.stream_offsets WHERE topic = 't' ORDER BY partition`);
    expect(rows.map((row) => row.next_offset)).toEqual([5n, 9n]);
  });

  test('what a dead process had committed is published by the next one, in order and once per position', async () => {
    const definition = priceStream({ realm: 'simulated', retentionDays: null, clock, publish: () => {} });
    await append([
      tick('bitcoin', 1, '100'),
      tick('bitcoin', 2, '101'),
      tick('bitcoin', 2, '101.5', { receivedAt: new Date(NOW.getTime() + 1).toISOString() }),
    ]);
    const silent = startStream({ log, db, logger, definition }); // commits and dies before it publishes
    await eventually(committed, (count) => count === 3n);
    await silent.stop();
    expect(await readUpdates()).toEqual([]);
    start();
    const updates = await eventually(readUpdates, (all) => all.length >= 3);
    expect(updates.map((update) => [update.usd, update.previousUsd, update.correction, update.sourcePosition])).toEqual([
      ['100', null, false, 0n],
      ['101', '100', false, 1n],
      ['101.5', '101', true, 2n],
    ]);
    const left = await eventually(
      async () => (await db.pool.query('SELECT FROM ops.outbox')).rowCount,
      (count) => count === 0,
    );
    expect(left).toBe(0);
  });

  test('a redriven dead letter is tried again as a new record, once', async () => {
    await append([tick('tether', 1, '1', { payload: '{"exponent":1e999999}' })]);
    start();
    await eventually(committed, (count) => count === 1n);
    const { rows } = await db.pool.query('SELECT id FROM ops.dead_letters');
    expect(await redriveDeadLetters(db, log, clock, [rows[0].id])).toBe(1);
    expect(await redriveDeadLetters(db, log, clock, [rows[0].id])).toBe(0);
    await eventually(committed, (count) => count === 2n);
    const letters = await db.pool.query('SELECT redriven_at IS NOT NULL AS redriven FROM ops.dead_letters ORDER BY id');
    expect(letters.rows.map((row) => row.redriven)).toEqual([true, false]);
  });

  test('a refused record is kept whole: it can be appended anew', async () => {
    const value = tick('unknown-coin', 2, '1');
    await append([value]);
    start();
    await eventually(committed, (count) => count === 1n);
    const { rows } = await db.pool.query('SELECT payload FROM ops.rejected_rows');
    expect(rows[0].payload).toBe(value.toString());
  });

  test('a rejected row of the log is redriven once its cause is mended, and then stored; one of a fetch is left alone', async () => {
    await append([tick('late-listing', 2, '1.5')]);
    start();
    await eventually(committed, (count) => count === 1n);
    await insertRejectedRows(
      db.pool,
      'raw.raw_prices',
      [{ source: 'simulator', coinId: 'late-listing', origin: 'poll/simulator/x', position: 0n, reason: 'bad', payload: '{}' }],
      NOW,
    );
    const { rows } = await db.pool.query('SELECT id FROM ops.rejected_rows ORDER BY id');
    const ids = rows.map(({ id }) => id as bigint);
    await trackCoins(db.pool, ['late-listing'], 'simulator', NOW);
    expect(await redriveRejectedRows(db, log, clock, ids)).toBe(1);
    expect(await redriveRejectedRows(db, log, clock, ids)).toBe(0);
    await eventually(committed, (count) => count === 2n);
    expect((await db.pool.query('SELECT coin_id, trim_scale(price_usd)::text AS price FROM raw.raw_prices')).rows).toEqual([
      { coin_id: 'late-listing', price: '1.5' },
    ]);
    expect((await db.pool.query('SELECT FROM ops.rejected_rows WHERE redriven_at IS NULL')).rowCount).toBe(1);
  });

  test('a rule of a kind that this version does not know blames no tick', async () => {
    await db.pool.query(
      `INSERT INTO ops.alert_rules (name, kind, threshold, severity, cooldown_seconds, enabled, created_at, updated_at)
       VALUES ('from tomorrow', 'PRICE_SQUARED', 1, 'INFO', 0, true, now(), now())`,
    );
    await append([tick('bitcoin', 1, '100')]);
    start();
    await eventually(committed, (count) => count === 1n);
    expect((await db.pool.query('SELECT FROM raw.raw_prices')).rowCount).toBe(1);
  });

  test('what no record can explain is waited out, and does not keep the stream from stopping', async () => {
    await db.pool.query('ALTER TABLE raw_partitions.p2026_11 RENAME TO away');
    await db.pool.query('ALTER TABLE raw.raw_prices DETACH PARTITION raw_partitions.away');
    await append([tick('bitcoin', 1, '100')]);
    const waiting = start();
    await eventually(
      async () => waiting.assigned().length,
      (count) => count > 0,
    );
    await waiting.stop();
    expect((await db.pool.query('SELECT FROM ops.dead_letters')).rowCount).toBe(0);
    start();
    await db.pool.query(`ALTER TABLE raw.raw_prices ATTACH PARTITION raw_partitions.away FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')`);
    await eventually(committed, (count) => count === 1n);
    expect((await db.pool.query('SELECT FROM raw.raw_prices')).rowCount).toBe(1);
  });
});
