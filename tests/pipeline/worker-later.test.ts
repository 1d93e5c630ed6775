/** What workers do about a platform that has run before: new coins, downtimes, reruns, failures, late ticks, new definitions. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { publish } from '../../jobs/runtime/publish.js';
import { requestDue, type ScheduleEntry } from '../../jobs/runtime/scheduler.js';
import { createSchedule } from '../../jobs/schedule.js';
import { SourceError } from '../../jobs/sources/source.js';
import { storePrices } from '../../jobs/streams/price-writer.js';
import { runPipelineOnce } from '../../jobs/worker.js';
import type { Decimal } from '../../src/domain/decimal.js';
import { HOUR, MINUTE, type UtcDate } from '../../src/domain/time.js';
import { unreachable } from './setting/logs.js';
import { scriptedSource } from './setting/scripted-source.js';
import { storeTicks } from './setting/ticks.js';
import { COINS, useWorkers } from './setting/workers.js';

const { clock, query, openLog, newSource, optionsWith, start, stopAll, settled, db, publishedThrough, published, runs, marts } =
  useWorkers();
const forEver = new AbortController().signal;

/** Of every coin, from now on. */
async function ticksUntil(end: string): Promise<void> {
  for (const coinId of COINS) await storeTicks(db(), clock, { coinId, from: clock.now(), to: new Date(end), everyMs: 5 * MINUTE });
}

describe('later', () => {
  test('COINS adds and never takes away', async () => {
    await published();
    const source = newSource();
    start(source, { coins: { ids: ['bitcoin', 'solana', 'tether'] } });
    const known = scriptedSource(clock, [...COINS, 'solana']);
    await stopAll();
    start({ ...source, marketSnapshot: known.marketSnapshot }, { coins: { ids: ['bitcoin', 'solana'] } });
    while ((await query(`SELECT FROM ops.tracked_coins WHERE coin_id = 'solana'`)).rowCount === 0) await sleep(20);
    await stopAll();
    clock.advance(MINUTE);
    start(newSource(), { coins: { count: 1 } });
    await settled();
    const { rows } = await query('SELECT coin_id FROM ops.tracked_coins ORDER BY 1');
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
    expect(await publishedThrough()).toBe('2026-11-25');
    expect(source.calls.filter((call) => !call.startsWith('history')).sort()).toEqual(['global', 'marketSnapshot']);
    // The days that were missed have their closes: their history came before their marts.
    const { rows: days } = await query(
      `SELECT day, count(*)::integer AS coins FROM mart.mart_crypto_performance WHERE day > '2026-11-22' GROUP BY 1 ORDER BY 1`,
    );
    expect(days).toEqual([
      { day: '2026-11-23', coins: 3 },
      { day: '2026-11-24', coins: 3 },
      { day: '2026-11-25', coins: 3 },
    ]);
    expect((await query(`SELECT FROM ops.check_results WHERE status <> 'PASSED' AND name = 'row_count'`)).rowCount).toBe(0);
    const skipped = await query(`SELECT t.error FROM ops.task_runs t JOIN ops.pipeline_runs r ON r.id = t.run_id
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
    const older = await runPipelineOnce(optionsWith(source), { pipeline: 'daily', date: '2026-11-17' }, forEver);
    expect(older.run).toMatchObject({ status: 'SUCCEEDED', attempt: 1 });
    expect(source.calls).toEqual([]);
    expect(await marts()).toEqual(before);
  });

  test('a day that failed is made up for by the next', async () => {
    await published();
    await query(
      `INSERT INTO ops.pipeline_runs (pipeline, slot, logical_date, status, requested_at, error) VALUES ('daily', '2026-11-23', '2026-11-23', 'FAILED', now(), 'the disk was full')`,
    );
    clock.set('2026-11-25T00:10:00Z');
    start(newSource());
    await settled('2026-11-24');
    expect((await runs()).filter((run) => run.date === '2026-11-24')).toMatchObject([{ status: 'SUCCEEDED' }]);
    expect(await publishedThrough()).toBe('2026-11-24');
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
    expect(await publishedThrough()).toBe('2026-11-23');
  });

  test('a log that is away costs the day nothing either', async () => {
    await published();
    clock.set('2026-11-24T00:00:10Z');
    let asked = 0;
    // As often as a task is tried, and oftener; then the time for it has passed.
    const log = unreachable(openLog(), () => {
      if (++asked === 8) clock.set('2026-11-24T00:10:00Z');
      return true;
    });
    const { run } = await runPipelineOnce({ ...optionsWith(newSource()), log }, { pipeline: 'daily', date: '2026-11-23' }, forEver);
    expect(run).toMatchObject({ status: 'SUCCEEDED', error: null });
    expect(asked).toBe(8);
    expect(await publishedThrough()).toBe('2026-11-23');
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
    await db().transaction((tx) => storePrices(tx, [{ ...tick, origin: 'market.prices.v1/0', position: 0n }], clock.now()));
    const price = async () =>
      (await query(`SELECT price_usd FROM mart.mart_crypto_performance WHERE coin_id = 'bitcoin' AND day = '2026-11-22'`)).rows[0]
        ?.price_usd;
    await query(`UPDATE ops.changed_days SET marked_at = marked_at - interval '2 minutes'`);
    clock.set('2026-11-23T07:05:00Z');
    start(newSource());
    while ((await runs('restate')).every((run) => run.status !== 'SUCCEEDED')) await sleep(20);
    expect(await price()).toBe('123.456');
    expect((await query(`SELECT FROM ops.changed_days WHERE day <= '2026-11-22'`)).rowCount).toBe(0);
  });

  test('a day whose snapshot was missed has its caps from history, which asks for each coin once', async () => {
    await published();
    await ticksUntil('2026-11-24T02:00:00Z');
    clock.set('2026-11-24T02:00:00Z');
    const source = newSource();
    const overview = async () =>
      (await query(`SELECT total_market_cap_usd AS cap, coin_count AS coins FROM mart.mart_market_overview WHERE day = '2026-11-23'`)).rows;
    await runPipelineOnce(optionsWith(source), { pipeline: 'daily', date: '2026-11-23' as UtcDate }, forEver);
    expect([await publishedThrough(), await overview()]).toEqual(['2026-11-23', []]);
    const load = () => runPipelineOnce(optionsWith(source), { pipeline: 'history', date: null }, forEver);
    expect((await load()).run.status).toBe('SUCCEEDED');
    expect(await overview()).toEqual([{ cap: '3000000', coins: 3 }]);
    clock.advance(HOUR);
    await load();
    expect(source.calls.filter((call) => call.endsWith(' 1d')).sort()).toEqual(COINS.map((coinId) => `history ${coinId} 1d`));
  });

  test('a day whose end lies in a hole is asked for with that hole, and not by its front as well', async () => {
    await published();
    await ticksUntil('2026-11-23T23:45:00Z');
    clock.set('2026-11-24T02:00:00Z');
    const source = newSource();
    await runPipelineOnce(optionsWith(source), { pipeline: 'daily', date: '2026-11-23' as UtcDate }, forEver);
    const { run } = await runPipelineOnce(optionsWith(source), { pipeline: 'history', date: null }, forEver);
    expect(run).toMatchObject({ status: 'SUCCEEDED', error: null });
    expect(source.calls.filter((call) => call.endsWith(' 1d')).sort()).toEqual(COINS.map((coinId) => `history ${coinId} 1d`));
    expect((await query('SELECT FROM ops.gaps')).rowCount).toBe(0);
  });

  test('a dataset with another definition is made anew at the next start, the same rows', async () => {
    await published();
    const before = await marts();
    const prices = async () =>
      (await query(`SELECT coin_id, observed_at, price_usd, grain, revisions, suspect FROM staging.stg_prices ORDER BY 1, 2`)).rows;
    const stored = await prices();
    await query(`UPDATE ops.datasets SET definition_hash = 'of an older version'`);
    start(newSource());
    while ((await runs('rebuild')).every((run) => run.status !== 'SUCCEEDED')) await sleep(20);
    await stopAll();
    expect((await query(`SELECT FROM ops.datasets WHERE definition_hash = 'of an older version'`)).rowCount).toBe(0);
    expect(await prices()).toEqual(stored);
    expect(await marts()).toEqual(before);
    clock.advance(MINUTE);
    start(newSource());
    await settled();
    expect(await runs('rebuild')).toHaveLength(1);
  });

  test('a run by hand follows no coin that the worker does not', async () => {
    await published();
    await query(`DELETE FROM ops.tracked_coins WHERE coin_id = 'tether'`);
    const source = newSource();
    const { run } = await runPipelineOnce(optionsWith(source, { coins: { count: 3 } }), { pipeline: 'history', date: null }, forEver);
    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    expect(source.calls).toEqual([]);
    expect((await query('SELECT coin_id FROM ops.tracked_coins ORDER BY 1')).rows).toEqual([
      { coin_id: 'bitcoin' },
      { coin_id: 'ethereum' },
    ]);
  });

  test('history is asked for hourly, also after the clock was set back', async () => {
    const schedule = createSchedule({ ...optionsWith(newSource()), retentionDays: null, batchCron: '0 0 * * *', trimmedTopics: [] });
    const history = schedule.find(({ pipeline }) => pipeline.name === 'history') as ScheduleEntry;
    const ask = () => requestDue({ db: db(), clock, logger: pino({ level: 'silent' }) }, history, false);
    const end = () => query(`UPDATE ops.pipeline_runs SET status = 'SUCCEEDED'`);
    expect([await ask(), await end(), await ask()]).toMatchObject([1, {}, 0]);
    clock.advance(-3 * HOUR);
    expect([await ask(), await end(), await ask()]).toMatchObject([1, {}, 0]);
    clock.advance(HOUR);
    expect(await ask()).toBe(1);
  });

  test('a rebuild that a worker of another version took up is asked for again', async () => {
    await published();
    await query(`UPDATE ops.datasets SET definition_hash = 'of an older version'`);
    const rebuild = createSchedule({ ...optionsWith(newSource()), retentionDays: null, batchCron: '0 0 * * *', trimmedTopics: [] }).find(
      ({ pipeline }) => pipeline.name === 'rebuild',
    ) as ScheduleEntry;
    expect(await rebuild.due(clock.now(), false)).toEqual([]); // content at its start, as far as it knows
    expect(await rebuild.due(clock.now(), true)).toEqual([null]);
    expect(await rebuild.due(clock.now(), false)).toEqual([null]);
    await runPipelineOnce(optionsWith(newSource()), { pipeline: 'rebuild', date: null }, forEver);
    expect(await rebuild.due(clock.now(), false)).toEqual([]);
  });

  test('while a rebuild is under way nothing else publishes: a changed day is left to it, a new one comes after it', async () => {
    await published();
    clock.set('2026-11-24T00:10:00Z');
    await query(`INSERT INTO ops.changed_days (coin_id, day, marked_at) VALUES ('bitcoin', '2026-11-20', now() - interval '2 minutes')`);
    const schedule = createSchedule({ ...optionsWith(newSource()), retentionDays: null, batchCron: '0 0 * * *', trimmedTopics: [] });
    const restate = schedule.find(({ pipeline }) => pipeline.name === 'restate') as ScheduleEntry;
    expect(await restate.due(clock.now(), false)).toEqual([null]);
    await query(`INSERT INTO ops.pipeline_runs (pipeline, slot, status, requested_at, started_at, lease_expires_at)
                 VALUES ('rebuild', 'of another worker', 'RUNNING', now(), now(), now() + interval '1 hour')`);
    expect(await restate.due(clock.now(), false)).toEqual([]);
    expect(await publish(db(), { through: null, fence: null, clock })).toEqual({ outcome: 'rebuild-under-way' });
    const restated = await runPipelineOnce(optionsWith(newSource()), { pipeline: 'restate', date: null }, forEver);
    expect(restated.run).toMatchObject({ status: 'SKIPPED', error: 'a rebuild is under way, which publishes everything' });
    const said: string[] = [];
    const logger = pino({}, { write: (line: string) => void said.push(line) });
    const daily = runPipelineOnce({ ...optionsWith(newSource()), logger }, { pipeline: 'daily', date: '2026-11-23' as UtcDate }, forEver);
    while (!said.some((line) => line.includes('once the rebuild that is under way has ended'))) await sleep(20);
    expect(await publishedThrough()).toBe('2026-11-22');
    await query(`UPDATE ops.pipeline_runs SET status = 'SUCCEEDED', finished_at = now() WHERE slot = 'of another worker'`);
    expect((await daily).run).toMatchObject({ status: 'SUCCEEDED' });
    expect(await publishedThrough()).toBe('2026-11-23');
  });

  test('whoever asks for a rebuild has everything made anew from raw, whatever had become of it', async () => {
    await published();
    const before = await marts();
    const prices = async () => (await query('SELECT coin_id, observed_at, price_usd, grain FROM staging.stg_prices ORDER BY 1, 2')).rows;
    const candles = async () =>
      (await query('SELECT coin_id, interval, bucket_start, open, close FROM mart.mart_price_candles ORDER BY 1, 2, 3')).rows;
    const stored = [await prices(), await candles()];
    await query(`TRUNCATE staging.stg_prices, staging.stg_coins, staging.stg_market_data, mart.mart_price_candles, mart.mart_latest_prices,
                 mart.mart_crypto_performance, mart.mart_market_overview`);
    const { run } = await runPipelineOnce(optionsWith(newSource()), { pipeline: 'rebuild', date: null }, forEver);
    expect(run).toMatchObject({ status: 'SUCCEEDED', error: null });
    expect([await prices(), await candles()]).toEqual(stored);
    expect(await marts()).toEqual(before);
  });
});
