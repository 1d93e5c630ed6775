/** What was put aside is sent through again: as a new record, once, and judged like any other. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { redriveDeadLetters, redriveRejectedRows } from '../../jobs/streams/redrive.js';
import { partitionOf } from '../../src/domain/murmur2.js';
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import { insertRejectedRows } from '../../src/store/stream/rejected-rows.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { clock, eventually, NOW, StreamSetting, tick } from './setting/stream.js';

let setting: StreamSetting;
beforeEach(async () => {
  setting = await StreamSetting.open();
});
afterEach(() => setting.close());

describe('redriving', () => {
  test('a redriven dead letter is tried again as a new record, once', async () => {
    await setting.append([tick('tether', 1, '1', { payload: '{"exponent":1e999999}' })]);
    setting.start();
    await eventually(setting.committed, (count) => count === 1n);
    const { rows } = await setting.db.pool.query('SELECT id FROM ops.dead_letters');
    expect(await redriveDeadLetters(setting.db, setting.log, clock, [rows[0].id])).toBe(1);
    expect(await redriveDeadLetters(setting.db, setting.log, clock, [rows[0].id])).toBe(0);
    await eventually(setting.committed, (count) => count === 2n);
    const letters = await setting.db.pool.query('SELECT redriven_at IS NOT NULL AS redriven FROM ops.dead_letters ORDER BY id');
    expect(letters.rows.map((row) => row.redriven)).toEqual([true, false]);
  });

  test('a refused record is kept whole: it can be appended anew', async () => {
    const value = tick('unknown-coin', 2, '1');
    await setting.append([value]);
    setting.start();
    await eventually(setting.committed, (count) => count === 1n);
    const { rows } = await setting.db.pool.query('SELECT payload FROM ops.rejected_rows');
    expect(rows[0].payload).toBe(value.toString());
  });

  test('a rejected row of the log is redriven once its cause is mended, and then stored; one of a fetch is left alone', async () => {
    await setting.append([tick('late-listing', 2, '1.5')]);
    setting.start();
    await eventually(setting.committed, (count) => count === 1n);
    await insertRejectedRows(
      setting.db.pool,
      'raw.raw_prices',
      [{ source: 'simulator', coinId: 'late-listing', origin: 'poll/simulator/x', position: 0n, reason: 'bad', payload: '{}' }],
      NOW,
    );
    const { rows } = await setting.db.pool.query('SELECT id FROM ops.rejected_rows ORDER BY id');
    const ids = rows.map(({ id }) => id as bigint);
    await trackCoins(setting.db.pool, ['late-listing'], 'simulator', NOW);
    expect(await redriveRejectedRows(setting.db, setting.log, clock, ids)).toBe(1);
    expect(await redriveRejectedRows(setting.db, setting.log, clock, ids)).toBe(0);
    await eventually(setting.committed, (count) => count === 2n);
    expect((await setting.db.pool.query('SELECT coin_id, trim_scale(price_usd)::text AS price FROM raw.raw_prices')).rows).toEqual([
      { coin_id: 'late-listing', price: '1.5' },
    ]);
    expect((await setting.db.pool.query('SELECT FROM ops.rejected_rows WHERE redriven_at IS NULL')).rowCount).toBe(1);
  });

  test('more than a page of them goes through, in order', async () => {
    const values = Array.from({ length: 1_200 }, (_, index) => Buffer.from(`no record ${index}`));
    await setting.append(values);
    const stream = setting.start();
    await eventually(setting.committed, (count) => count === 1_200n);
    await stream.stop();
    const { rows } = await setting.db.pool.query<{ id: bigint }>('SELECT id FROM ops.dead_letters');
    expect(
      await redriveDeadLetters(
        setting.db,
        setting.log,
        clock,
        rows.map(({ id }) => id),
      ),
    ).toBe(1_200);
    const again: string[] = [];
    for await (const page of setting.log.replay(PRICES_TOPIC, new Map([[partitionOf('k', 2), 0n]])))
      again.push(...page.map(({ value }) => value.toString()));
    expect(again.slice(-1_200)).toEqual(values.map(String));
  });
});
