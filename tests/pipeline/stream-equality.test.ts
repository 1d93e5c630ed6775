/**
 * Any order, duplication and correction of ticks and history points, cut into any batches, gives what one plain pass over all of
 * them gives: staging, candles, latest prices, pushes and alerts, against models written apart from the SQL.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lockCoins, storePrices } from '../../jobs/streams/price-writer.js';
import { priceStream } from '../../jobs/streams/prices.js';
import type { Decimal } from '../../src/domain/decimal.js';
import { encodePriceRecord } from '../../src/domain/price-record.js';
import { PRICES_TOPIC, type RawPrice, UPDATES_TOPIC } from '../../src/domain/prices.js';
import { decodePriceUpdate } from '../../src/domain/updates.js';
import type { LogRecord } from '../../src/platform/event-log/event-log.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { getUnpublished } from '../../src/store/stream/outbox.js';
import { fixedClock } from '../kit/clock.js';
import { modelPrices, modelPushed } from '../kit/reference/prices.js';
import { alertDifferences, priceDifferences, readRules } from '../kit/reference/published-prices.js';
import { openTestDatabase } from '../kit/test-database.js';
import { leftInOutbox } from './setting/publishers.js';
import { expectRebuildChangesNothing } from './setting/rebuilt.js';

const BASE = Date.UTC(2026, 1, 28, 23, 50); // before a month's, a day's and an hour's end
const COINS = ['bitcoin', 'dogecoin'];
const FEEDING = new Map(COINS.map((coinId) => [coinId, 'coingecko']));
const RULES = [
  { kind: 'PRICE_ABOVE', coin_id: null, threshold: '1.05', window_minutes: null, cooldown_seconds: 0 },
  { kind: 'PRICE_BELOW', coin_id: 'bitcoin', threshold: '0.95', window_minutes: null, cooldown_seconds: 240 },
  { kind: 'PCT_RISE', coin_id: null, threshold: '5', window_minutes: 2, cooldown_seconds: 60 },
  { kind: 'PCT_FALL', coin_id: 'dogecoin', threshold: '5', window_minutes: 1, cooldown_seconds: 0 },
] as const;

const PRICES = [
  '0.9',
  '0.95',
  '1',
  '1.00000000000000000000001',
  '1.05',
  '1.051',
  '1.2',
  '1.6',
  '0.000000000001',
  '69000000000000000000000000000',
];

/** None is suspect beside another one. */
const CALM_PRICES = PRICES.slice(1, 6);

const tick = fc.record({
  coin: fc.constantFrom(...COINS),
  source: fc.constantFrom('coingecko', 'coingecko', 'coingecko', 'coingecko', 'kraken'),
  slot: fc.integer({ min: 0, max: 50 }),
  price: fc.constantFrom(...PRICES),
  delay: fc.integer({ min: 0, max: 3 }),
});
const point = fc.record({
  coin: fc.constantFrom(...COINS),
  grain: fc.constantFrom('5m' as const, '1h' as const, '1d' as const),
  slot: fc.integer({ min: 0, max: 50 }),
  price: fc.constantFrom(...PRICES),
});
const scenario = fc.record({
  /** In the order of their instants most of them take the short cut; in any other one those that make nothing suspect. */
  ordered: fc.boolean(),
  /** Nothing is suspect. */
  calm: fc.boolean(),
  connection: fc.constantFrom('transaction' as const, 'pipelined' as const),
  ticks: fc.array(tick, { minLength: 1, maxLength: 60 }),
  cuts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 }),
  history: fc.array(fc.record({ after: fc.integer({ min: 0, max: 20 }), points: fc.array(point, { minLength: 1, maxLength: 5 }) }), {
    maxLength: 3,
  }),
});

let db: Database;
const clock = fixedClock(new Date(BASE + 3_600_000));

beforeAll(async () => {
  db = await openTestDatabase();
  for (const [name, from, to] of [
    ['p2026_02', '2026-02-01', '2026-03-01'],
    ['p2026_03', '2026-03-01', '2026-04-01'],
  ]) {
    await db.pool.query(
      `CREATE TABLE IF NOT EXISTS raw_partitions.${name} PARTITION OF raw.raw_prices FOR VALUES FROM ('${from}') TO ('${to}')`,
    );
  }
});
afterAll(() => db.close());

async function reset(): Promise<void> {
  await db.pool.query(
    `TRUNCATE raw.raw_prices, staging.stg_prices, mart.mart_price_candles, mart.mart_latest_prices, mart.mart_alerts, ops.outbox,
       ops.rejected_rows, ops.changed_days, ops.alert_rule_states, ops.alert_rules, ops.tracked_coins RESTART IDENTITY`,
  );
  await db.pool.query(`INSERT INTO ops.tracked_coins SELECT c, 'coingecko', now() FROM unnest($1::text[]) AS c`, [COINS]);
  for (const rule of RULES) {
    await db.pool.query(
      `INSERT INTO ops.alert_rules (name, kind, coin_id, threshold, window_minutes, severity, cooldown_seconds, enabled, created_at, updated_at)
       VALUES ('rule', $1, $2, $3, $4, 'INFO', $5, true, now(), now())`,
      [rule.kind, rule.coin_id, rule.threshold, rule.window_minutes, rule.cooldown_seconds],
    );
  }
}

/** 15 s apart, so that slots fall on minute boundaries. */
const instant = (slot: number) => new Date(BASE + slot * 15_000);

function toRaw(each: { coin: string; source: string; slot: number; price: string; delay: number }, position: number): RawPrice {
  return {
    origin: `${PRICES_TOPIC}/0`,
    position: BigInt(position),
    source: each.source,
    coinId: each.coin,
    priceUsd: each.price as Decimal,
    observedAt: instant(each.slot),
    receivedAt: new Date(BASE + 1_000_000 + each.delay * 1000),
    grain: 'tick',
    payload: '{}',
  };
}

function toRecord(raw: RawPrice): LogRecord {
  return {
    topic: PRICES_TOPIC,
    partition: 0,
    offset: raw.position,
    key: raw.coinId,
    value: encodePriceRecord(raw),
    headers: {},
    appendedAt: new Date(BASE),
  };
}

describe('the price stream', () => {
  test('ends in the rows of one plain pass, whatever the order and the cut', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ ordered, calm, connection, ticks, cuts, history }) => {
        await reset();
        const raw = (ordered ? ticks.toSorted((a, b) => a.slot - b.slot) : ticks)
          .map((each) => (calm ? { ...each, price: CALM_PRICES[PRICES.indexOf(each.price) % CALM_PRICES.length] as string } : each))
          .map(toRaw);
        const all = [...raw];
        let done = 0;
        for (let batch = 0; done < raw.length; batch++) {
          const records = raw.slice(done, done + (cuts[batch % cuts.length] as number)).map(toRecord);
          const stream = priceStream({ realm: 'real', retentionDays: null, clock, publisher: leftInOutbox });
          await db[connection]((tx) => stream.process(tx, records));
          done += records.length;
          for (const [call, load] of history.entries()) {
            if (load.after !== batch) continue;
            const points = load.points.map(
              (each, index): RawPrice => ({
                ...toRaw({ ...each, source: 'coingecko', delay: 2 }, index),
                origin: `history/${call}/1`,
                grain: each.grain,
              }),
            );
            await db.transaction((tx) => storePrices(tx, points, clock.now()));
            all.push(...points);
          }
        }
        await expectModel(all, raw);
        await expectRebuildChangesNothing(db, COINS, clock, [5_000, 3]);
        // A history point may have the last word on a tick's instant before the tick comes; pushes are about the log alone.
        if (history.length === 0) await expectPushes(raw);
      }),
      { numRuns: 100, seed: 20260228 },
    );
  }, 120_000);

  test('a writer holds the locks of its coins until it ends', async () => {
    await db.transaction(async (tx) => {
      await lockCoins(tx, ['bitcoin']);
      const other = await db.pool.connect();
      try {
        await other.query("SET lock_timeout = '50ms'");
        await expect(lockCoins(other, ['bitcoin'])).rejects.toThrow(/lock timeout/);
      } finally {
        other.release(true);
      }
    });
  });
});

async function expectPushes(log: RawPrice[]): Promise<void> {
  const place = { target: UPDATES_TOPIC, sourcePartition: 0 };
  const [page] = await getUnpublished(db.pool, PRICES_TOPIC, [place], 1_000_000);
  const pushed = (page?.records ?? []).map((record) => decodePriceUpdate(record.value));
  const feeding = log.filter((each) => each.source === 'coingecko');
  expect(pushed.map((each) => ({ position: each.sourcePosition, previousUsd: each.previousUsd, correction: each.correction }))).toEqual(
    modelPushed(feeding).map(({ tick, ...push }) => ({ position: tick.position, ...push })),
  );
}

async function expectModel(all: RawPrice[], log: RawPrice[]): Promise<void> {
  const feeding = log.filter((each) => each.source === 'coingecko');
  expect(await priceDifferences(db.pool, modelPrices(all), FEEDING)).toEqual([]);
  expect(await alertDifferences(db.pool, feeding, await readRules(db.pool))).toEqual([]);
}
