/** The publish as readers, writers and other workers meet it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { landGlobal, landMarketData } from '../../jobs/runtime/land.js';
import { compactChangedDays, PUBLISHED_CHANNEL, type PublishOptions, type PublishResult, publish } from '../../jobs/runtime/publish.js';
import { storePrices } from '../../jobs/streams/price-writer.js';
import { addDays, endOfDay, HOUR, MINUTE, type UtcDate } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { LOCKS } from '../../src/platform/postgres/locks.js';
import { fixedClock } from '../kit/clock.js';
import { globalFetch, marketFetch, marketRow } from './market-database.js';
import {
  dailyPoints,
  date,
  dumpMarts,
  failuresOf,
  givePrices,
  openMartDatabase,
  publishThrough,
  rawPrices,
  SOURCE,
} from './mart-database.js';
import { walk } from './series.js';

const FROM = date('2026-01-01');
const DAY = date('2026-02-09');
const COINS = ['bitcoin', 'ethereum'];

let db: Database;
beforeEach(async () => {
  db = await openMartDatabase(FROM, addDays(DAY, 20), COINS);
  const days = 40;
  await givePrices(
    db,
    COINS.flatMap((coinId, seed) => dailyPoints(coinId, walk({ from: FROM, days, seed, start: '100', move: 0.05 }))),
  );
});
afterEach(() => db.close());

const query = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows;
const clockAfter = (day: UtcDate) => fixedClock(new Date(endOfDay(day).getTime() + 5 * MINUTE));
const publishDay = (day: UtcDate | null, more: Partial<PublishOptions> = {}) =>
  publish(db, { through: day, fence: null, clock: clockAfter(day ?? addDays(DAY, 20)), ...more });
const countMarks = async () => (await query('SELECT count(*)::integer AS n FROM ops.changed_days'))[0].n;
const days = async () => (await query(`SELECT max(day) AS newest, count(*)::integer AS rows FROM mart.mart_crypto_performance`))[0];
const late = (day: UtcDate, price: string, coinId = 'ethereum') => ({
  coinId,
  observedAt: new Date(endOfDay(day).getTime() - MINUTE),
  price,
  grain: 'tick' as const,
});
const correct = (day: UtcDate, price: string) => ({
  coinId: 'ethereum',
  observedAt: endOfDay(day),
  price,
  receivedAt: new Date(endOfDay(day).getTime() + 5 * HOUR),
});

describe('days', () => {
  test('are published in order, each through its end', async () => {
    expect(await publishDay(null)).toEqual({ outcome: 'nothing-to-do' });
    expect(await publishDay(addDays(DAY, -2))).toMatchObject({ outcome: 'published', marks: 76 });
    expect(await days()).toEqual({ newest: addDays(DAY, -2), rows: 76 });
    expect(await publishDay(DAY)).toEqual({ outcome: 'out-of-order', expected: addDays(DAY, -1) });
    expect(await publishDay(addDays(DAY, -1))).toMatchObject({ outcome: 'published' });
    expect(await publishDay(DAY)).toMatchObject({ outcome: 'published' });
    expect(await days()).toEqual({ newest: DAY, rows: 80 });
  });

  test('are not published before they are over', async () => {
    const clock = fixedClock(new Date(endOfDay(DAY).getTime() - 1));
    expect(await publishDay(DAY, { clock })).toEqual({ outcome: 'day-not-over', through: DAY });
    expect(await countMarks()).toBe(80);
  });

  test('that nothing is known of move on all the same', async () => {
    await publishDay(DAY);
    expect(await publishDay(addDays(DAY, 1))).toMatchObject({ outcome: 'published', changes: new Map(), versions: new Map() });
    expect(await publishDay(addDays(DAY, 2))).toMatchObject({ outcome: 'published' });
  });

  test('that are open keep their marks', async () => {
    await givePrices(db, [late(addDays(DAY, 1), '7')]);
    await publishDay(DAY);
    expect(await query('SELECT coin_id, day FROM ops.changed_days')).toEqual([{ coin_id: 'ethereum', day: addDays(DAY, 1) }]);
  });

  test('that are published may be published again: nothing changes, unless something was lost', async () => {
    await publishDay(DAY);
    const before = await dumpMarts(db);
    expect(await publishDay(DAY)).toMatchObject({ outcome: 'published', changes: new Map(), versions: new Map() });
    expect(await publishDay(addDays(DAY, -3))).toMatchObject({ outcome: 'published', changes: new Map() });
    await db.pool.query('DELETE FROM mart.mart_crypto_performance WHERE day = $1', [addDays(DAY, -3)]);
    expect(await publishDay(addDays(DAY, -3))).toMatchObject({
      outcome: 'published',
      versions: new Map([['mart.mart_crypto_performance', '2']]),
    });
    expect(await dumpMarts(db)).toEqual(before);
  });
});

describe('versions', () => {
  const datasets = () =>
    query(
      `SELECT name, version::text AS version, published_through AS through, updated_at AS "updatedAt" FROM ops.datasets WHERE name LIKE 'mart.mart_c%' ORDER BY name`,
    );

  test('rise for what changed only, and every mart moves to the day', async () => {
    const result = (await publishDay(DAY)) as Extract<PublishResult, { outcome: 'published' }>;
    expect([...result.versions]).toEqual([['mart.mart_crypto_performance', '1']]);
    expect(await datasets()).toEqual([
      { name: 'mart.mart_coins', version: '0', through: DAY, updatedAt: null },
      { name: 'mart.mart_crypto_performance', version: '1', through: DAY, updatedAt: new Date(endOfDay(DAY).getTime() + 5 * MINUTE) },
    ]);
  });

  test('are told to who listens, as the transaction commits', async () => {
    const listener = await db.pool.connect();
    const heard: (string | undefined)[] = [];
    listener.on('notification', (message) => heard.push(message.payload));
    await listener.query(`LISTEN ${PUBLISHED_CHANNEL}`);
    await publishDay(DAY);
    await publishDay(DAY);
    await listener.query('SELECT 1');
    listener.release(true);
    expect(heard).toEqual(['{"mart.mart_crypto_performance":"1"}']);
  });

  test('a row that stays the same keeps its clock', async () => {
    await publishDay(DAY);
    await givePrices(db, [late(addDays(DAY, -1), '7')]); // before the day's last observation: the close stands
    expect(await publishDay(null)).toMatchObject({ outcome: 'published', marks: 1, changes: new Map() });
    await givePrices(db, [correct(addDays(DAY, -1), '7')]);
    const result = (await publishDay(null)) as Extract<PublishResult, { outcome: 'published' }>;
    expect(result.changes).toEqual(new Map([['mart.mart_crypto_performance', { written: 2, deleted: 0 }]]));
    const at = await query('SELECT computed_at, count(*)::integer AS rows FROM mart.mart_crypto_performance GROUP BY 1 ORDER BY 1');
    expect(at.map((row) => row.rows)).toEqual([78, 2]);
  });

  test('a row whose close is gone is deleted, and what stood on it', async () => {
    await publishDay(DAY);
    await db.transaction(async (tx) => {
      await tx.query(`DELETE FROM mart.mart_price_candles WHERE coin_id = 'ethereum' AND bucket_start >= $1`, [
        `${addDays(DAY, -1)}T00:00:00Z`,
      ]);
      await tx.query('DELETE FROM raw.raw_prices WHERE coin_id = $1 AND observed_at > $2', ['ethereum', `${addDays(DAY, -1)}T00:00:00Z`]);
      await tx.query('INSERT INTO ops.changed_days VALUES ($1, $2), ($1, $3)', ['ethereum', addDays(DAY, -1), DAY]);
    });
    expect(await publishDay(null)).toMatchObject({ changes: new Map([['mart.mart_crypto_performance', { written: 0, deleted: 2 }]]) });
  });
});

describe('a check that fails', () => {
  const spoil = (low: number) =>
    db.transaction(async (tx) => {
      await tx.query(
        `UPDATE mart.mart_price_candles SET low = low + $1 WHERE coin_id = 'ethereum' AND interval = '1d' AND bucket_start = $2`,
        [low, `${DAY}T00:00:00Z`],
      );
      await tx.query('INSERT INTO ops.changed_days (coin_id, day) VALUES ($1, $2)', ['ethereum', DAY]);
    });

  test('blocks the publish: readers keep the old marts, the result is kept, the marks are too', async () => {
    await publishDay(DAY);
    await givePrices(db, [correct(addDays(DAY, -5), '7')]);
    await spoil(1_000_000);
    const [before, marks] = [await dumpMarts(db), await countMarks()];
    const result = await publishDay(null);
    expect(failuresOf(result)).toEqual([
      `accepted_range(open, close: low to high; observations: at least 1) is broken by 1 row: ethereum 1d ${DAY} 00:00:00+00`,
    ]);
    expect(await dumpMarts(db)).toEqual(before);
    expect(await countMarks()).toBe(marks);
    const kept = await query(
      `SELECT name, dataset, severity, status, failed_rows::integer AS rows FROM ops.check_results WHERE status = 'FAILED'`,
    );
    expect(kept).toEqual([
      {
        name: 'accepted_range(open, close: low to high; observations: at least 1)',
        dataset: 'mart.mart_price_candles',
        severity: 'ERROR',
        status: 'FAILED',
        rows: 1,
      },
    ]);

    await spoil(-1_000_000);
    expect(failuresOf(await publishDay(null))).toEqual([]);
    expect(await countMarks()).toBe(0);
  });

  test('results of a run that was published name the run', async () => {
    const fence = await startRun();
    await publishDay(DAY, { fence });
    expect(await query('SELECT DISTINCT run_id, status FROM ops.check_results')).toEqual([{ run_id: fence.runId, status: 'PASSED' }]);
  });
});

async function startRun(): Promise<{ runId: bigint; attempt: number }> {
  const [run] = await query(
    `INSERT INTO ops.pipeline_runs (pipeline, slot, status, requested_at) VALUES ('daily', $1, 'RUNNING', now()) RETURNING id`,
    [String(Math.random())],
  );
  await db.pool.query('INSERT INTO ops.run_fences (run_id, attempt) VALUES ($1, 1)', [run.id]);
  return { runId: run.id, attempt: 1 };
}

describe('a run that was taken over', () => {
  test('publishes nothing once another attempt has the fence', async () => {
    const fence = await startRun();
    await db.pool.query('UPDATE ops.run_fences SET attempt = 2');
    expect(await publishDay(DAY, { fence })).toEqual({
      outcome: 'lost',
      reason: expect.stringContaining('belongs to attempt 2, not to 1'),
    });
    expect(await days()).toEqual({ newest: null, rows: 0 });
    expect(await countMarks()).toBe(80);
    expect(await publishDay(DAY, { fence: { ...fence, attempt: 2 } })).toMatchObject({ outcome: 'published' });
  });

  test('publishes nothing either when it happens while it publishes', async () => {
    const fence = await startRun();
    // Holds the publish up where it raises the versions, until the fence has moved on.
    const rival = await db.pool.connect();
    await rival.query('BEGIN');
    await rival.query('SELECT FROM ops.datasets FOR UPDATE');
    const publishing = publishDay(DAY, { fence });
    await untilWaiting('UPDATE ops.datasets');
    await db.pool.query('UPDATE ops.run_fences SET attempt = 2');
    await rival.query('ROLLBACK');
    rival.release();
    expect(await publishing).toMatchObject({ outcome: 'lost' });
    expect(await days()).toEqual({ newest: null, rows: 0 });
  });
});

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

describe('writers beside a publish', () => {
  test('that commit meanwhile are taken by the next one', async () => {
    await publishDay(DAY);
    await givePrices(db, [correct(addDays(DAY, -9), '7')]);
    const blocker = await db.pool.connect();
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM ops.datasets FOR UPDATE');
    const publishing = publishDay(null);
    await untilWaiting('UPDATE ops.datasets');
    await givePrices(db, [correct(addDays(DAY, -3), '9')]);
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
    const writer = await db.pool.connect();
    await writer.query('BEGIN');
    await storePrices(writer, rawPrices([correct(DAY, '7')]), new Date());
    expect(await publishDay(DAY)).toMatchObject({ outcome: 'published', marks: 80 });
    await writer.query('COMMIT');
    writer.release();
    expect(await publishDay(null)).toMatchObject({
      outcome: 'published',
      marks: 1,
      changes: new Map([['mart.mart_crypto_performance', { written: 1, deleted: 0 }]]),
    });
  });

  test('publishes are serial: the second one begins when the first has ended', async () => {
    const holder = await db.pool.connect();
    await holder.query('SELECT pg_advisory_lock($1, 0)', [LOCKS.publish]);
    const both = [publishDay(DAY), publishDay(DAY)];
    await untilWaiting('SELECT pg_advisory_lock');
    expect(await days()).toEqual({ newest: null, rows: 0 });
    await holder.query('SELECT pg_advisory_unlock($1, 0)', [LOCKS.publish]);
    holder.release();
    const outcomes = (await Promise.all(both)).map((result) => (result.outcome === 'published' ? result.marks : result.outcome));
    expect(outcomes.sort()).toEqual([0, 80]);
  });
});

describe('retention', () => {
  test('days whose raw is gone keep their marts, whatever marks them', async () => {
    await publishDay(DAY);
    const before = await dumpMarts(db);
    for (const { name } of await query(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'raw.raw_prices'::regclass ORDER BY 1`,
    )) {
      if (name < 'raw_partitions.raw_prices_2026_02') await db.pool.query(`DROP TABLE ${name}`);
    }
    await db.pool.query(`DELETE FROM mart.mart_price_candles WHERE bucket_start < '2026-02-01'`);
    await db.pool.query(`INSERT INTO ops.changed_days (coin_id, day) VALUES ('ethereum', '2026-01-31'), ('ethereum', '2026-01-30')`);
    expect(await publishDay(null)).toMatchObject({ outcome: 'published', marks: 2, refusedMarks: 2, changes: new Map() });
    expect(await dumpMarts(db)).toEqual(before);
    const result = await publishThrough(db, null, { rebuild: true });
    expect(failuresOf(result)).toEqual([]);
    const kept = (await dumpMarts(db))['mart.mart_crypto_performance']?.filter((row) => (row as string).includes('"2026-01'));
    expect(kept).toEqual(before['mart.mart_crypto_performance']?.filter((row) => (row as string).includes('"2026-01')));
  });
});

describe('marks', () => {
  test('that say the same are compacted, the oldest staying', async () => {
    await db.pool.query(`TRUNCATE ops.changed_days`);
    await db.pool.query(`INSERT INTO ops.changed_days VALUES ('a', '2026-01-01', '2026-01-03'), ('a', '2026-01-01', '2026-01-02'), (NULL, '2026-01-01', '2026-01-04'),
      (NULL, '2026-01-01', '2026-01-05'), ('b', '2026-01-01', '2026-01-06'), ('a', '2026-01-02', '2026-01-07')`);
    expect(await compactChangedDays(db)).toBe(2);
    expect(await query(`SELECT coin_id, marked_at FROM ops.changed_days ORDER BY marked_at`)).toEqual([
      { coin_id: 'a', marked_at: new Date('2026-01-02') },
      { coin_id: null, marked_at: new Date('2026-01-04') },
      { coin_id: 'b', marked_at: new Date('2026-01-06') },
      { coin_id: 'a', marked_at: new Date('2026-01-07') },
    ]);
  });
});

describe('coins and the overview', () => {
  const fetchAt = (at: Date, caps: Record<string, string | null>) => {
    const rows = Object.entries(caps).map(([coinId, cap]) => marketRow(coinId, { cap, volume: '10', more: ', "market_cap_rank": null' }));
    return db.transaction((tx) => landMarketData(tx, { source: SOURCE, result: marketFetch(at, rows), now: at }));
  };
  const end = endOfDay(DAY).getTime();
  const overview = async () =>
    (
      await query(
        'SELECT total_market_cap_usd AS cap, total_volume_24h_usd AS volume, bitcoin_dominance_pct AS btc, coin_count AS coins, global_market_cap_usd AS overall FROM mart.mart_market_overview WHERE day = $1',
        [DAY],
      )
    )[0];

  test('take the fetch nearest after the end of the day, begun at most an hour after it', async () => {
    await fetchAt(new Date(end - 1), { bitcoin: '1', ethereum: '1' });
    await fetchAt(new Date(end + HOUR + 1), { bitcoin: '2', ethereum: '2' });
    await publishDay(DAY);
    expect(await overview()).toBeUndefined();
    await fetchAt(new Date(end + HOUR), { bitcoin: '30', ethereum: '10' });
    await publishDay(null);
    expect(await overview()).toEqual({ cap: '40', volume: '20', btc: 75, coins: 2, overall: null });
    await fetchAt(new Date(end), { bitcoin: '3', ethereum: null });
    await db.transaction((tx) =>
      landGlobal(tx, { source: SOURCE, snapshot: globalFetch(new Date(end + HOUR), { cap: '5000', volume: '1', bitcoin: '50' }) }),
    );
    await publishDay(null);
    expect(await overview()).toEqual({ cap: '3', volume: '20', btc: 100, coins: 2, overall: '5000' });
  });

  test('leave out coins that are not tracked', async () => {
    await fetchAt(new Date(end + MINUTE), { bitcoin: '30', ethereum: '10', tether: '7' });
    await db.pool.query(`DELETE FROM ops.tracked_coins WHERE coin_id = 'ethereum'`);
    await publishDay(DAY);
    expect(await overview()).toMatchObject({ cap: '30', coins: 1 });
    expect(await query('SELECT coin_id, rank, market_cap_usd FROM mart.mart_coins')).toEqual([
      { coin_id: 'bitcoin', rank: null, market_cap_usd: '30' },
    ]);
  });

  test('a coin shows its newest snapshot at once, whatever day it belongs to', async () => {
    await publishDay(DAY);
    await fetchAt(new Date(end + 15 * HOUR), { bitcoin: '99', ethereum: '1' });
    await givePrices(db, [correct(addDays(DAY, -1), '7')]);
    await publishDay(null);
    expect(await query(`SELECT market_cap_usd, market_observed_at FROM mart.mart_coins WHERE coin_id = 'bitcoin'`)).toEqual([
      { market_cap_usd: '99', market_observed_at: new Date(end + 15 * HOUR) },
    ]);
  });
});
