/** The publish beside rivals and writers: who was taken over commits nothing, and no mark is lost or seen before its rows. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { storePrices } from '../../jobs/streams/price-writer.js';
import { addDays, type UtcDate } from '../../src/domain/time.js';
import { LOCKS } from '../../src/platform/postgres/locks.js';
import { correct, DAY, useFortyDays } from './forty-days.js';
import { givePrices, rawPrices } from './mart-database.js';

const HOOKS = join(import.meta.dirname, '../kit/typescript-hooks.mjs');
const forty = useFortyDays();
const { query, publishDay, countMarks, published, startRun } = forty;

/** Until a statement that begins so waits for a lock. */
async function untilWaiting(statement: string): Promise<void> {
  for (;;) {
    const waiting = await query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 AND datname = current_database()`,
      [`${statement}%`],
    );
    if (waiting.length > 0) return;
  }
}

describe('a run that was taken over', () => {
  test('publishes nothing once another attempt has the fence', async () => {
    const fence = await startRun();
    await forty.db.pool.query('UPDATE ops.run_fences SET attempt = 2');
    expect(await publishDay(DAY, { fence })).toEqual({
      outcome: 'lost',
      reason: expect.stringContaining('belongs to attempt 2, not to 1'),
    });
    expect(await published()).toEqual({ newest: null, rows: 0 });
    expect(await countMarks()).toBe(80);
    expect(await publishDay(DAY, { fence: { ...fence, attempt: 2 } })).toMatchObject({ outcome: 'published' });
  });

  test('publishes nothing either when it happens while it publishes', async () => {
    const fence = await startRun();
    // Holds the publish up where it raises the versions, until the fence has moved on.
    const rival = await forty.db.pool.connect();
    await rival.query('BEGIN');
    await rival.query('SELECT FROM ops.datasets FOR UPDATE');
    const publishing = publishDay(DAY, { fence });
    await untilWaiting('UPDATE ops.datasets');
    await forty.db.pool.query('UPDATE ops.run_fences SET attempt = 2');
    await rival.query('ROLLBACK');
    rival.release();
    expect(await publishing).toMatchObject({ outcome: 'lost' });
    expect(await published()).toEqual({ newest: null, rows: 0 });
  });
});

test('a process that is frozen when its turn comes gives the turn up', async () => {
  const holder = await forty.db.pool.connect();
  await holder.query('SELECT pg_advisory_lock($1, 0)', [LOCKS.publish]);
  const child = spawn(process.execPath, ['--import', HOOKS, join(import.meta.dirname, 'programs/publish.ts'), forty.db.url], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await untilWaiting('SELECT pg_advisory_lock');
    child.kill('SIGSTOP');
    holder.release(true);
    expect(await publishDay(DAY)).toMatchObject({ outcome: 'published' });
  } finally {
    child.kill('SIGKILL');
  }
});

describe('writers beside a publish', () => {
  test('that commit meanwhile are taken by the next one', async () => {
    await publishDay(DAY);
    await givePrices(forty.db, [correct(addDays(DAY, -9), '7')]);
    const blocker = await forty.db.pool.connect();
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM ops.datasets FOR UPDATE');
    const publishing = publishDay(null);
    await untilWaiting('UPDATE ops.datasets');
    await givePrices(forty.db, [correct(addDays(DAY, -3), '9')]);
    await blocker.query('ROLLBACK');
    blocker.release();
    const marked = expect(publishing).resolves.toMatchObject({ outcome: 'published', marks: 1 });
    await marked;
    const price = (day: UtcDate) =>
      query(`SELECT price_usd FROM mart.mart_crypto_performance WHERE coin_id = 'ethereum' AND day = $1`, [day]);
    expect(await price(addDays(DAY, -9))).toEqual([{ price_usd: '7' }]);
    expect(await price(addDays(DAY, -3))).not.toEqual([{ price_usd: '9' }]);
    expect(await publishDay(null)).toMatchObject({ outcome: 'published', marks: 1 });
    expect(await price(addDays(DAY, -3))).toEqual([{ price_usd: '9' }]);
  });

  test('that have not committed are not seen, nor their marks', async () => {
    const writer = await forty.db.pool.connect();
    await writer.query('BEGIN');
    await storePrices(writer, rawPrices([correct(DAY, '7')]), new Date());
    expect(await publishDay(DAY)).toMatchObject({ outcome: 'published', marks: 80 });
    await writer.query('COMMIT');
    writer.release();
    const result = await publishDay(null);
    expect(result).toMatchObject({ outcome: 'published', marks: 1 });
    expect('changes' in result && result.changes.get('mart.mart_crypto_performance')).toEqual({ written: 1, deleted: 0 });
  });

  test('publishes are serial: the second one begins when the first has ended', async () => {
    const holder = await forty.db.pool.connect();
    await holder.query('SELECT pg_advisory_lock($1, 0)', [LOCKS.publish]);
    const both = [publishDay(DAY), publishDay(DAY)];
    await untilWaiting('SELECT pg_advisory_lock');
    expect(await published()).toEqual({ newest: null, rows: 0 });
    await holder.query('SELECT pg_advisory_unlock($1, 0)', [LOCKS.publish]);
    holder.release();
    const outcomes = (await Promise.all(both)).map((result) => (result.outcome === 'published' ? result.marks : result.outcome));
    expect(outcomes.sort()).toEqual([0, 80]);
  });
});
