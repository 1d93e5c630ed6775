/**
 * Published bit by bit, the marts equal one full run, to the last digit, and the plain model: late ticks, corrections, duplicates,
 * fetches, history points, coins that come and go, writers that commit in another order than they began, in random order.
 * Reproduce: the seed below, and the run's number that a failure prints.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { landGlobal, landHistoryMarketData, landMarketData } from '../../jobs/runtime/land.js';
import { storePrices } from '../../jobs/streams/price-writer.js';
import { addDays, endOfDay, HOUR, MINUTE, type UtcDate } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { markAllDays } from '../../src/store/pipelines/changed-days.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { differencesToModel } from '../kit/reference/published-marts.js';
import { globalFetch, marketFetch, marketRow } from './market-database.js';
import {
  dailyPoints,
  date,
  dumpMarts,
  emptyMarts,
  failuresOf,
  givePrices,
  openMartDatabase,
  publishThrough,
  rawPrices,
  SOURCE,
} from './mart-database.js';
import { walk } from './series.js';

const SEED = 20261123;
const RUNS = 8;
const FROM = date('2023-01-20'); // leap day, and a year behind it
const FIRST_THROUGH = date('2024-03-05');
const LAST_DAY = date('2024-05-31');
const COINS = ['bitcoin', 'ethereum', 'dogecoin'] as const;

let db: Database;
let through: UtcDate = FIRST_THROUGH;

beforeAll(async () => {
  db = await openMartDatabase(FROM, LAST_DAY, COINS);
  const days = (Date.parse(FIRST_THROUGH) - Date.parse(FROM)) / (24 * HOUR) + 1;
  for (const [index, coinId] of COINS.entries()) {
    const closes = walk({
      from: FROM,
      days,
      seed: index,
      start: ['30000', '2000', '0.08'][index] as string,
      move: 0.08,
      holes: index * 0.01,
    });
    const points = dailyPoints(coinId, closes).map((point, n) => ({
      ...point,
      payload: `{"market_cap": ${n % 7 === 0 ? null : 1000 + n}, "total_volume": ${n}}`,
    }));
    const origin = await givePrices(db, points);
    await db.transaction((tx) => landHistoryMarketData(tx, { origin }));
  }
  expect(failuresOf(await publishThrough(db, through))).toEqual([]);
});
afterAll(() => db.close());

const coin = fc.constantFrom(...COINS);
/** How many days back from the newest published one; windows end after 1, 7, 30, 90, 99, 100, 365 days. Negative: not published yet. */
const back = fc.oneof(
  fc.integer({ min: -3, max: 10 }),
  fc.constantFrom(29, 30, 60, 89, 90, 91, 98, 99, 100, 364, 365, 366),
  fc.integer({ min: 0, max: 400 }),
);
const price = fc.record({
  coin,
  back,
  /** Before the day's end; 0 is midnight. */
  minutesBefore: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 1439 })),
  value: fc.integer({ min: 1, max: 1_000_000 }),
  grain: fc.constantFrom('tick' as const, 'tick' as const, '1d' as const),
  receivedMinutesLater: fc.integer({ min: 1, max: 100 }),
});
type Price = typeof price extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('prices' as const), prices: fc.array(price, { minLength: 1, maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('overtaken' as const), prices: fc.array(price, { minLength: 1, maxLength: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fetch' as const),
      coin,
      back,
      minutesAfter: fc.integer({ min: -70, max: 70 }),
      cap: fc.option(fc.integer({ min: 0, max: 9 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('global' as const),
      back,
      minutesAfter: fc.integer({ min: -10, max: 70 }),
      cap: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('untrack' as const), coin: fc.constantFrom('ethereum', 'dogecoin') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('next-day' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('restate' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Validation lets only these in. */
const tracked = new Set<string>(COINS);
const given = (prices: Price[]) =>
  prices
    .filter((each) => tracked.has(each.coin))
    .map(({ coin: coinId, back: days, minutesBefore, value, grain, receivedMinutesLater }) => {
      const end = endOfDay(addDays(through, -days));
      const observedAt = new Date(end.getTime() - (grain === '1d' ? 0 : minutesBefore * MINUTE));
      return {
        coinId,
        observedAt,
        price: String(value),
        grain,
        receivedAt: new Date(observedAt.getTime() + receivedMinutesLater * MINUTE),
      };
    });
const after = (days: number, minutes: number) => new Date(endOfDay(addDays(through, -days)).getTime() + minutes * MINUTE);

async function restate(): Promise<void> {
  const result = await publishThrough(db, null);
  expect(result.outcome === 'nothing-to-do' ? [] : failuresOf(result)).toEqual([]);
}

async function take(each: Step): Promise<void> {
  switch (each.kind) {
    case 'prices':
      await givePrices(db, given(each.prices));
      return;
    case 'overtaken': {
      // A writer that is still open while a publish takes what is there; its own marks are the next one's.
      const writer = await db.pool.connect();
      await writer.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0');
      await storePrices(writer, rawPrices(given(each.prices)), new Date());
      await restate();
      await writer.query('COMMIT');
      writer.release();
      return;
    }
    case 'fetch': {
      const at = after(each.back, each.minutesAfter);
      const row = marketRow(each.coin, { cap: each.cap === null ? null : String(each.cap), volume: '5.50' });
      await db.transaction((tx) => landMarketData(tx, { source: SOURCE, result: marketFetch(at, [row]), now: at }));
      return;
    }
    case 'global': {
      const figures = { cap: String(each.cap), volume: `${each.cap}.25`, bitcoin: `5${each.cap}.5` };
      const snapshot = globalFetch(after(each.back, each.minutesAfter), figures);
      await db.transaction((tx) => landGlobal(tx, { source: SOURCE, snapshot }));
      return;
    }
    case 'untrack':
      await db.transaction(async (tx) => {
        if (tracked.delete(each.coin)) await tx.query('DELETE FROM ops.tracked_coins WHERE coin_id = $1', [each.coin]);
        else if (tracked.add(each.coin)) await trackCoins(tx, [each.coin], SOURCE, new Date());
        await markAllDays(tx, [each.coin]);
      });
      return;
    case 'next-day':
      through = addDays(through, 1);
      expect(failuresOf(await publishThrough(db, through))).toEqual([]);
      return;
    case 'restate':
      await restate();
  }
}

/** Published as the changes came, and once more from nothing. */
async function expectSameFromNothing(): Promise<void> {
  const bitByBit = await dumpMarts(db);
  await emptyMarts(db);
  expect(failuresOf(await publishThrough(db, null, { rebuild: true }))).toEqual([]);
  expect(bitByBit).toEqual(await dumpMarts(db));
}

describe('one corrected close', () => {
  const edges = [0, 1, 7, 30, 89, 90, 91, 98, 99, 100, 364, 365, 366];
  test.each(['bitcoin', 'ethereum'])(
    'of %s reaches as far as any window that holds it',
    async (coinId) => {
      for (const days of edges) {
        const observedAt = endOfDay(addDays(through, -days));
        await givePrices(db, [{ coinId, observedAt, price: String(100 + days), receivedAt: new Date(observedAt.getTime() + 2 * HOUR) }]);
        await restate();
        await expectSameFromNothing();
      }
    },
    120_000,
  );
});

test('any order of changes and publishes gives what one full run gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      for (const each of steps) await take(each);
      await restate();
      await expectSameFromNothing();
    }),
    // Each run goes on with the database of the one before: it cannot be shrunk, only repeated.
    { seed: SEED, numRuns: RUNS, endOnFailure: true },
  );
}, 120_000);

test('and that is what the plain model says', async () => {
  expect(await differencesToModel(db, FROM, through)).toEqual([]);
});
