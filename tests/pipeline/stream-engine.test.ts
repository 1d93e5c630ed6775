/**
 * The engine's promises on the real log: every position ends once, as a row, a rejected row or a dead letter; a consumer that lost its
 * partition commits nothing; what is committed is announced in order even if the process dies in between.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fingerprintOf } from '../../jobs/runtime/offsets/identity.js';
import { createPublisher } from '../../jobs/runtime/publisher.js';
import { startStream } from '../../jobs/runtime/stream/stream.js';
import { PRICE_ROUTES, priceStream } from '../../jobs/streams/prices.js';
import { PRICES_TOPIC, UPDATES_TOPIC } from '../../src/domain/prices.js';
import type { PriceUpdateRecord } from '../../src/domain/updates.js';
import { insertDeadLetters } from '../../src/store/stream/dead-letters.js';
import { compareAndSetOffsets, resetPlace } from '../../src/store/stream/stream-offsets.js';
import { elsewhere, leftInOutbox } from './setting/publishers.js';
import { clock, eventually, logger, NOW, StreamSetting, tick } from './setting/stream.js';

let setting: StreamSetting;
beforeEach(async () => {
  setting = await StreamSetting.open();
});
afterEach(() => setting.close());

const THREE_TICKS = [
  tick('bitcoin', 1, '100'),
  tick('bitcoin', 2, '101'),
  tick('bitcoin', 2, '101.5', { receivedAt: new Date(NOW.getTime() + 1).toISOString() }),
];

function expectThreeUpdates(updates: PriceUpdateRecord[]): void {
  expect(updates.map((update) => [update.usd, update.previousUsd, update.correction, update.sourcePosition])).toEqual([
    ['100', null, false, 0n],
    ['101', '100', false, 1n],
    ['101.5', '101', true, 2n],
  ]);
}

describe('the stream engine', () => {
  test('each position ends as exactly one of a row, a rejected row, a dead letter, and the reasons are kept', async () => {
    await setting.append([
      tick('bitcoin', 1, '100.5'),
      Buffer.from('{"v":1,'), // truncated
      tick('bitcoin', 2, '-1'),
      tick('unknown-coin', 2, '1'),
      tick('bitcoin', 3, '101', { observedAt: '2020-01-01T00:00:00.000Z' }),
      tick('bitcoin', 3, '101', { observedAt: '2027-01-01T00:00:00.000Z' }),
      tick('bitcoin', 3, '101', { source: 'coingecko' }),
      tick('bitcoin', 3, '101', { payload: '{"a":"\\u0000"}' }),
      Buffer.from([0xff, 0xfe]),
      tick('bitcoin', 4, '102', { payload: '{"exponent":1e999999}' }), // passes validation; jsonb refuses it
      tick('bitcoin', 5, '103'),
    ]);
    setting.start();
    await eventually(setting.committed, (count) => count === 11n);
    const raw = await setting.db.pool.query('SELECT position FROM raw.raw_prices ORDER BY position');
    expect(raw.rows.map((row) => Number(row.position))).toEqual([0, 10]);
    const rejected = await setting.db.pool.query('SELECT position, reason FROM ops.rejected_rows ORDER BY position');
    expect(rejected.rows.map((row) => [Number(row.position), row.reason])).toEqual([
      [2, 'bad shape: priceUsd is not a positive decimal'],
      [3, 'unknown coin unknown-coin: it is not tracked'],
      [4, 'observed_at is over 400 days before received_at'],
      [5, 'observed_at is over 5 minutes after received_at'],
      [6, 'source coingecko does not belong to the simulated realm'],
      [7, 'bad shape: payload is not JSON that can be stored'],
    ]);
    const dead = await setting.db.pool.query('SELECT "offset", reason, attempts, payload FROM ops.dead_letters ORDER BY "offset"');
    expect(dead.rows.map((row) => Number(row.offset))).toEqual([1, 8, 9]);
    expect(dead.rows[0].reason).toMatch(/not JSON in UTF-8/);
    expect(dead.rows[1].payload).toEqual(Buffer.from([0xff, 0xfe]));
    expect(dead.rows[2].attempts).toBe(1);
    await eventually(setting.readUpdates, (updates) => updates.length === 2);
    const shown = await setting.metrics.text();
    for (const [kind, count] of Object.entries({ accepted: 2, rejected: 6, dead_letter: 3, pushed: 2, alert: 0 }))
      expect(shown).toContain(`cdp_stream_rows_total{kind="${kind}",role="consumer"} ${count}`);
    expect(shown).toContain('cdp_stream_batch_records_sum{role="consumer",topic="market.prices.v1"} 11');
    expect(shown).toMatch(/cdp_stream_failures_total\{topic="market.prices.v1",role="consumer"\} [1-9]/);
    expect(shown).toContain('cdp_stream_assigned_partitions{topic="market.prices.v1",role="consumer"} 2');
  });

  test('what was observed in a month that another process has dropped is refused, though this one keeps raw for ever', async () => {
    const db = setting.db.pool;
    await db.query(`CREATE TABLE raw_partitions.p2026_10 PARTITION OF raw.raw_prices FOR VALUES FROM ('2026-10-01') TO ('2026-11-01')`);
    const october = tick('bitcoin', 1, '100', { observedAt: '2026-10-31T23:59:59.999Z' });
    await setting.append([october]);
    setting.start();
    await eventually(setting.committed, (count) => count === 1n);
    await db.query(`UPDATE ops.database SET raw_kept_from = '2026-11-01'; DROP TABLE raw_partitions.p2026_10`);
    await setting.append([october, tick('bitcoin', 1, '101', { observedAt: '2026-11-01T00:00:00.000Z' })]);
    await eventually(setting.committed, (count) => count === 3n);
    const rejected = await db.query('SELECT position, reason FROM ops.rejected_rows');
    expect(rejected.rows).toEqual([{ position: 1n, reason: 'observed_at lies before the start of retention' }]);
    expect((await db.query('SELECT position FROM raw.raw_prices')).rows).toEqual([{ position: 2n }]);
  });

  test('a dead letter keeps its headers, but for what Postgres cannot hold', async () => {
    const record = { topic: 'foreign', partition: 0, offset: 7n, key: 'k\0', value: Buffer.from('?'), appendedAt: NOW };
    const headers = { 'na\0me': 'v\0alue', escape: '\\u0000', quote: '"' };
    await insertDeadLetters(setting.db.pool, [{ record: { ...record, headers }, reason: 'no\0ne' }]);
    const { rows } = await setting.db.pool.query('SELECT key, headers, reason FROM ops.dead_letters');
    expect(rows).toEqual([{ key: 'k', headers: { name: 'value', escape: '\\u0000', quote: '"' }, reason: 'none' }]);
  });

  test('a consumer whose offset was moved by another commits nothing more, and goes on from where the other stands', async () => {
    await setting.append([tick('bitcoin', 1, '100')]);
    setting.start();
    await eventually(setting.committed, (count) => count === 1n);
    // Another consumer takes the partition and commits the next record as rejected, without this one's knowledge.
    const value = tick('bitcoin', 2, '101');
    const stolen = { partition: 0, from: 1n, to: 2n, positionBase: 0n, fingerprint: fingerprintOf({ value }), appendedAt: NOW };
    await setting.db.transaction((tx) => compareAndSetOffsets(tx, PRICES_TOPIC, [stolen]));
    await setting.append([value, tick('bitcoin', 3, '102')]);
    await eventually(setting.committed, (count) => count === 3n);
    const raw = await setting.db.pool.query('SELECT position FROM raw.raw_prices ORDER BY position');
    expect(raw.rows.map((row) => Number(row.position))).toEqual([0, 2]);
  });

  test('a compare-and-set moves the partitions that stand where they were said to, and says how many', async () => {
    await setting.db.pool.query(`INSERT INTO ops.stream_offsets SELECT 't', p, 5, 2, NULL, NULL, now() FROM generate_series(0, 1) AS p`);
    const move = (partition: number, from: bigint, positionBase = 0n) => ({
      ...{ partition, from, to: 9n, positionBase },
      ...{ fingerprint: 'x', appendedAt: NOW },
    });
    const set = (...moves: ReturnType<typeof move>[]) => setting.db.transaction((tx) => compareAndSetOffsets(tx, 't', moves));
    expect(await set(move(1, 5n), move(0, 4n))).toBe(1);
    const standing = async () => {
      const { rows } = await setting.db.pool.query(`SELECT next_offset FROM ops.stream_offsets WHERE topic = 't' ORDER BY partition`);
      return rows.map((row) => row.next_offset);
    };
    expect(await standing()).toEqual([5n, 9n]);
    // Set back by an operator, and read again by another consumer as far as this one had: its positions are other ones.
    await setting.db.transaction((tx) => resetPlace(tx, 't', 1, 0n, 2));
    await setting.db.pool.query(`UPDATE ops.stream_offsets SET next_offset = 9 WHERE topic = 't' AND partition = 1`);
    expect([await set(move(1, 9n)), await set(move(1, 9n, 9n))]).toEqual([0, 1]);
  });

  test('what a dead process had committed is published by the next one, in order and once per position', async () => {
    const definition = priceStream({ realm: 'simulated', retentionDays: null, clock, publisher: leftInOutbox });
    await setting.append(THREE_TICKS);
    const silent = startStream({ ...setting.parts, logger, definition }); // commits and dies before it publishes
    await eventually(setting.committed, (count) => count === 3n);
    await silent.stop();
    expect(await setting.readUpdates()).toEqual([]);
    setting.start(elsewhere(setting.log));
    expectThreeUpdates(await eventually(setting.readUpdates, (all) => all.length >= 3));
    await eventually(
      () => setting.metrics.text(),
      (text) => text.includes('cdp_outbox_records_total{target="market.updates.v1",role="consumer"} 3'),
    );
    const left = await eventually(
      async () => (await setting.db.pool.query('SELECT FROM ops.outbox')).rowCount,
      (count) => count === 0,
    );
    expect(left).toBe(0);
  });

  test('what a batch has to say to a log in its own database is there when the batch is, once, and not when it is not', async () => {
    await setting.append(THREE_TICKS);
    const failing = await setting.db
      .transaction(async (tx) => {
        const publisher = createPublisher({ ...setting.parts, logger, sourceTopic: PRICES_TOPIC, routes: PRICE_ROUTES });
        const said = { target: UPDATES_TOPIC, sourcePartition: 0, position: 0n, key: 'bitcoin', value: '{}' };
        await publisher.stage(tx, [said]);
        throw new Error('rolled back');
      })
      .catch((error: Error) => error.message);
    expect([failing, await setting.readUpdates()]).toEqual(['rolled back', []]);
    const stream = setting.start();
    await eventually(setting.committed, (count) => count === 3n);
    await stream.stop();
    expectThreeUpdates(await setting.readUpdates());
    expect((await setting.db.pool.query('SELECT FROM ops.outbox')).rowCount).toBe(0);
  });

  test('a rule of a kind that this version does not know blames no tick', async () => {
    await setting.db.pool.query(
      `INSERT INTO ops.alert_rules (name, kind, threshold, severity, cooldown_seconds, enabled, created_at, updated_at)
       VALUES ('from tomorrow', 'PRICE_SQUARED', 1, 'INFO', 0, true, now(), now())`,
    );
    await setting.append([tick('bitcoin', 1, '100')]);
    setting.start();
    await eventually(setting.committed, (count) => count === 1n);
    expect((await setting.db.pool.query('SELECT FROM raw.raw_prices')).rowCount).toBe(1);
  });

  test('what no record can explain is waited out, and does not keep the stream from stopping', async () => {
    await setting.db.pool.query('ALTER TABLE raw_partitions.p2026_11 RENAME TO away');
    await setting.db.pool.query('ALTER TABLE raw.raw_prices DETACH PARTITION raw_partitions.away');
    await setting.append([tick('bitcoin', 1, '100')]);
    const startAndFail = async () => {
      const stream = setting.start();
      await eventually(
        async () => stream.waiting()?.reason ?? '',
        (reason) => reason.includes('no partition of relation'),
      );
      return stream;
    };
    await (await startAndFail()).stop();
    expect((await setting.db.pool.query('SELECT FROM ops.dead_letters')).rowCount).toBe(0);
    await startAndFail();
    await setting.db.pool.query(
      `ALTER TABLE raw.raw_prices ATTACH PARTITION raw_partitions.away FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')`,
    );
    await eventually(setting.committed, (count) => count === 1n);
    expect((await setting.db.pool.query('SELECT FROM raw.raw_prices')).rowCount).toBe(1);
  });
});
