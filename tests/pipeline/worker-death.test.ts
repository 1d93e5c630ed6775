/** A worker that is killed, or frozen, in the middle of a publish: another one publishes, once and whole. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { useWorkers } from './setting/workers.js';

const { clock, query, newSource, start, stopAll, settled, db, publishedThrough, runs, marts } = useWorkers();

const HOOKS = join(import.meta.dirname, '../kit/typescript-hooks.mjs');
/** Marts without an instant of a fetch in them. */
const SAME_EVERY_TIME = ['mart_crypto_performance', 'mart_market_overview'];

describe('a worker that dies', () => {
  /** Holds a mart so that a publish stands still in its middle. */
  async function holdPublish() {
    const client = await db().pool.connect();
    await client.query('BEGIN; LOCK TABLE mart.mart_coins IN ACCESS EXCLUSIVE MODE');
    const standing = async () => {
      for (;;) {
        const { rowCount } = await query(
          `SELECT FROM pg_locks WHERE relation = 'mart.mart_coins'::regclass AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        if (rowCount !== 0) return;
        await client.query('SELECT 1'); // or the holder would be thrown out for idling
        await sleep(20);
      }
    };
    return {
      standing,
      async letGo() {
        await client.query('ROLLBACK');
        client.release();
      },
    };
  }

  /** Until another worker has the run: one that is not quite dead renews its lease meanwhile. */
  async function takenOver(): Promise<void> {
    while ((await runs())[0]?.attempt !== 2) {
      await query(`UPDATE ops.pipeline_runs SET lease_expires_at = clock_timestamp() WHERE status = 'RUNNING' AND attempt = 1`);
      await sleep(20);
    }
  }

  async function child() {
    const program = join(import.meta.dirname, 'programs/work.ts');
    const started = spawn(process.execPath, ['--import', HOOKS, program, db().url, clock.now().toISOString()], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const died = once(started, 'exit');
    return {
      async kill() {
        started.kill('SIGKILL');
        expect((await died)[1]).toBe('SIGKILL');
      },
    };
  }

  test('in the middle of a publish: another one publishes, once and whole', async () => {
    const undisturbed = await (async () => {
      start(newSource());
      await settled();
      await stopAll();
      const rows = await marts(SAME_EVERY_TIME);
      await query(`TRUNCATE raw.raw_prices, raw.raw_market_data, raw.raw_global, staging.stg_prices, staging.stg_market_data, staging.stg_global, staging.stg_coins,
        mart.mart_coins, mart.mart_crypto_performance, mart.mart_market_overview, mart.mart_price_candles, mart.mart_latest_prices,
        ops.tracked_coins, ops.history_intervals, ops.changed_days, ops.datasets, ops.pipeline_runs CASCADE`);
      return rows;
    })();
    const held = await holdPublish();
    const killed = await child();
    await held.standing();
    await killed.kill();
    await held.letGo();
    expect(await publishedThrough()).toBeNull();
    start(newSource());
    await takenOver();
    await settled();
    expect(await runs()).toEqual([{ date: '2026-11-22', attempt: 2, status: 'SUCCEEDED', error: null }]);
    const { rows } = await query(
      `SELECT DISTINCT version::integer FROM ops.datasets WHERE name IN ('mart.mart_crypto_performance', 'mart.mart_market_overview')`,
    );
    expect(rows).toEqual([{ version: 1 }]);
    const after = await marts(SAME_EVERY_TIME);
    expect(after).toEqual(undisturbed);
  });

  test('not, but freezes in the middle of a publish: what it had is rolled back when it wakes', async () => {
    start(newSource());
    start(newSource());
    const held = await holdPublish();
    await held.standing();
    await takenOver();
    await held.letGo();
    await settled();
    expect(await runs()).toEqual([{ date: '2026-11-22', attempt: 2, status: 'SUCCEEDED', error: null }]);
    const { rows } = await query(`SELECT version::integer FROM ops.datasets WHERE name = 'mart.mart_crypto_performance'`);
    expect(rows).toEqual([{ version: 1 }]);
    const published = await query(
      `SELECT DISTINCT run_attempt FROM ops.task_runs WHERE name = 'publish' AND status = 'SUCCEEDED' AND run_id = (SELECT id FROM ops.pipeline_runs WHERE pipeline = 'daily')`,
    );
    expect(published.rows).toEqual([{ run_attempt: 2 }]);
  });
});
