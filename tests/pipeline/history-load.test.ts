/** What is missing is asked for once and stored whole, whatever the source answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { loadHistory, queueHoles } from '../../jobs/pipelines/history.js';
import { loadInterval } from '../../jobs/pipelines/history-load.js';
import { SourceError, type SourceErrorKind } from '../../jobs/sources/source.js';
import { MINUTE } from '../../src/domain/time.js';
import { createLogger } from '../../src/platform/logger.js';
import { findHistoryProgress, getDueIntervals, getFailingIntervals, type HistoryInterval } from '../../src/store/pipelines/history.js';
import { dropMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { at, COINS, useHistory } from './setting/history.js';
import { pointsOf, type ScriptedSource, scriptedSource } from './setting/scripted-source.js';

const { clock, query, db, depsWith, trackAll, ledger, ticks } = useHistory();
const logger = createLogger({ level: 'silent' });
const forEver = new AbortController().signal;

describe('loading', () => {
  const summary = async () => {
    const { rows } = await query(
      `SELECT grain::text, count(*)::integer AS intervals, sum(rows_written)::integer AS points, array_agg(DISTINCT status) AS status
       FROM ops.history_intervals GROUP BY 1 ORDER BY 1`,
    );
    return rows;
  };
  /** Moves the clock to each next attempt when it stands in the ledger, and no further, however long the loading takes. */
  const retrying = async (loading: ReturnType<typeof loadHistory>) => {
    for (;;) {
      const outcome = await Promise.race([loading, sleep(5, null)]);
      if (outcome !== null) return outcome;
      const [next] = await getFailingIntervals(db().pool, 'simulator');
      if (next !== undefined && next.retryAt > clock.now()) clock.set(next.retryAt);
    }
  };
  const failing = (kind: SourceErrorKind, message: string) => new SourceError(message, { kind, endpoint: '/market_chart' });

  test('stores every point once, days first, several coins at a time, and asks for nothing twice', async () => {
    const source = scriptedSource(clock, COINS);
    await trackAll();
    await queueHoles(depsWith(source));
    const due = await getDueIntervals(db().pool, 'simulator', clock.now());
    expect(due.map((interval) => interval.grain)).toEqual(['1d', '1d', '5m', '5m', '1h', '1h']);
    expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({ rows: 6 });
    expect(await summary()).toEqual([
      { grain: '1d', intervals: 2, points: 800, status: ['DONE'] },
      { grain: '1h', intervals: 2, points: 4320, status: ['DONE'] },
      { grain: '5m', intervals: 2, points: 576, status: ['DONE'] },
    ]);
    expect(source.mostAtOnce).toBeGreaterThan(1);
    const raw = await query(
      `SELECT count(*)::integer AS count, count(DISTINCT (origin, position))::integer AS positions FROM raw.raw_prices`,
    );
    expect(raw.rows).toEqual([{ count: 5696, positions: 5696 }]);
    const candles = await query(`SELECT interval::text, count(*)::integer FROM mart.mart_price_candles GROUP BY 1 ORDER BY 1`);
    expect(candles.rows).toEqual([
      { interval: '1d', count: 802 },
      { interval: '1h', count: 4320 },
      { interval: '5m', count: 576 },
    ]);
    const before = source.calls.length;
    expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({ skipped: 'nothing is missing' });
    expect(source.calls).toHaveLength(before);
  });

  test('asks for nothing of a coin that was let go, and goes on when it is followed again', async () => {
    const source = scriptedSource(clock, COINS);
    await trackAll();
    await queueHoles(depsWith(source));
    const due = await getDueIntervals(db().pool, 'simulator', clock.now());
    const { rows: followed } = await query(`DELETE FROM ops.tracked_coins WHERE coin_id = 'bitcoin' RETURNING tracked_at`);
    const planned = due.find(({ coinId }) => coinId === 'bitcoin') as HistoryInterval;
    expect(await loadInterval(depsWith(source), planned, forEver, logger)).toEqual({ status: 'lost' });
    expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({ rows: 3 });
    expect(await findHistoryProgress(db().pool, clock.now())).toBeNull();
    expect(source.calls.some((call) => call.includes('bitcoin'))).toBe(false);
    await trackCoins(db().pool, ['bitcoin'], 'simulator', followed[0]?.tracked_at);
    expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({ rows: 3 });
    const days = await query(`SELECT coin_id, count(*)::integer FROM mart.mart_price_candles WHERE interval = '1d' GROUP BY 1 ORDER BY 1`);
    expect(days.rows).toEqual(COINS.map((coin_id) => ({ coin_id, count: 401 })));
  });

  test('tries a failed interval again later, and shows how far it is until then', async () => {
    await trackAll(['bitcoin']);
    let failures = 0;
    const shown: unknown[] = [];
    const source: ScriptedSource = scriptedSource(clock, COINS, {
      async history(coinId, grain, from, to) {
        if (grain === '1h' && failures++ < 2) {
          shown.push(await findHistoryProgress(db().pool, clock.now()));
          throw failing('unavailable', 'the source answered 503; it is asked again');
        }
        return { fetchedAt: clock.now(), receivedAt: clock.now(), rows: pointsOf(coinId, grain, from, to), rejected: [] };
      },
    });
    await queueHoles(depsWith(source));
    expect(await retrying(loadHistory(depsWith(source), forEver, logger))).toEqual({ rows: 3 });
    expect((await summary()).map((row) => row.status)).toEqual([['DONE'], ['DONE'], ['DONE']]);
    const attempts = await query(`SELECT attempt, error FROM ops.history_intervals WHERE grain = '1h'`);
    expect(attempts.rows).toEqual([{ attempt: 3, error: null }]);
    const origins = await query(`SELECT DISTINCT split_part(origin, '/', 3) AS attempt FROM raw.raw_prices WHERE grain = '1h'`);
    expect(origins.rows).toEqual([{ attempt: '3' }]);
    expect(shown[1]).toMatchObject({ intervalsDone: 2, intervalsTotal: 3, rows: 688 });
    expect(await findHistoryProgress(db().pool, clock.now())).toBeNull();
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

  test('a coin that the source dropped, and a stretch that stays without points, become gaps; the others are loaded', async () => {
    await trackAll(['bitcoin', 'ethereum', 'tether']);
    let empty = 0;
    const source = scriptedSource(clock, COINS, {
      async history(coinId, grain, from, to) {
        if (coinId === 'ethereum') throw failing('not_found', 'coin not found');
        const none = coinId === 'tether' && (grain === '5m' || (grain === '1d' && empty++ === 0));
        return { fetchedAt: clock.now(), receivedAt: clock.now(), rows: none ? [] : pointsOf(coinId, grain, from, to), rejected: [] };
      },
    });
    await queueHoles(depsWith(source));
    expect(await retrying(loadHistory(depsWith(source), forEver, logger))).toEqual({ rows: 5 });
    expect(source.calls.filter((call) => call === 'history tether 1d')).toHaveLength(2);
    expect(source.calls.filter((call) => call === 'history tether 5m')).toHaveLength(3);
    const { rows } = await query(
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

  test('points of which none can be read are asked for again: a newer version may read them', async () => {
    await trackAll(['bitcoin']);
    const rejected = [{ coinId: 'bitcoin', reason: 'a daily point at 08:00', payload: '[1, 2]' }];
    const source = scriptedSource(clock, COINS, {
      history: async () => ({ fetchedAt: clock.now(), receivedAt: clock.now(), rows: [], rejected }),
    });
    await queueHoles(depsWith(source));
    for (let attempt = 1; attempt <= 4; attempt++) {
      expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({
        failed: expect.stringContaining('all 1 points were rejected, the first one for: a daily point at 08:00'),
      });
      clock.advance(61 * MINUTE);
    }
    expect((await ledger()).filter((line) => line.includes(' 1d ') && !line.endsWith('PENDING'))).toEqual([]);
    const { rows: origins } = await query(`SELECT DISTINCT substring(origin FROM '[0-9]+$') AS attempt FROM ops.rejected_rows`);
    expect(origins).toEqual([{ attempt: '1' }]);
  });

  test('an interval that waited until the source dropped it is asked for at what still reaches it', async () => {
    await trackAll(['bitcoin']);
    const source = scriptedSource(clock, COINS);
    await queueHoles(depsWith(source));
    await query(`UPDATE ops.history_intervals SET status = 'DONE'`);
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
    expect((await query('SELECT FROM ops.gaps')).rowCount).toBe(0);
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
    const { rows } = await query(`SELECT coin_id, dataset, reason, position::integer FROM ops.rejected_rows`);
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
    const [interval] = (await getDueIntervals(db().pool, 'simulator', clock.now())) as [HistoryInterval];
    const first = loadInterval(depsWith(source), interval, forEver, logger);
    await arrived.promise;
    await loadHistory(depsWith(source), forEver, logger); // the worker that took over
    goOn.resolve();
    expect(await first).toEqual({ status: 'lost' });
    const { rows } = await query(`SELECT DISTINCT origin FROM raw.raw_prices WHERE grain = '1d'`);
    expect(rows).toEqual([{ origin: `history/${interval.id}/2` }]);
  });

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
    expect((await query('SELECT FROM raw.raw_prices')).rowCount).toBe(0);
  });
});

// The last one: months that are dropped are missed by others.
test('what is older than the raw prices that are kept is left out', async () => {
  await trackAll(['bitcoin']);
  await queueHoles(depsWith(scriptedSource(clock, COINS)));
  await dropMonthlyPartitions(db(), at('01T00:00:00'));
  const source = scriptedSource(clock, COINS);
  expect(await loadHistory(depsWith(source), forEver, logger)).toEqual({ rows: 3 });
  expect((await query(`SELECT min(observed_at) AS oldest FROM raw.raw_prices`)).rows).toEqual([{ oldest: at('01T00:00:00') }]);
});
