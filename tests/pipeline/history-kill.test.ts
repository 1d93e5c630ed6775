/** Loads of history that are killed in the middle, again and again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { loadHistory, queueHoles } from '../../jobs/pipelines/history.js';
import { createLogger } from '../../src/platform/logger.js';
import { getDueIntervals } from '../../src/store/pipelines/history.js';
import { useHistory } from './setting/history.js';
import { scriptedSource } from './setting/scripted-source.js';

const { clock, query, db, depsWith, trackAll } = useHistory();
const logger = createLogger({ level: 'silent' });
const forEver = new AbortController().signal;
const HOOKS = join(import.meta.dirname, '../kit/typescript-hooks.mjs');

test('a worker that is killed in the middle leaves nothing lost and nothing twice', async () => {
  const coins = ['bitcoin', 'ethereum', 'tether', 'solana'];
  const contents = async () => {
    const staged = `SELECT coin_id, source, observed_at, price_usd::text, grain, revisions, suspect FROM staging.stg_prices ORDER BY 1, 2, 3`;
    const candles = `SELECT coin_id, interval, bucket_start, open::text, high::text, low::text, close::text, observations, suspect,
        first_observed_at, last_observed_at FROM mart.mart_price_candles ORDER BY 1, 2, 3`;
    const days = `SELECT DISTINCT coin_id, day FROM ops.changed_days ORDER BY 1, 2`;
    return Promise.all([staged, candles, days].map(async (sql) => (await query(sql)).rows));
  };
  const source = scriptedSource(clock, coins);
  await trackAll(coins);
  await queueHoles(depsWith({ ...source, historyDays: 60 }));
  const intervals = await query(`SELECT * FROM ops.history_intervals`);
  await loadHistory(depsWith({ ...source, historyDays: 60 }), forEver, logger);
  const undisturbed = await contents();
  await query(`TRUNCATE raw.raw_prices, staging.stg_prices, mart.mart_price_candles, mart.mart_latest_prices, ops.changed_days;
    UPDATE ops.history_intervals SET status = 'PENDING', attempt = 0, next_position = 0, rows_written = 0, finished_at = NULL`);

  const stored = async () => Number((await query('SELECT count(*) FROM raw.raw_prices')).rows[0]?.count);
  // Each child holds before it has everything, and stores all that it was given until then: it is alive when it is killed.
  for (const points of [150, 1_500, 1_500]) {
    const enough = (await stored()) + points;
    const argv = [
      '--import',
      HOOKS,
      join(import.meta.dirname, 'programs/load-history.ts'),
      db().url,
      clock.now().toISOString(),
      `${points}`,
    ];
    const child = spawn(process.execPath, argv, { stdio: 'inherit' });
    const died = once(child, 'exit');
    try {
      while (child.exitCode === null && (await stored()) < enough) await sleep(5);
    } finally {
      child.kill('SIGKILL');
    }
    expect((await died)[1]).toBe('SIGKILL');
  }
  expect((await getDueIntervals(db().pool, 'simulator', clock.now())).length).toBeGreaterThan(0);
  await loadHistory(depsWith({ ...source, historyDays: 60 }), forEver, logger);

  expect(await contents()).toEqual(undisturbed);
  const done = await query(
    `SELECT i.rows_written::integer AS rows, count(r.*)::integer AS kept, max(r.position)::integer AS last
     FROM ops.history_intervals i JOIN raw.raw_prices r ON r.origin = 'history/' || i.id || '/' || i.attempt WHERE i.status = 'DONE' GROUP BY i.id`,
  );
  expect(done.rowCount).toBe(intervals.rowCount);
  for (const { rows, kept, last } of done.rows) expect([kept, last + 1]).toEqual([rows, rows]);
});
