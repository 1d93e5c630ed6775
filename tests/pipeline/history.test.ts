/** What is missing is found once, asked for once, and stored whole, whatever the source answers and whenever a worker dies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { loadHistory, queueHoles } from '../../jobs/pipelines/history.js';
import { loadInterval } from '../../jobs/pipelines/history-load.js';
import { type PriceSource, SourceError, type SourceErrorKind } from '../../jobs/sources/source.js';
import { storePrices } from '../../jobs/streams/price-writer.js';
import { MINUTE } from '../../src/domain/time.js';
import { createLogger } from '../../src/platform/logger.js';
import { ensureMonthlyPartitions, priceWindow } from '../../src/platform/partitions.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { findHistoryProgress, getDueIntervals, type HistoryInterval } from '../../src/store/history.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { fixedClock } from '../kit/clock.js';
import { openTestDatabase } from '../kit/test-database.js';
import { pointsOf, priceAt, type ScriptedSource, scriptedSource } from './scripted-source.js';

const START = new Date('2026-11-20T10:00:00Z');
const COINS = ['bitcoin', 'ethereum'];
const logger = createLogger({ level: 'silent' });
const HOOKS = join(import.meta.dirname, '../kit/typescript-hooks.mjs');
const forEver = new AbortController().signal;

let db: Database;
const clock = fixedClock(START);
beforeAll(async () => {
  db = await openTestDatabase({ maxConnections: 20 });
  const window = priceWindow(START, null);
  await ensureMonthlyPartitions(db, window.from, window.to);
});
afterAll(() => db.close());
beforeEach(async () => {
  clock.set(START);
  await db.pool.query(`TRUNCATE raw.raw_prices, raw.raw_market_data, staging.stg_prices, staging.stg_market_data, mart.mart_price_candles,
    mart.mart_latest_prices, ops.tracked_coins, ops.history_intervals, ops.gaps, ops.rejected_rows, ops.changed_days`);
});

function depsWith(source: PriceSource, retentionDays: number | null = null) {
  return { db, source, clock, retentionDays };
}

async function trackAll(coins = COINS) {
  await trackCoins(db.pool, coins, 'simulator', clock.now());
}

async function ledger(): Promise<string[]> {
  const { rows } = await db.pool.query<{ line: string }>(
    `SELECT coin_id || ' ' || grain || ' ' || to_char(from_at, 'YYYY-MM-DD HH24:MI') || ' to ' || to_char(to_at, 'YYYY-MM-DD HH24:MI') || ' ' || status AS line
     FROM ops.history_intervals ORDER BY id`,
  );
  return rows.map((row) => row.line);
}

/** Live ticks, one a minute by default. */
async function ticks(coinId: string, from: Date, to: Date, everyMs = MINUTE) {
  const rows = [];
  for (let at = from.getTime(), position = 0n; at <= to.getTime(); at += everyMs, position++) {
    const observedAt = new Date(at);
    const origin = `test/${coinId}/${from.toISOString()}`;
    rows.push({
      source: 'simulator',
      coinId,
      priceUsd: priceAt(coinId, observedAt),
      observedAt,
      receivedAt: observedAt,
      payload: '{}',
      grain: 'tick' as const,
      origin,
      position,
    });
  }
  await db.transaction((tx) => storePrices(tx, rows, clock.now()));
}

const at = (time: string) => new Date(`2026-11-${time}Z`);

describe('finding what is missing', () => {
  const source = scriptedSource(clock, COINS);

  test('a coin that is new needs the year before it, once', async () => {
    await trackAll(['bitcoin']);
    expect(await queueHoles(depsWith(source))).toBe(3);
    expect(await ledger()).toEqual([
      'bitcoin 1d 2025-10-16 10:00 to 2026-11-20 10:00 PENDING',
      'bitcoin 1h 2026-08-22 10:00 to 2026-11-20 10:00 PENDING',
      'bitcoin 5m 2026-11-19 10:00 to 2026-11-20 10:00 PENDING',
    ]);
    clock.advance(9 * MINUTE);
    expect(await queueHoles(depsWith(source))).toBe(0);
  });

  test('a plan or a retention that gives less is asked for less; what a bigger plan adds is asked for then', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith({ ...source, historyDays: 365 }, 30));
    expect((await ledger())[0]).toBe('bitcoin 1d 2026-10-21 10:00 to 2026-11-20 10:00 PENDING');
    await queueHoles(depsWith({ ...source, historyDays: 365 }));
    await queueHoles(depsWith(source));
    expect((await ledger()).filter((line) => line.includes(' 1d '))).toEqual([
      'bitcoin 1d 2026-10-21 10:00 to 2026-11-20 10:00 PENDING',
      'bitcoin 1d 2025-11-20 10:00 to 2026-10-21 10:00 PENDING',
      'bitcoin 1d 2025-10-16 10:00 to 2025-11-20 10:00 PENDING',
    ]);
  });

  test('a downtime and a hole within the last days are asked for, once; nine minutes are none', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith(source));
    await db.pool.query(`UPDATE ops.history_intervals SET status = 'DONE'`);
    await ticks('bitcoin', at('20T10:01:00'), at('20T11:00:00'));
    await ticks('bitcoin', at('20T11:09:00'), at('20T12:00:00')); // 9 minutes: quiet
    await ticks('bitcoin', at('20T12:30:00'), at('20T13:00:00')); // half an hour is missing
    clock.set(at('20T15:00:00')); // and two more
    expect(await queueHoles(depsWith(source))).toBe(2);
    expect(await queueHoles(depsWith(source))).toBe(0);
    // Ticks come again; the hole that was asked for until 15:00 is closed a little later.
    await ticks('bitcoin', at('20T15:00:30'), at('20T15:10:30'));
    clock.set(at('20T15:11:00'));
    expect(await queueHoles(depsWith(source))).toBe(0);
    expect((await ledger()).slice(3)).toEqual([
      'bitcoin 5m 2026-11-20 12:00 to 2026-11-20 12:30 PENDING',
      'bitcoin 5m 2026-11-20 13:00 to 2026-11-20 15:00 PENDING',
    ]);
  });

  test('however long the platform was down, the hole begins at the last thing seen', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith(source));
    await ticks('bitcoin', at('20T10:01:00'), at('20T10:30:00'));
    clock.set('2026-12-25T00:00:00Z');
    await queueHoles(depsWith(source));
    expect((await ledger()).slice(3)).toEqual([
      'bitcoin 1d 2026-11-20 10:30 to 2026-12-25 00:00 PENDING',
      'bitcoin 1h 2026-11-20 10:30 to 2026-12-25 00:00 PENDING',
      'bitcoin 5m 2026-12-24 00:00 to 2026-12-25 00:00 PENDING',
    ]);
  });

  test('a coin that stays away is asked for ever more rarely', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith(source));
    await ticks('bitcoin', at('20T10:01:00'), at('20T10:30:00'));
    const asked: number[] = [];
    for (let hour = 1; hour <= 24; hour++) {
      clock.set(new Date(at('20T10:30:00').getTime() + hour * 60 * MINUTE));
      if ((await queueHoles(depsWith(source))) > 0) asked.push(hour);
    }
    expect(asked.length).toBeLessThan(16);
    expect(asked.slice(0, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    // What was left out is asked for once the coin is back.
    clock.set(at('22T01:00:00'));
    await ticks('bitcoin', at('22T01:00:00'), at('22T01:05:00'));
    await queueHoles(depsWith(source));
    const { rows } = await db.pool.query(`SELECT max(to_at) AS "to" FROM ops.history_intervals`);
    expect(rows).toEqual([{ to: at('22T01:00:00') }]);
  });

  test('a coin whose price usually comes every quarter of an hour has a hole where it stayed away for two', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith(source));
    await ticks('bitcoin', at('20T10:15:00'), at('20T14:00:00'), 15 * MINUTE);
    await ticks('bitcoin', at('20T16:00:00'), at('20T18:00:00'), 15 * MINUTE);
    clock.set(at('20T18:14:00'));
    await queueHoles(depsWith(source));
    expect((await ledger()).slice(3)).toEqual(['bitcoin 5m 2026-11-20 14:00 to 2026-11-20 16:00 PENDING']);
  });
});

describe('loading', () => {
  const summary = async () => {
    const { rows } = await db.pool.query(
      `SELECT grain::text, count(*)::integer AS intervals, sum(rows_written)::integer AS points, array_agg(DISTINCT status) AS status
       FROM ops.history_intervals GROUP BY 1 ORDER BY 1`,
    );
    return rows;
  };
  const failing = (kind: SourceErrorKind, message: string) => new SourceError(message, { kind, endpoint: '/market_chart' });

  test('stores every point once, days first, several coins at a time, and asks for nothing twice', async () => {
    const source = scriptedSource(clock, COINS);
    await trackAll();
    await queueHoles(depsWith(source));
    const due = await getDueIntervals(db.pool, 'simulator', clock.now());
    expect(due.map((interval) => interval.grain)).toEqual(['1d', '1d', '5m', '5m', '1h', '1h']);
    expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({ rows: 6 });
    expect(await summary()).toEqual([
      { grain: '1d', intervals: 2, points: 800, status: ['DONE'] },
      { grain: '1h', intervals: 2, points: 4320, status: ['DONE'] },
      { grain: '5m', intervals: 2, points: 576, status: ['DONE'] },
    ]);
    expect(source.mostAtOnce).toBeGreaterThan(1);
    const raw = await db.pool.query(
      `SELECT count(*)::integer AS count, count(DISTINCT (origin, position))::integer AS positions FROM raw.raw_prices`,
    );
    expect(raw.rows).toEqual([{ count: 5696, positions: 5696 }]);
    const candles = await db.pool.query(`SELECT interval::text, count(*)::integer FROM mart.mart_price_candles GROUP BY 1 ORDER BY 1`);
    expect(candles.rows).toEqual([
      { interval: '1d', count: 802 },
      { interval: '1h', count: 4320 },
      { interval: '5m', count: 576 },
    ]);
    const before = source.calls.length;
    expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({ skipped: 'nothing is missing' });
    expect(source.calls).toHaveLength(before);
  });

  test('tries a failed interval again later, and shows how far it is until then', async () => {
    await trackAll(['bitcoin']);
    let failures = 0;
    const shown: unknown[] = [];
    const source: ScriptedSource = scriptedSource(clock, COINS, {
      async history(coinId, grain, from, to) {
        if (grain === '1h' && failures++ < 2) {
          shown.push(await findHistoryProgress(db.pool, clock.now()));
          clock.advance(MINUTE); // by then it is due again
          throw failing('unavailable', 'the source answered 503; it is asked again');
        }
        return { fetchedAt: clock.now(), receivedAt: clock.now(), rows: pointsOf(coinId, grain, from, to), rejected: [] };
      },
    });
    await queueHoles(depsWith(source));
    const loading = loadHistory(depsWith(source), forEver, logger);
    const moving = setInterval(() => clock.advance(10_000), 5);
    expect(await loading).toEqual({ rows: 3 });
    clearInterval(moving);
    expect((await summary()).map((row) => row.status)).toEqual([['DONE'], ['DONE'], ['DONE']]);
    const attempts = await db.pool.query(`SELECT attempt, error FROM ops.history_intervals WHERE grain = '1h'`);
    expect(attempts.rows).toEqual([{ attempt: 3, error: null }]);
    const origins = await db.pool.query(`SELECT DISTINCT split_part(origin, '/', 3) AS attempt FROM raw.raw_prices WHERE grain = '1h'`);
    expect(origins.rows).toEqual([{ attempt: '3' }]);
    expect(shown[1]).toMatchObject({ intervalsDone: 2, intervalsTotal: 3, rows: 688 });
    expect(await findHistoryProgress(db.pool, clock.now())).toBeNull();
  });

  test('stops asking a source that refuses, and says why', async () => {
    await trackAll();
    const source = scriptedSource(clock, COINS, {
      history: () => Promise.reject(failing('unauthorized', 'the key is not valid; check COINGECKO_API_KEY')),
    });
    await queueHoles(depsWith(source));
    const outcome = await loadHistory(depsWith(source), forEver, logger);
    expect(outcome).toEqual({ failed: expect.stringContaining('the key is not valid; check COINGECKO_API_KEY') });
    expect(source.calls.length).toBeLessThanOrEqual(6);
    expect((await summary()).map((row) => row.status)).toEqual([['PENDING'], ['PENDING'], ['PENDING']]);
  });

  test('stops asking a source that is down', async () => {
    const coins = Array.from({ length: 40 }, (_, index) => `coin-${index}`);
    await trackAll(coins);
    const source = scriptedSource(clock, coins, { history: () => Promise.reject(failing('unavailable', 'connection refused')) });
    await queueHoles(depsWith(source));
    expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({ failed: expect.stringContaining('connection refused') });
    expect(source.calls.length).toBeLessThan(20);
  });

  test('a coin that the source dropped, and a stretch without points, become gaps; the others are loaded', async () => {
    await trackAll(['bitcoin', 'ethereum', 'tether']);
    const source = scriptedSource(clock, COINS, {
      async history(coinId, grain, from, to) {
        if (coinId === 'ethereum') throw failing('not_found', 'coin not found');
        const rows = coinId === 'tether' && grain === '5m' ? [] : pointsOf(coinId, grain, from, to);
        return { fetchedAt: clock.now(), receivedAt: clock.now(), rows, rejected: [] };
      },
    });
    await queueHoles(depsWith(source));
    expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({ rows: 5 });
    const { rows } = await db.pool.query(
      `SELECT coin_id, (extract(epoch FROM to_at - from_at) / 86400)::integer AS days, reason FROM ops.gaps ORDER BY coin_id, days DESC`,
    );
    expect(rows).toEqual([
      { coin_id: 'ethereum', days: 400, reason: 'simulator does not know this coin any more' },
      { coin_id: 'ethereum', days: 90, reason: 'simulator does not know this coin any more' },
      { coin_id: 'ethereum', days: 1, reason: 'simulator does not know this coin any more' },
      { coin_id: 'tether', days: 1, reason: 'simulator has no points 5m apart here' },
    ]);
    expect(await queueHoles(depsWith(source))).toBe(0);
  });

  test('an interval that waited until the source dropped it is asked for at what still reaches it', async () => {
    await trackAll(['bitcoin']);
    const source = scriptedSource(clock, COINS);
    await queueHoles(depsWith(source));
    await db.pool.query(`UPDATE ops.history_intervals SET status = 'DONE'`);
    await ticks('bitcoin', at('20T10:01:00'), at('20T11:00:00'));
    clock.set(at('20T13:00:00'));
    await queueHoles(depsWith(source));
    clock.set(at('21T12:30:00')); // only the last half hour of the hole is within a day
    await loadHistory(depsWith(source), forEver, logger);
    expect((await ledger()).slice(3)).toEqual([
      'bitcoin 5m 2026-11-20 11:00 to 2026-11-20 13:00 UNAVAILABLE',
      'bitcoin 1h 2026-11-20 11:00 to 2026-11-20 13:00 DONE',
      'bitcoin 5m 2026-11-20 12:30 to 2026-11-20 13:00 DONE',
    ]);
    expect((await db.pool.query('SELECT FROM ops.gaps')).rowCount).toBe(0);
  });

  test('a bad point is kept with its reason, beside the good ones', async () => {
    await trackAll(['bitcoin']);
    const source = scriptedSource(clock, COINS, {
      history: async (coinId, grain, from, to) => ({
        fetchedAt: clock.now(),
        receivedAt: clock.now(),
        rows: pointsOf(coinId, grain, from, to),
        rejected: grain === '1d' ? [{ coinId, reason: 'price is not above zero', payload: '{"price":0}' }] : [],
      }),
    });
    await queueHoles(depsWith(source));
    await loadHistory(depsWith(source), forEver, logger);
    const { rows } = await db.pool.query(`SELECT coin_id, dataset, reason, position::integer FROM ops.rejected_rows`);
    expect(rows).toEqual([{ coin_id: 'bitcoin', dataset: 'raw.raw_prices', reason: 'price is not above zero', position: 400 }]);
  });

  test('an attempt that was overtaken stores nothing', async () => {
    await trackAll(['bitcoin']);
    const arrived = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    let frozen = true;
    const source = scriptedSource(clock, COINS, {
      async history(coinId, grain, from, to) {
        if (frozen) {
          frozen = false;
          arrived.resolve();
          await goOn.promise;
        }
        return { fetchedAt: clock.now(), receivedAt: clock.now(), rows: pointsOf(coinId, grain, from, to), rejected: [] };
      },
    });
    await queueHoles(depsWith(source));
    const [interval] = (await getDueIntervals(db.pool, 'simulator', clock.now())) as [HistoryInterval];
    const first = loadInterval(depsWith(source), interval, forEver, logger);
    await arrived.promise;
    await loadHistory(depsWith(source), forEver, logger); // the worker that took over
    goOn.resolve();
    expect(await first).toEqual({ status: 'lost' });
    const { rows } = await db.pool.query(`SELECT DISTINCT origin FROM raw.raw_prices WHERE grain = '1d'`);
    expect(rows).toEqual([{ origin: `history/${interval.id}/2` }]);
  });

  test('a worker that is killed in the middle leaves nothing lost and nothing twice', async () => {
    const coins = ['bitcoin', 'ethereum', 'tether', 'solana'];
    const contents = async () => {
      const staged = `SELECT coin_id, source, observed_at, price_usd::text, grain, revisions, suspect FROM staging.stg_prices ORDER BY 1, 2, 3`;
      const candles = `SELECT coin_id, interval, bucket_start, open::text, high::text, low::text, close::text, observations, suspect,
          first_observed_at, last_observed_at FROM mart.mart_price_candles ORDER BY 1, 2, 3`;
      const days = `SELECT DISTINCT coin_id, day FROM ops.changed_days ORDER BY 1, 2`;
      return Promise.all([staged, candles, days].map(async (sql) => (await db.pool.query(sql)).rows));
    };
    const source = scriptedSource(clock, coins);
    await trackAll(coins);
    await queueHoles(depsWith({ ...source, historyDays: 120 }));
    const intervals = await db.pool.query(`SELECT * FROM ops.history_intervals`);
    await loadHistory(depsWith({ ...source, historyDays: 120 }), forEver, logger);
    const undisturbed = await contents();
    await db.pool.query(`TRUNCATE raw.raw_prices, staging.stg_prices, mart.mart_price_candles, mart.mart_latest_prices, ops.changed_days;
      UPDATE ops.history_intervals SET status = 'PENDING', attempt = 0, next_position = 0, rows_written = 0, finished_at = NULL`);

    for (const atRows of [300, 2_000, 4_000]) {
      const program = join(import.meta.dirname, 'programs/load-history.ts');
      const child = spawn(process.execPath, ['--import', HOOKS, program, db.url, clock.now().toISOString()], { stdio: 'inherit' });
      const died = once(child, 'exit');
      while (Number((await db.pool.query('SELECT count(*) FROM raw.raw_prices')).rows[0].count) < atRows) await sleep(5);
      child.kill('SIGKILL');
      expect((await died)[1]).toBe('SIGKILL');
    }
    expect((await getDueIntervals(db.pool, 'simulator', clock.now())).length).toBeGreaterThan(0);
    await loadHistory(depsWith({ ...source, historyDays: 120 }), forEver, logger);

    expect(await contents()).toEqual(undisturbed);
    const done = await db.pool.query(
      `SELECT i.rows_written::integer AS rows, count(r.*)::integer AS stored, max(r.position)::integer AS last
       FROM ops.history_intervals i JOIN raw.raw_prices r ON r.origin = 'history/' || i.id || '/' || i.attempt WHERE i.status = 'DONE' GROUP BY i.id`,
    );
    expect(done.rowCount).toBe(intervals.rowCount);
    for (const { rows, stored, last } of done.rows) expect([stored, last + 1]).toEqual([rows, rows]);
  }, 60_000);

  test('stops within a chunk when it is told to', async () => {
    await trackAll();
    const stop = new AbortController();
    const source = scriptedSource(clock, COINS, {
      async history(_coin, _grain, _from, _to, signal) {
        if (source.mostAtOnce === 2) stop.abort(new Error('stopping'));
        await sleep(60_000, undefined, { signal });
        throw new Error('unreachable');
      },
    });
    await queueHoles(depsWith(source));
    await expect(loadHistory(depsWith(source), stop.signal, logger)).rejects.toThrow('stopping');
    expect((await db.pool.query('SELECT FROM raw.raw_prices')).rowCount).toBe(0);
  });
});
