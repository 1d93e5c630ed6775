/**
 * Batches of several partitions whose transactions commit in another order than they began, with publishes in between: any order,
 * duplication and correction of any ticks, cut anyhow, ends in the rows of one sorted run, to the last digit, and of the plain model.
 * Reproduce: the seed below, and the path that a failure prints.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { landGlobal, landHistoryMarketData, landMarketData } from '../../jobs/runtime/land.js';
import { publish } from '../../jobs/runtime/publish.js';
import { storePrices } from '../../jobs/streams/price-writer.js';
import { priceStream } from '../../jobs/streams/prices.js';
import { registerDatasets } from '../../jobs/transforms/registry.js';
import type { Decimal } from '../../src/domain/decimal.js';
import { encodePriceRecord } from '../../src/domain/price-record.js';
import { logOrigin, PRICES_TOPIC, type RawPrice } from '../../src/domain/prices.js';
import { addDays, endOfDay, HOUR, MINUTE, type UtcDate } from '../../src/domain/time.js';
import type { LogRecord } from '../../src/platform/event-log/event-log.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { ensureMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { fixedClock } from '../kit/clock.js';
import { modelPrices } from '../kit/reference/prices.js';
import { martDifferences } from '../kit/reference/published-marts.js';
import { priceDifferences, readFeeds, readRawPrices } from '../kit/reference/published-prices.js';
import { openTestDatabase } from '../kit/test-database.js';
import { globalFetch, marketFetch, marketRow } from '../sql/market-database.js';
import { leftInOutbox } from './setting/publishers.js';

const SOURCE = 'coingecko';
const THROUGH = '2024-03-10' as UtcDate; // a leap day lies in every window of a month
const FROM = addDays(THROUGH, -120);
/** One coin a partition, as its key decides in the log; the last one is new: it has no past. */
const COINS = ['bitcoin', 'ethereum', 'dogecoin', 'newborn'];
const clock = fixedClock(new Date(endOfDay(THROUGH).getTime() + 6 * HOUR));

const tick = fc.record({
  coin: fc.integer({ min: 0, max: COINS.length - 1 }),
  back: fc.oneof(fc.integer({ min: -1, max: 5 }), fc.constantFrom(7, 29, 30, 31, 89, 90, 91, 100)),
  /** Before the day's end; 0 is midnight, where the day's own close stands. */
  minutesBefore: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 })),
  price: fc.constantFrom('1', '1.1', '100', '99.5', '0.000000000001', '69000000000000000000000000000', '3.3333333333333333333'),
  receivedMinutesAgo: fc.integer({ min: 1, max: 3 }),
});
/** A partition's turn: it begins its next batch, or commits the one that is open. 'publish' comes between. */
const turn = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: COINS.length - 1 }) },
  { weight: 1, arbitrary: fc.constant('publish' as const) },
);
const scenario = fc.record({
  ticks: fc.array(tick, { minLength: 4, maxLength: 40 }),
  repeated: fc.array(fc.nat(), { maxLength: 6 }),
  batchSize: fc.integer({ min: 1, max: 6 }),
  turns: fc.array(turn, { minLength: 8, maxLength: 40 }),
});

let db: Database;
beforeAll(async () => {
  db = await openTestDatabase({ maxConnections: COINS.length + 4 });
  await ensureMonthlyPartitions(db, endOfDay(addDays(FROM, -1)), endOfDay(addDays(THROUGH, 3)));
});
afterAll(() => db.close());

const TABLES = [
  'staging.stg_prices',
  'mart.mart_price_candles',
  'mart.mart_latest_prices',
  'mart.mart_coins',
  'mart.mart_crypto_performance',
  'mart.mart_market_overview',
];

/** The coins' past and their market as the last day ended, published. */
async function reset(): Promise<void> {
  await db.pool.query(
    `TRUNCATE raw.raw_prices, raw.raw_market_data, raw.raw_global, staging.stg_coins, staging.stg_market_data, staging.stg_global, ops.outbox,
       ops.rejected_rows, ops.changed_days, ops.tracked_coins, ops.datasets, ${TABLES}`,
  );
  await registerDatasets(db);
  await trackCoins(db.pool, COINS, SOURCE, new Date('2024-01-01'));
  const at = new Date(endOfDay(THROUGH).getTime() + MINUTE);
  const market = marketFetch(
    at,
    COINS.map((coinId, coin) => marketRow(coinId, { cap: `${1000 - coin}.5`, volume: `${10 + coin}` })),
  );
  await db.transaction(async (tx) => {
    await storePrices(tx, past(), clock.now());
    for (const origin of new Set(past().map((each) => each.origin))) await landHistoryMarketData(tx, { origin });
    await landMarketData(tx, { source: SOURCE, result: market, now: at });
    await landGlobal(tx, { source: SOURCE, snapshot: globalFetch(at, { cap: '5000', volume: '70', bitcoin: '55.5' }) });
  });
  expect((await publish(db, { through: THROUGH, fence: null, clock })).outcome).toBe('published');
}

function past(): RawPrice[] {
  return COINS.slice(0, -1).flatMap((coinId, coin) =>
    Array.from({ length: 120 }, (_, index) => {
      const observedAt = endOfDay(addDays(FROM, index + 1));
      const priceUsd = String(100 * (coin + 1) + ((index * (7 + coin)) % 13)) as Decimal;
      return {
        ...of(coinId, priceUsd, observedAt, new Date(observedAt.getTime() + HOUR)),
        grain: '1d',
        origin: `history/${coin}/1`,
        payload: JSON.stringify({ market_cap: 1000 - coin + index, total_volume: index + 0.5 }),
        position: BigInt(index),
      };
    }),
  );
}

const of = (coinId: string, priceUsd: Decimal, observedAt: Date, receivedAt: Date): RawPrice => ({
  source: SOURCE,
  coinId,
  priceUsd,
  observedAt,
  receivedAt,
  payload: '{}',
  grain: 'tick',
  origin: logOrigin(PRICES_TOPIC, COINS.indexOf(coinId)),
  position: 0n,
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** What stands in each partition, in order. */
function logsOf({ ticks, repeated }: Scenario): RawPrice[][] {
  const once = ticks.map(({ coin, back, minutesBefore, price, receivedMinutesAgo }) => {
    const observedAt = new Date(endOfDay(addDays(THROUGH, -back)).getTime() - minutesBefore * MINUTE - (back < 0 ? 20 * HOUR : 0));
    return of(COINS[coin] as string, price as Decimal, observedAt, new Date(clock.now().getTime() - receivedMinutesAgo * MINUTE));
  });
  const all = [...once, ...repeated.map((index) => once[index % once.length] as RawPrice)];
  return COINS.map((coinId) => all.filter((each) => each.coinId === coinId).map((each, index) => ({ ...each, position: BigInt(index) })));
}

function toRecord(raw: RawPrice, partition: number): LogRecord {
  return {
    topic: PRICES_TOPIC,
    partition,
    offset: raw.position,
    key: raw.coinId,
    value: encodePriceRecord(raw),
    headers: {},
    appendedAt: clock.now(),
  };
}

/** Every partition has one batch open at most, as a consumer has; transactions of several lie over one another. */
async function consume({ turns, batchSize }: Scenario, logs: RawPrice[][]): Promise<void> {
  const stream = priceStream({ realm: 'real', retentionDays: null, clock, publisher: leftInOutbox });
  const open = new Map<number, pg.PoolClient>();
  const rest = logs.map((log, partition) => log.map((raw) => toRecord(raw, partition)));
  const commit = async (partition: number) => {
    const tx = open.get(partition);
    if (tx === undefined) return;
    open.delete(partition);
    await tx.query('COMMIT');
    tx.release();
  };
  const begin = async (partition: number) => {
    const records = rest[partition]?.splice(0, batchSize) ?? [];
    if (records.length === 0) return;
    const tx = await db.pool.connect();
    await tx.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0'); // it stays open while others publish
    await stream.process(tx, records);
    open.set(partition, tx);
  };
  for (const each of turns) {
    if (each === 'publish') expect((await publish(db, { through: null, fence: null, clock })).outcome).not.toBe('lost');
    else if (open.has(each)) await commit(each);
    else await begin(each);
  }
  for (const partition of [...open.keys()].reverse()) await commit(partition);
  for (const partition of COINS.keys()) while (rest[partition]?.length) await begin(partition).then(() => commit(partition));
  await publish(db, { through: null, fence: null, clock });
}

async function dump(): Promise<string[][]> {
  const read = async (table: string) =>
    (await db.pool.query(`SELECT (to_jsonb(t) - 'computed_at')::text AS row FROM ${table} AS t ORDER BY 1`)).rows.map(
      ({ row }) => `${table} ${row}`,
    );
  return Promise.all(TABLES.map(read));
}

test('whatever order partitions begin, commit and are published in, the marts are those of one sorted run', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (each) => {
      await reset();
      const logs = logsOf(each);
      await consume(each, logs);
      const bitByBit = await dump();
      expect(TABLES.filter((_, index) => bitByBit[index]?.length === 0)).toEqual([]); // two empty tables are alike, and say nothing

      const raw = await readRawPrices(db.pool);
      expect(raw).toHaveLength(past().length + logs.flat().length);
      const prices = modelPrices(raw);
      expect(await priceDifferences(db.pool, prices, await readFeeds(db.pool))).toEqual([]);
      expect(await martDifferences(db.pool, { raw, prices }, addDays(FROM, 1), THROUGH)).toEqual([]);

      await reset();
      const sorted = logs.flat().sort((a, b) => a.observedAt.getTime() - b.observedAt.getTime());
      if (sorted.length > 0) await db.transaction((tx) => storePrices(tx, sorted, clock.now()));
      await publish(db, { through: null, fence: null, clock });
      expect(bitByBit).toEqual(await dump());
    }),
    // A run that fails may leave transactions open: it is repeated by its seed, not shrunk.
    { seed: 20240229, numRuns: 12, endOnFailure: true },
  );
}, 180_000);
