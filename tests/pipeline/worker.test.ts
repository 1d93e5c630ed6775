/** Workers as a whole, on a real ledger and log: first starts, downtimes, races, kills, and what a person asks for. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PriceSource } from '../../jobs/sources/source.js';
import { SourceError } from '../../jobs/sources/source.js';
import { storePrices } from '../../jobs/streams/price-writer.js';
import { runPipelineOnce, startWorker, type Worker, type WorkerOptions } from '../../jobs/worker.js';
import type { Decimal } from '../../src/domain/decimal.js';
import { createPostgresEventLog } from '../../src/platform/event-log/postgres-event-log.js';
import { TOPICS } from '../../src/platform/event-log/topics.js';
import { createLogger } from '../../src/platform/logger.js';
import { ensureMonthlyPartitions, priceWindow } from '../../src/platform/partitions.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { findPublishedThrough } from '../../src/store/ops/datasets.js';
import { fixedClock } from '../kit/clock.js';
import { openTestDatabase } from '../kit/test-database.js';
import { type ScriptedSource, scriptedSource } from './scripted-source.js';

const HOOKS = join(import.meta.dirname, '../kit/typescript-hooks.mjs');
const COINS = ['bitcoin', 'ethereum', 'tether'];
const logger = createLogger({ level: 'silent' });
const forEver = new AbortController().signal;

let db: Database;
let workers: Worker[];
const clock = fixedClock('2026-11-23T07:00:00Z');

beforeEach(async () => {
  clock.set('2026-11-23T07:00:00Z');
  db = await openTestDatabase({ maxConnections: 30 });
  const { from, to } = priceWindow(clock.now(), null);
  await ensureMonthlyPartitions(db, from, to);
  await createPostgresEventLog(db, logger).ensureTopics(TOPICS);
  workers = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await db.close();
});

/** Forty days of history are enough to fill every formula but the longest, and load quickly. */
function newSource(replaced: Partial<PriceSource> = {}): ScriptedSource {
  return scriptedSource(clock, COINS, { historyDays: 40, ...replaced });
}

function optionsWith(source: PriceSource, config: Partial<WorkerOptions['config']> = {}): WorkerOptions {
  const given = { coins: { count: 3 }, batchCron: '0 0 * * *', retentionDays: null, kafka: null };
  return { db, log: createPostgresEventLog(db, logger), source, config: { ...given, ...config }, clock, logger };
}

function start(source: PriceSource, config: Partial<WorkerOptions['config']> = {}): Worker {
  const worker = startWorker(optionsWith(source, config));
  workers.push(worker);
  return worker;
}

/** Resolves when the run of the date has ended, and nothing else is under way. */
async function settled(date = '2026-11-22'): Promise<void> {
  for (;;) {
    const { rows } = await db.pool.query<{ open: number; ended: number }>(
      `SELECT count(*) FILTER (WHERE status IN ('QUEUED', 'RUNNING'))::integer AS open,
         count(*) FILTER (WHERE finished_at IS NOT NULL AND logical_date = $1)::integer AS ended FROM ops.pipeline_runs`,
      [date],
    );
    if (rows[0]?.open === 0 && rows[0].ended > 0) return;
    await sleep(20);
  }
}

async function stopAll(): Promise<void> {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
}

async function runs(pipeline = 'daily') {
  const { rows } = await db.pool.query(
    `SELECT logical_date AS date, attempt, status, error FROM ops.pipeline_runs WHERE pipeline = $1 ORDER BY started_at`,
    [pipeline],
  );
  return rows;
}

const MARTS = ['mart_coins', 'mart_crypto_performance', 'mart_market_overview'];
/** Every row of the marts to the last digit, clocks included. */
async function marts(): Promise<unknown[]> {
  return Promise.all(MARTS.map(async (mart) => (await db.pool.query(`SELECT t::text FROM mart.${mart} t ORDER BY 1`)).rows));
}

describe('a first start', () => {
  test('tracks the coins, loads their history, and publishes its marts through yesterday', async () => {
    const source = newSource();
    start(source);
    await settled();
    expect(await runs()).toEqual([{ date: '2026-11-22', attempt: 1, status: 'SUCCEEDED', error: null }]);
    expect(await runs('history')).toMatchObject([{ status: 'SUCCEEDED' }]);
    expect(await findPublishedThrough(db.pool)).toBe('2026-11-22');
    const { rows } = await db.pool.query(
      `SELECT (SELECT count(*)::integer FROM mart.mart_coins) AS coins, (SELECT count(*)::integer FROM mart.mart_crypto_performance) AS days,
         (SELECT count(*)::integer FROM mart.mart_market_overview) AS overviews, (SELECT count(*)::integer FROM mart.mart_market_overview WHERE coin_count = 3) AS whole`,
    );
    expect(rows).toEqual([{ coins: 3, days: 120, overviews: 40, whole: 40 }]);
    expect(source.calls.filter((call) => !call.startsWith('history'))).toEqual(['topCoins', 'global']);
  });

  test('of four workers at once is one start', async () => {
    const sources = Array.from({ length: 4 }, () => newSource());
    for (const source of sources) start(source, { coins: { count: 2 } });
    await settled();
    expect((await db.pool.query('SELECT coin_id FROM ops.tracked_coins ORDER BY 1')).rows).toEqual([
      { coin_id: 'bitcoin' },
      { coin_id: 'ethereum' },
    ]);
    expect(await runs()).toEqual([{ date: '2026-11-22', attempt: 1, status: 'SUCCEEDED', error: null }]);
    const calls = sources.flatMap((source) => source.calls).filter((call) => call.startsWith('history'));
    expect(calls.sort()).toEqual(['bitcoin', 'ethereum'].flatMap((coin) => ['1d', '1h', '5m'].map((grain) => `history ${coin} ${grain}`)));
    const versions = await db.pool.query(
      `SELECT max(version)::integer AS version FROM ops.datasets WHERE name = 'mart.mart_crypto_performance'`,
    );
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
    await db.pool.query(`UPDATE ops.history_intervals SET retry_at = $1 WHERE grain = '1d'`, [clock.now()]);
    while ((await findPublishedThrough(db.pool)) === null) await sleep(20);
    expect(await runs()).toMatchObject([{ date: '2026-11-22' }]);
  });
});

describe('later', () => {
  /** A platform that has run until the 22nd. */
  async function published(): Promise<void> {
    start(newSource());
    await settled();
    await stopAll();
  }

  test('COINS adds and never takes away', async () => {
    await published();
    const source = newSource();
    start(source, { coins: { ids: ['bitcoin', 'solana', 'tether'] } });
    const known = scriptedSource(clock, [...COINS, 'solana']);
    await stopAll();
    start({ ...source, marketSnapshot: known.marketSnapshot }, { coins: { ids: ['bitcoin', 'solana'] } });
    while ((await db.pool.query(`SELECT FROM ops.tracked_coins WHERE coin_id = 'solana'`)).rowCount === 0) await sleep(20);
    await stopAll();
    start(newSource(), { coins: { count: 1 } });
    await settled();
    const { rows } = await db.pool.query('SELECT coin_id FROM ops.tracked_coins ORDER BY 1');
    expect(rows.map((row) => row.coin_id)).toEqual(['bitcoin', 'ethereum', 'solana', 'tether']);
  });

  test('missed dates are caught up in order, and only yesterday is fetched', async () => {
    await published();
    clock.set('2026-11-26T05:00:00Z');
    const source = newSource();
    start(source);
    await settled('2026-11-25');
    expect((await runs()).map((run) => [run.date, run.status])).toEqual([
      ['2026-11-22', 'SUCCEEDED'],
      ['2026-11-23', 'SUCCEEDED'],
      ['2026-11-24', 'SUCCEEDED'],
      ['2026-11-25', 'SUCCEEDED'],
    ]);
    expect(await findPublishedThrough(db.pool)).toBe('2026-11-25');
    expect(source.calls.filter((call) => !call.startsWith('history')).sort()).toEqual(['global', 'marketSnapshot']);
    const skipped = await db.pool.query(`SELECT t.error FROM ops.task_runs t JOIN ops.pipeline_runs r ON r.id = t.run_id
      WHERE r.logical_date = '2026-11-23' AND t.name = 'fetch_markets'`);
    expect(skipped.rows).toEqual([{ error: 'what the market is today says nothing about 2026-11-23' }]);
  });

  test('a date that is run again computes from raw, fetches nothing and changes nothing', async () => {
    clock.set('2026-11-23T00:00:10Z');
    await published();
    const before = await marts();
    clock.set('2026-11-23T15:00:00Z');
    const source = newSource();
    const { run, tasks } = await runPipelineOnce(optionsWith(source), { pipeline: 'daily', date: '2026-11-22' }, forEver);
    expect(run).toMatchObject({ status: 'SUCCEEDED', attempt: 2, error: null });
    expect(tasks.find((task) => task.name === 'fetch_markets')).toMatchObject({
      status: 'SKIPPED',
      error: 'fetched at 2026-11-23T00:00:10.000Z',
    });
    const older = await runPipelineOnce(optionsWith(source), { pipeline: 'daily', date: '2026-11-10' }, forEver);
    expect(older.run).toMatchObject({ status: 'SUCCEEDED', attempt: 1 });
    expect(source.calls).toEqual([]);
    expect(await marts()).toEqual(before);
  });

  test('a day that failed is made up for by the next', async () => {
    await published();
    await db.pool.query(
      `INSERT INTO ops.pipeline_runs (pipeline, slot, logical_date, status, requested_at, error) VALUES ('daily', '2026-11-23', '2026-11-23', 'FAILED', now(), 'the disk was full')`,
    );
    clock.set('2026-11-25T00:10:00Z');
    start(newSource());
    await settled('2026-11-24');
    expect((await runs()).filter((run) => run.date === '2026-11-24')).toMatchObject([{ status: 'SUCCEEDED' }]);
    expect(await findPublishedThrough(db.pool)).toBe('2026-11-24');
  });

  test('a source that is down costs the day its fetch, not its marts', async () => {
    await published();
    clock.set('2026-11-24T00:10:00Z');
    const down = () => Promise.reject(new SourceError('503 from the source', { kind: 'unauthorized', endpoint: '/coins/markets' }));
    const abort = new AbortController();
    // Retries would take a minute; the first failure is enough to see.
    const source = newSource({ marketSnapshot: down, global: down });
    const once = runPipelineOnce(optionsWith(source), { pipeline: 'daily', date: '2026-11-23' }, abort.signal);
    const { run } = await once;
    expect(run).toMatchObject({ status: 'FAILED', error: 'fetch_markets: 503 from the source; fetch_global: 503 from the source' });
    expect(await findPublishedThrough(db.pool)).toBe('2026-11-23');
  });

  test('a late tick of a published day reaches the marts', async () => {
    await published();
    const observedAt = new Date('2026-11-23T00:00:00Z'); // the day's close
    const tick = {
      source: 'simulator',
      coinId: 'bitcoin',
      priceUsd: '123.456' as Decimal,
      observedAt,
      receivedAt: clock.now(),
      payload: '{}',
      grain: 'tick' as const,
    };
    await db.transaction((tx) => storePrices(tx, [{ ...tick, origin: 'market.prices.v1/0', position: 0n }], clock.now()));
    const price = async () =>
      (await db.pool.query(`SELECT price_usd FROM mart.mart_crypto_performance WHERE coin_id = 'bitcoin' AND day = '2026-11-22'`)).rows[0]
        .price_usd;
    await db.pool.query(`UPDATE ops.changed_days SET marked_at = marked_at - interval '2 minutes'`);
    clock.set('2026-11-23T07:05:00Z');
    start(newSource());
    while ((await runs('restate')).every((run) => run.status !== 'SUCCEEDED')) await sleep(20);
    expect(await price()).toBe('123.456');
    expect((await db.pool.query(`SELECT FROM ops.changed_days WHERE day <= '2026-11-22'`)).rowCount).toBe(0);
  });

  test('a dataset with another definition is made anew at the next start, the same rows', async () => {
    await published();
    const before = await marts();
    const prices = async () =>
      (await db.pool.query(`SELECT coin_id, observed_at, price_usd, grain, revisions, suspect FROM staging.stg_prices ORDER BY 1, 2`)).rows;
    const stored = await prices();
    await db.pool.query(`UPDATE ops.datasets SET definition_hash = 'of an older version'`);
    start(newSource());
    while ((await runs('rebuild')).every((run) => run.status !== 'SUCCEEDED')) await sleep(20);
    await stopAll();
    expect((await db.pool.query(`SELECT FROM ops.datasets WHERE definition_hash = 'of an older version'`)).rowCount).toBe(0);
    expect(await prices()).toEqual(stored);
    expect(await marts()).toEqual(before);
    start(newSource());
    await settled();
    expect(await runs('rebuild')).toHaveLength(1);
  });
});

describe('a worker that dies', () => {
  /** Holds a mart so that a publish stands still in its middle. */
  async function holdPublish() {
    const client = await db.pool.connect();
    await client.query('BEGIN; LOCK TABLE mart.mart_coins IN ACCESS EXCLUSIVE MODE');
    const standing = async () => {
      for (;;) {
        const { rowCount } = await db.pool.query(
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

  async function lapse(): Promise<void> {
    await db.pool.query(`UPDATE ops.pipeline_runs SET lease_expires_at = clock_timestamp() WHERE status = 'RUNNING'`);
  }

  async function child() {
    const program = join(import.meta.dirname, 'programs/work.ts');
    const started = spawn(process.execPath, ['--import', HOOKS, program, db.url, clock.now().toISOString()], {
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
      const rows = await Promise.all(
        ['mart_crypto_performance', 'mart_market_overview'].map(
          async (mart) => (await db.pool.query(`SELECT t::text FROM mart.${mart} t ORDER BY 1`)).rows,
        ),
      );
      await db.pool.query(`TRUNCATE raw.raw_prices, raw.raw_market_data, raw.raw_global, staging.stg_prices, staging.stg_market_data, staging.stg_global, staging.stg_coins,
        mart.mart_coins, mart.mart_crypto_performance, mart.mart_market_overview, mart.mart_price_candles, mart.mart_latest_prices,
        ops.tracked_coins, ops.history_intervals, ops.changed_days, ops.datasets, ops.pipeline_runs CASCADE`);
      return rows;
    })();
    const held = await holdPublish();
    const killed = await child();
    await held.standing();
    await killed.kill();
    await held.letGo();
    expect(await findPublishedThrough(db.pool)).toBeNull();
    await lapse();
    start(newSource());
    await settled();
    expect(await runs()).toEqual([{ date: '2026-11-22', attempt: 2, status: 'SUCCEEDED', error: null }]);
    const { rows } = await db.pool.query(
      `SELECT DISTINCT version::integer FROM ops.datasets WHERE name IN ('mart.mart_crypto_performance', 'mart.mart_market_overview')`,
    );
    expect(rows).toEqual([{ version: 1 }]);
    const after = await Promise.all(
      ['mart_crypto_performance', 'mart_market_overview'].map(
        async (mart) => (await db.pool.query(`SELECT t::text FROM mart.${mart} t ORDER BY 1`)).rows,
      ),
    );
    expect(after).toEqual(undisturbed);
  }, 60_000);

  test('not, but freezes in the middle of a publish: what it had is rolled back when it wakes', async () => {
    start(newSource());
    start(newSource());
    const held = await holdPublish();
    await held.standing();
    await lapse();
    // The other worker takes the run over before the first one's publish can end.
    while ((await runs())[0].attempt !== 2) await sleep(20);
    await held.letGo();
    await settled();
    expect(await runs()).toEqual([{ date: '2026-11-22', attempt: 2, status: 'SUCCEEDED', error: null }]);
    const { rows } = await db.pool.query(`SELECT version::integer FROM ops.datasets WHERE name = 'mart.mart_crypto_performance'`);
    expect(rows).toEqual([{ version: 1 }]);
    const published = await db.pool.query(
      `SELECT DISTINCT run_attempt FROM ops.task_runs WHERE name = 'publish' AND status = 'SUCCEEDED' AND run_id = (SELECT id FROM ops.pipeline_runs WHERE pipeline = 'daily')`,
    );
    expect(published.rows).toEqual([{ run_attempt: 2 }]);
  }, 60_000);
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
  }, 30_000);

  test('a living worker executes it, and the caller sees how it ended', async () => {
    start(newSource());
    await settled();
    const asked = performance.now();
    const { run } = await runPipelineOnce(optionsWith(newSource()), { pipeline: 'history', date: null }, forEver);
    expect(run).toMatchObject({ status: 'SUCCEEDED', error: null });
    expect(performance.now() - asked).toBeLessThan(2_000); // sooner than it would have been executed here
  });
});

test('housekeeping makes months, drops old ones, trims the log, merges marks and forgets old runs', async () => {
  start(newSource());
  await settled();
  await stopAll();
  const months = async () =>
    (
      await db.pool.query(`SELECT relname FROM pg_class WHERE relnamespace = 'raw_partitions'::regnamespace AND relkind = 'r' ORDER BY 1`)
    ).rows.map((row) => row.relname);
  const log = createPostgresEventLog(db, logger);
  await log.append('market.updates.v1', [{ key: 'bitcoin', value: Buffer.from('{}'), partition: 0 }]);
  await db.pool.query(`UPDATE ops.log_records SET appended_at = appended_at - interval '2 days';
    INSERT INTO ops.changed_days (coin_id, day) SELECT 'bitcoin', '2026-11-24' FROM generate_series(1, 5);
    INSERT INTO ops.pipeline_runs (pipeline, slot, status, requested_at, finished_at) VALUES ('restate', 'long ago', 'SUCCEEDED', '2026-10-01', '2026-10-01')`);
  clock.set('2026-12-20T12:00:00Z');
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
    (await db.pool.query(`SELECT count(*)::integer AS marks FROM ops.changed_days WHERE coin_id = 'bitcoin' AND day = '2026-11-24'`)).rows,
  ).toEqual([{ marks: 1 }]);
  expect((await db.pool.query(`SELECT FROM ops.pipeline_runs WHERE slot = 'long ago'`)).rowCount).toBe(0);
  expect((await db.pool.query(`SELECT FROM ops.check_results WHERE run_id = $1`, [run.id])).rowCount).toBeGreaterThan(10);
  const again = await runPipelineOnce(optionsWith(newSource(), { retentionDays: 35 }), { pipeline: 'housekeeping', date: null }, forEver);
  expect(again.tasks.find((task) => task.name === 'check_all')?.status).toBe('SKIPPED');
}, 30_000);
