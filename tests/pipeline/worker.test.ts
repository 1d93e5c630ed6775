/** Workers as a whole, on a real ledger and log: first starts, runs by hand, housekeeping. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { SourceError } from '../../jobs/sources/source.js';
import { runPipelineOnce } from '../../jobs/worker.js';
import { DAY } from '../../src/domain/time.js';
import { isCheckOfAllDue } from '../../src/store/pipelines/retention.js';
import { ensureMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { storeTicks } from './setting/ticks.js';
import { useWorkers } from './setting/workers.js';

const { clock, query, openLog, newSource, optionsWith, start, stopAll, settled, db, publishedThrough, runs } = useWorkers();
const forEver = new AbortController().signal;

describe('a first start', () => {
  test('tracks the coins, loads their history, and publishes its marts through yesterday', async () => {
    const source = newSource();
    start(source);
    await settled();
    expect(await runs()).toEqual([{ date: '2026-11-22', attempt: 1, status: 'SUCCEEDED', error: null }]);
    expect(await runs('history')).toMatchObject([{ status: 'SUCCEEDED' }]);
    expect(await publishedThrough()).toBe('2026-11-22');
    // What history loaded after the first publish is published too.
    expect((await query(`SELECT DISTINCT day::text FROM ops.changed_days`)).rows).toEqual([{ day: '2026-11-23' }]);
    const { rows } = await query(
      `SELECT (SELECT count(*)::integer FROM mart.mart_coins) AS coins, (SELECT count(*)::integer FROM mart.mart_crypto_performance) AS days,
         (SELECT count(*)::integer FROM mart.mart_market_overview) AS overviews, (SELECT count(*)::integer FROM mart.mart_market_overview WHERE coin_count = 3) AS whole`,
    );
    expect(rows).toEqual([{ coins: 3, days: 24, overviews: 8, whole: 8 }]);
    expect(source.calls.filter((call) => !call.startsWith('history'))).toEqual(['topCoins', 'global']);
  });

  test('vacuums what is mostly new once history is loaded', async () => {
    // Autovacuum would take what is counted as new away.
    await query(`ALTER TABLE raw_partitions.raw_prices_2026_01 SET (autovacuum_enabled = off);
      INSERT INTO raw.raw_prices (origin, position, observed_at, source, coin_id, price_usd, grain, received_at, payload)
        SELECT 'test', n, timestamptz '2026-01-05' + n * interval '1 second', 'simulator', 'nobody', 1, 'tick', now(), '{}'
        FROM generate_series(1, 2000) AS n;
      SELECT pg_stat_force_next_flush()`);
    start(newSource());
    await settled();
    const { rows } = await query(
      `SELECT last_vacuum IS NOT NULL AS vacuumed FROM pg_stat_user_tables WHERE relname = 'raw_prices_2026_01'`,
    );
    expect(rows).toEqual([{ vacuumed: true }]);
  });

  test('of four workers at once is one start', async () => {
    const sources = Array.from({ length: 4 }, () => newSource());
    for (const source of sources) start(source, { coins: { count: 2 } });
    await settled();
    expect((await query('SELECT coin_id FROM ops.tracked_coins ORDER BY 1')).rows).toEqual([
      { coin_id: 'bitcoin' },
      { coin_id: 'ethereum' },
    ]);
    expect(await runs()).toEqual([{ date: '2026-11-22', attempt: 1, status: 'SUCCEEDED', error: null }]);
    const calls = sources.flatMap((source) => source.calls).filter((call) => call.startsWith('history'));
    expect(calls.sort()).toEqual(['bitcoin', 'ethereum'].flatMap((coin) => ['1d', '1h', '5m'].map((grain) => `history ${coin} ${grain}`)));
    const versions = await query(`SELECT max(version)::integer AS version FROM ops.datasets WHERE name = 'mart.mart_crypto_performance'`);
    expect(versions.rows).toEqual([{ version: 1 }]);
  });

  test('waits for a source that is down, and can be stopped meanwhile', async () => {
    let failures = 0;
    const down = () => {
      failures++;
      return Promise.reject(new SourceError('connection refused', { kind: 'unavailable', endpoint: '/coins/markets' }));
    };
    const worker = start(newSource({ topCoins: down }));
    while (failures === 0) await sleep(5);
    await worker.stop();
    expect(await runs()).toEqual([]);
  });

  test('is refused where COINS names nothing that the source knows', async () => {
    const worker = start(newSource(), { coins: { ids: ['BTC', 'ETH'] } });
    await expect(worker.ended).rejects.toThrow(
      'COINS names coins that simulator does not know: BTC, ETH. Ids look like "bitcoin", not "BTC".',
    );
  });

  test('publishes what it has where the plan is slow', async () => {
    // Nothing of the history ever comes; the 15 s after which that is plain are not waited for here, the run is cut short instead.
    const source = newSource({
      history: (_coin, _grain, _from, _to, signal) =>
        new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    });
    start(source);
    while ((await runs()).length === 0 || source.calls.length < 4) await sleep(20);
    await query(`UPDATE ops.history_intervals SET retry_at = $1 WHERE grain = '1d'`, [clock.now()]);
    while ((await publishedThrough()) === null) await sleep(20);
    expect(await runs()).toMatchObject([{ date: '2026-11-22' }]);
  });
});

describe('by hand', () => {
  test('a run is executed here where no worker lives', async () => {
    const { run, tasks } = await runPipelineOnce(optionsWith(newSource()), { pipeline: 'daily', date: '2026-11-22' }, forEver);
    expect(run).toMatchObject({ status: 'SUCCEEDED', attempt: 1, logicalDate: '2026-11-22' });
    expect(tasks.map((task) => task.name).sort()).toEqual([
      'fetch_global',
      'fetch_markets',
      'publish',
      'wait_for_history',
      'wait_for_stream',
    ]);
  });

  test('a living worker executes it, and the caller sees how it ended', async () => {
    const [theirs, mine] = [newSource(), newSource()];
    start(theirs);
    await settled();
    await query(`UPDATE ops.history_intervals SET status = 'PENDING' WHERE coin_id = 'bitcoin' AND grain = '1d'`);
    const before = theirs.calls.length;
    const { run } = await runPipelineOnce(optionsWith(mine), { pipeline: 'history', date: null }, forEver);
    expect(run).toMatchObject({ status: 'SUCCEEDED', error: null });
    expect(theirs.calls.slice(before)).toEqual(['history bitcoin 1d']);
    expect(mine.calls).toEqual([]);
  });
});

test('housekeeping makes months, drops old ones, trims the log, merges marks and forgets old runs', async () => {
  start(newSource());
  await settled();
  await stopAll();
  const months = async () =>
    (await query(`SELECT relname FROM pg_class WHERE relnamespace = 'raw_partitions'::regnamespace AND relkind = 'r' ORDER BY 1`)).rows.map(
      (row) => row.relname,
    );
  const log = openLog();
  await log.append('market.updates.v1', [{ key: 'bitcoin', value: Buffer.from('{}'), partition: 0 }]);
  await query(`UPDATE ops.log_records SET appended_at = appended_at - interval '2 days';
    INSERT INTO ops.changed_days (coin_id, day) SELECT 'bitcoin', '2026-11-24' FROM generate_series(1, 5);
    INSERT INTO ops.pipeline_runs (pipeline, slot, status, requested_at, finished_at) VALUES ('restate', 'long ago', 'SUCCEEDED', '2026-10-01', '2026-10-01')`);
  clock.set('2026-12-20T12:00:00Z');
  await ensureMonthlyPartitions(db(), clock.now(), clock.now());
  await storeTicks(db(), clock, { coinId: 'bitcoin', from: new Date('2026-12-20T11:00:00Z'), to: clock.now() });
  const { run, tasks } = await runPipelineOnce(
    optionsWith(newSource(), { retentionDays: 35 }),
    { pipeline: 'housekeeping', date: null },
    forEver,
  );
  expect(run).toMatchObject({ status: 'SUCCEEDED', error: null });
  expect(Object.fromEntries(tasks.map((task) => [task.name, task.status]))).toEqual({
    make_months: 'SUCCEEDED',
    drop_months: 'SUCCEEDED',
    trim_log: 'SUCCEEDED',
    compact_marks: 'SUCCEEDED',
    check_all: 'SUCCEEDED',
    forget_old_runs: 'SUCCEEDED',
  });
  expect(await months()).toEqual(['raw_prices_2026_11', 'raw_prices_2026_12', 'raw_prices_2027_01', 'raw_prices_2027_02']);
  expect(tasks.find((task) => task.name === 'trim_log')?.rowsWritten).toBe(1n);
  expect(
    (await query(`SELECT count(*)::integer AS marks FROM ops.changed_days WHERE coin_id = 'bitcoin' AND day = '2026-11-24'`)).rows,
  ).toEqual([{ marks: 1 }]);
  expect((await query(`SELECT FROM ops.pipeline_runs WHERE slot = 'long ago'`)).rowCount).toBe(0);
  expect((await query(`SELECT FROM ops.check_results WHERE run_id = $1`, [run.id])).rowCount).toBeGreaterThan(10);
  const again = await runPipelineOnce(optionsWith(newSource(), { retentionDays: 35 }), { pipeline: 'housekeeping', date: null }, forEver);
  expect(again.tasks.find((task) => task.name === 'check_all')?.status).toBe('SKIPPED');
  expect(await isCheckOfAllDue(db().pool, clock.now())).toBe(false);
  // As the next attempt finds a check that was cut off.
  await query(`UPDATE ops.task_runs SET status = 'FAILED' WHERE name = 'check_all' AND status = 'SUCCEEDED';
    UPDATE ops.pipeline_runs SET status = 'RUNNING', attempt = attempt + 1 WHERE pipeline = 'housekeeping'`);
  expect(await isCheckOfAllDue(db().pool, clock.now())).toBe(true);
});

test('housekeeping of a worker whose clock is a year ahead drops no month by that clock', async () => {
  start(newSource());
  await settled();
  await stopAll();
  await storeTicks(db(), clock, { coinId: 'bitcoin', from: new Date('2026-11-23T06:00:00Z'), to: clock.now() });
  clock.advance(400 * DAY);
  const { tasks } = await runPipelineOnce(
    optionsWith(newSource(), { retentionDays: 35 }),
    { pipeline: 'housekeeping', date: null },
    forEver,
  );
  expect(tasks.find((task) => task.name === 'drop_months')).toMatchObject({ status: 'SUCCEEDED' });
  const { rows } = await query(
    `SELECT to_regclass('raw_partitions.raw_prices_2026_10') AS kept, to_regclass('raw_partitions.raw_prices_2026_09') AS over`,
  );
  expect(rows).toEqual([{ kept: 'raw_partitions.raw_prices_2026_10', over: null }]);
});
