/** Ticks of instants at which nothing was observed before take one statement: it gives what a rebuild gives. */
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { observationKey, storePrices } from '../../jobs/streams/price-writer.js';
import type { Decimal } from '../../src/domain/decimal.js';
import type { RawPrice } from '../../src/domain/prices.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { ensureMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { fixedClock } from '../kit/clock.js';
import { openTestDatabase } from '../kit/test-database.js';
import { expectRebuildChangesNothing } from './setting/rebuilt.js';

const BEGIN = new Date('2026-02-28T23:00:00Z'); // before a month's end
const clock = fixedClock(new Date('2026-03-02T00:00:00Z'));

let db: Database;
beforeEach(async () => {
  await db?.close();
  db = await openTestDatabase();
  await db.pool.query(`INSERT INTO ops.tracked_coins VALUES ('bitcoin', 'feeding', now())`);
  await ensureMonthlyPartitions(db, BEGIN, clock.now());
});
afterAll(() => db.close());

const instant = (minute: number) => new Date(BEGIN.getTime() + minute * 60_000);
let positions = 0n;

function tick(minute: number, priceUsd: string, source = 'feeding'): RawPrice {
  const at = instant(minute);
  const what = { source, coinId: 'bitcoin', priceUsd: priceUsd as Decimal, observedAt: at, receivedAt: at, payload: '{}' };
  return { ...what, grain: 'tick', origin: 'market.prices.v1/0', position: positions++ };
}

let remade: boolean;

/** Returns the minutes of those that are suspect; `remade` tells afterwards whether the short cut did not do for all. */
async function store(...ticks: RawPrice[]): Promise<number[]> {
  const stored = await db.transaction((tx) => storePrices(tx, ticks, clock.now()));
  const { suspect } = stored;
  remade = stored.remade;
  return ticks
    .filter(({ coinId, source, observedAt }) => suspect.has(observationKey(coinId, source, observedAt)))
    .map(({ observedAt }) => (observedAt.getTime() - BEGIN.getTime()) / 60_000);
}

const expectAsRebuilt = () => expectRebuildChangesNothing(db, ['bitcoin'], clock);

async function markedDays(): Promise<string[]> {
  const { rows } = await db.pool.query(`SELECT day::text, count(*)::integer FROM ops.changed_days GROUP BY 1 ORDER BY 1`);
  return rows.map(({ day, count }) => `${day} ${count}`);
}

test('a jump is suspect against what is an hour older, and not against what is more', async () => {
  await store(tick(0, '1'));
  expect(await store(tick(60, '2'))).toEqual([60]);
  expect(await store(tick(120.001, '4'))).toEqual([]);
  await expectAsRebuilt();
});

test('ticks far from each other in one batch: each is judged by the one before it, and every bucket and day is met', async () => {
  await store(tick(0, '1'));
  expect(await store(tick(20, '1.1'), tick(60, '9'), tick(60.5, '9'), tick(61, '2'), tick(1_000, '7'))).toEqual([60, 61]);
  expect(await markedDays()).toEqual(['2026-02-28 2', '2026-03-01 1']);
  await expectAsRebuilt();
});

test('what another source says at the same time is stored and judged by itself, and reaches no candle', async () => {
  await store(tick(0, '1'), tick(0, '5', 'other'));
  expect(await store(tick(1, '1.1'), tick(1, '9', 'other'))).toEqual([1]);
  expect(await store(tick(2, '9'), tick(2, '9.1', 'other'))).toEqual([2]);
  expect(await store(tick(3, '9'), tick(3.5, '99', 'other'))).toEqual([3.5]); // both were last seen at one instant: the source alone tells
  const { rows } = await db.pool.query(
    `SELECT observations, trim_scale(high)::text AS high FROM mart.mart_price_candles WHERE interval = '1d'`,
  );
  expect(rows).toEqual([{ observations: 4, high: '9' }]);
  await expectAsRebuilt();
});

test('a late tick is put between those that stand, into every candle around it', async () => {
  await store(tick(0, '1'), tick(2.2, '1.1'), tick(2.8, '1.2'), tick(30, '1.1'));
  await store(tick(2.1, '1.05'), tick(2.5, '1.3'), tick(2.9, '0.99')); // before the first of a minute, between, behind its last one
  expect(remade).toBe(false);
  await store(tick(20, '1.1'), tick(31, '1.2')); // in a minute in which there was nothing, and one that is not late with it
  expect(remade).toBe(false);
  await expectAsRebuilt();
});

test('a late tick may be the first of its coin, or of yesterday, and is judged by the one before it', async () => {
  await store(tick(30, '2'), tick(90, '2'));
  expect(await store(tick(0, '1.9'), tick(1, '2.4'))).toEqual([1]);
  expect(remade).toBe(false);
  expect(await markedDays()).toEqual(['2026-02-28 2', '2026-03-01 1']);
  const { rows } = await db.pool.query('SELECT observed_at FROM mart.mart_latest_prices');
  expect(rows).toEqual([{ observed_at: instant(90) }]);
  await expectAsRebuilt();
});

test('a late tick is judged by what stands before it, and what that is judged by does not matter', async () => {
  await store(tick(0, '1'), tick(30, '1.2'));
  expect(await store(tick(20, '1.3'))).toEqual([20]);
  expect(remade).toBe(false);
  expect(await store(tick(21, '1.3'))).toEqual([]); // 20 is suspect, and stays so
  expect(remade).toBe(false);
  await expectAsRebuilt();
});

test('behind a late tick that makes the next one a jump all of its coin are made anew, and where it ends one', async () => {
  await store(tick(0, '1'), tick(30, '1'));
  expect(await store(tick(10, '3'), tick(40, '1.1'))).toEqual([10]);
  expect(remade).toBe(true);
  await expectAsRebuilt();
  await store(tick(20, '1.2')); // 30 was a jump from 10
  expect(remade).toBe(true);
  await expectAsRebuilt();
});

test('late ticks far from each other, and what the history has since, are made anew', async () => {
  await store(tick(0, '1'), tick(40, '1'));
  await store(tick(10, '1.1'), tick(30, '1.2'));
  expect(remade).toBe(true);
  await store({ ...tick(60, '1'), grain: '1h', origin: 'history/1/1' });
  await store(tick(50, '1.1')); // the newest tick, though there is something newer
  expect(remade).toBe(true);
  await store(tick(70, '1.1'));
  expect(remade).toBe(false);
  await expectAsRebuilt();
});

test.each([
  ['a correction', { priceUsd: '1.2' as Decimal, receivedAt: instant(60) }],
  ['a repetition', { receivedAt: instant(60) }],
  ['an older word', { priceUsd: '1.2' as Decimal, receivedAt: instant(0) }],
])('beside %s of what stands a late tick is made anew', async (_, word) => {
  await store(tick(0, '1'), tick(10, '1.1'), tick(30, '1'));
  await store({ ...tick(10, '1.1'), ...word }, tick(12, '1.15'));
  expect(remade).toBe(true);
  await store(tick(11, '1.1')); // and what is within reach of it stays so
  await expectAsRebuilt();
});

test('beside a correction of what raw does not hold any more a late tick is made anew', async () => {
  await store(tick(0, '1'), tick(10, '1.1'), tick(30, '1'));
  await db.pool.query('DELETE FROM raw.raw_prices WHERE observed_at = $1', [instant(10)]); // as when a dropped month is made anew
  await store({ ...tick(10, '1.2'), receivedAt: instant(60) }, tick(12, '1.15'));
  expect(remade).toBe(true);
  const { rows } = await db.pool.query('SELECT trim_scale(high)::text AS high FROM mart.mart_price_candles ORDER BY interval DESC LIMIT 1');
  expect(rows).toEqual([{ high: '1.2' }]);
});

test('one instant twice in a batch: the word received last stands', async () => {
  await store(tick(0, '1'));
  await store(tick(1, '1.1'), { ...tick(1, '1.2'), receivedAt: instant(2) }, tick(2, '1'));
  const { rows } = await db.pool.query('SELECT trim_scale(price_usd)::text AS usd, revisions FROM staging.stg_prices ORDER BY observed_at');
  expect(rows).toEqual([
    { usd: '1', revisions: 0 },
    { usd: '1.2', revisions: 1 },
    { usd: '1', revisions: 0 },
  ]);
  await expectAsRebuilt();
});
