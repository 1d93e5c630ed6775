/**
 * Batches that wait at the same time share a transaction, and none suffers for another: what cannot be stored, or belongs to another
 * consumer by now, is its own partition's matter.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fingerprintOf } from '../../jobs/runtime/offsets/identity.js';
import { lockCoins } from '../../jobs/streams/price-writer.js';
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import type { ConsumeOptions, EventLog } from '../../src/platform/event-log/event-log.js';
import { compareAndSetOffsets } from '../../src/store/stream/stream-offsets.js';
import { eventually, NOW, StreamSetting, tick } from './setting/stream.js';

const COINS = ['bitcoin', 'tether', 'solana', 'dogecoin'];

let setting: StreamSetting;
beforeEach(async () => {
  setting = await StreamSetting.open(COINS);
});
afterEach(() => setting.close());

const tickOf = (partition: number, over = {}) => tick(COINS[partition] as string, 1, '2', over);

const append = (...values: [partition: number, value: Buffer][]) =>
  setting.log.append(
    PRICES_TOPIC,
    values.map(([partition, value]) => ({ key: 'k', value, partition })),
  );

async function offsets(): Promise<string> {
  const { rows } = await setting.db.pool.query('SELECT next_offset FROM ops.stream_offsets WHERE topic = $1 ORDER BY partition', [
    PRICES_TOPIC,
  ]);
  return rows.map((row) => row.next_offset).join(' ');
}

const reached = (wanted: string) => eventually(offsets, (found) => found === wanted);

/** The first partition's batch is under way, held up by a lock, while those of the others come in and wait. */
async function withTheOthersWaiting(others: () => Promise<unknown>, meanwhile: () => Promise<unknown> = async () => {}): Promise<void> {
  let given = 0;
  const counting: EventLog = Object.assign(Object.create(setting.log), {
    consume: (options: ConsumeOptions) =>
      setting.log.consume({
        ...options,
        onBatch: (batch) => {
          given++;
          return options.onBatch(batch);
        },
      }),
  });
  const hasGiven = (count: number) =>
    eventually(
      async () => given,
      (batches) => batches >= count, // one that is fenced is given again
    );
  await setting.db.transaction(async (tx) => {
    await lockCoins(tx, ['bitcoin']);
    setting.start(counting);
    await reached('0 0 0 0');
    await append([0, tickOf(0)]);
    await hasGiven(1);
    await others();
    await hasGiven(COINS.length);
    await meanwhile();
  });
}

describe('batches that wait at the same time', () => {
  test('share a transaction', async () => {
    await withTheOthersWaiting(() => append([1, tickOf(1)], [2, tickOf(2)], [3, tickOf(3)]));
    await reached('1 1 1 1');
    const { rows } = await setting.db.pool.query(
      'SELECT count(*)::integer AS rows, count(DISTINCT xmin::text)::integer AS transactions FROM raw.raw_prices',
    );
    expect(rows[0]).toEqual({ rows: 4, transactions: 2 });
  });

  test('do not wait for one that waits for a lock', async () => {
    await withTheOthersWaiting(
      () => append([1, tickOf(1)], [2, tickOf(2)], [3, tickOf(3)]),
      () => reached('0 1 1 1'),
    );
    await reached('1 1 1 1');
  });

  test('do not suffer for one that cannot be stored, nor for one that is another consumer’s', async () => {
    const taken = tickOf(3);
    await withTheOthersWaiting(async () => {
      const stolen = {
        partition: 3,
        from: 0n,
        to: 1n,
        positionBase: 0n,
        fingerprint: fingerprintOf({ value: tickOf(0) }),
        appendedAt: NOW,
      };
      await setting.db.transaction((tx) => compareAndSetOffsets(tx, PRICES_TOPIC, [stolen]));
      const poison = tickOf(2, { payload: '{"exponent":1e999999}' }); // passes validation; jsonb refuses it
      await append([1, tickOf(1)], [2, poison], [3, taken]);
    });
    await reached('1 1 1 1');
    const { rows } = await setting.db.pool.query('SELECT coin_id FROM raw.raw_prices ORDER BY coin_id');
    expect(rows.map((row) => row.coin_id)).toEqual(['bitcoin', 'tether']);
    const letters = await setting.db.pool.query('SELECT partition FROM ops.dead_letters');
    expect(letters.rows).toEqual([{ partition: 2 }]);
  });

  test('go on beside one that is waited out, also when another is fenced and all are read anew', async () => {
    await setting.db.pool.query(
      `CREATE TABLE raw_partitions.p2026_09 PARTITION OF raw.raw_prices FOR VALUES FROM ('2026-09-01') TO ('2026-10-01')`,
    );
    const stream = setting.start();
    await reached('0 0 0 0');
    await append([0, tickOf(0, { observedAt: '2026-10-15T00:00:00.000Z' })]); // a month that is missing: no record is to blame
    await eventually(
      async () => stream.waiting(),
      (waiting) => waiting !== null,
    );
    const stolen = { partition: 1, from: 0n, to: 1n, positionBase: 0n, fingerprint: fingerprintOf({ value: tickOf(1) }), appendedAt: NOW };
    await setting.db.transaction((tx) => compareAndSetOffsets(tx, PRICES_TOPIC, [stolen]));
    await append([1, tickOf(1)], [2, tickOf(2)], [3, tickOf(3)], [1, tickOf(1)]);
    await reached('0 2 1 1');
    await append([2, tickOf(2)], [3, tickOf(3)]);
    await reached('0 2 2 2');
  });
});
