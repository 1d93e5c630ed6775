/**
 * Writes price observations: raw, stg_prices, candles, latest and the marks of changed days, in the caller's transaction.
 * The one code path of those datasets: the stream, the history load and a rebuild all come through here.
 * Must stay true: the locks of the coins are taken first, ascending, so writers never deadlock; every derived row is recomputed
 * from the rows below it, never incremented, so any order of arrival and any repetition ends in the same rows.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawPrice } from '../../src/domain/prices.js';
import { bucketStart, type CandleInterval, dayOf, type PriceGrain, type UtcDate } from '../../src/domain/time.js';
import type { Queryable } from '../../src/platform/postgres/database.js';
import { coinLockKeys, LOCKS } from '../../src/platform/postgres/locks.js';
import { projectRoot } from '../../src/platform/project-root.js';

/** Natural keys of stg_prices, column by column, as the SQL takes them. */
export interface PriceKeys {
  coinIds: string[];
  sources: string[];
  observedAts: Date[];
}

export interface StoredPrices {
  /** 'coinId observedAt-ms' of observations that are marked as suspect, of those whose price changed. */
  suspect: ReadonlySet<string>;
}

interface CandleLevel {
  interval: CandleInterval;
  width: string;
  below: CandleInterval | null;
  grain: PriceGrain;
}
/** Finest first: each level reads the one before it. */
const CANDLE_LEVELS: CandleLevel[] = [
  { interval: '1m', width: '1 minute', below: null, grain: 'tick' },
  { interval: '5m', width: '5 minutes', below: '1m', grain: '5m' },
  { interval: '1h', width: '1 hour', below: '5m', grain: '1h' },
  { interval: '1d', width: '1 day', below: '1h', grain: '1d' },
];

const sql = (path: string) => readFileSync(join(projectRoot, 'jobs/transforms', path), 'utf8');
const MERGE_PRICES = sql('staging/stg_prices.sql');
const MARK_SUSPECT = sql('staging/stg_prices.suspect.sql');
const RECOMPUTE_CANDLES = sql('mart/mart_price_candles.sql');
const REFRESH_LATEST = sql('mart/mart_latest_prices.sql');

const LOCK_COINS = 'SELECT pg_advisory_xact_lock($1, k) FROM unnest($2::integer[]) AS k';
const INSERT_RAW = `
INSERT INTO raw.raw_prices (origin, position, observed_at, source, coin_id, price_usd, grain, received_at, payload)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::numeric[], $7::staging.price_grain[],
                     $8::timestamptz[], $9::jsonb[])`;
const MARK_DAYS = 'INSERT INTO ops.changed_days (coin_id, day) SELECT * FROM unnest($1::text[], $2::date[])';

/** Takes the advisory locks of the coins until the end of the transaction; first of all that a writer does. */
export async function lockCoins(tx: Queryable, coinIds: Iterable<string>): Promise<void> {
  await tx.query({
    name: 'lock-coins',
    text: LOCK_COINS,
    values: [LOCKS.coins, coinLockKeys(coinIds)],
  });
}

/** Takes the coins' locks, stores the rows and brings all that is derived from them up to date. */
export async function storePrices(tx: Queryable, rows: RawPrice[], now: Date): Promise<StoredPrices> {
  await lockCoins(
    tx,
    rows.map((row) => row.coinId),
  );
  return storeLockedPrices(tx, rows, now);
}

/** For a writer that holds the coins' locks already. */
export async function storeLockedPrices(tx: Queryable, rows: RawPrice[], now: Date): Promise<StoredPrices> {
  await tx.query({
    name: 'insert-raw-prices',
    text: INSERT_RAW,
    values: [
      rows.map((row) => row.origin),
      rows.map((row) => row.position),
      rows.map((row) => row.observedAt),
      rows.map((row) => row.source),
      rows.map((row) => row.coinId),
      rows.map((row) => row.priceUsd),
      rows.map((row) => row.grain),
      rows.map((row) => row.receivedAt),
      rows.map((row) => row.payload),
    ],
  });
  const keys: PriceKeys = {
    coinIds: rows.map((row) => row.coinId),
    sources: rows.map((row) => row.source),
    observedAts: rows.map((row) => row.observedAt),
  };
  return derivePrices(tx, keys, now);
}

/** Brings stg_prices, candles, latest and the marks up to date with what raw holds for the keys. */
export async function derivePrices(tx: Queryable, keys: PriceKeys, now: Date): Promise<StoredPrices> {
  const unchanged = await tx.query<PriceKeyRow>({
    name: 'merge-prices',
    text: MERGE_PRICES,
    values: [keys.coinIds, keys.sources, keys.observedAts],
  });
  const suspect = await restate(tx, without(keys, unchanged.rows), now);
  // Also after a mere duplicate: it is the newest word on the value, and the newest price says where its value comes from.
  await tx.query({
    name: 'refresh-latest-prices',
    text: REFRESH_LATEST,
    values: [[...new Set(keys.coinIds)], now],
  });
  return { suspect };
}

/** What follows from changed prices: suspicion, candles, marks. Returns the observations that are marked as suspect. */
async function restate(tx: Queryable, changed: PriceKeys, now: Date): Promise<Set<string>> {
  if (changed.coinIds.length === 0) return new Set();
  const judged = await tx.query<PriceKeyRow & { suspect: boolean; changed: boolean }>({
    name: 'mark-suspect-prices',
    text: MARK_SUSPECT,
    values: [changed.coinIds, changed.sources, changed.observedAts],
  });
  const remarked = judged.rows.filter((row) => row.changed);
  await recomputeCandles(
    tx,
    [...changed.coinIds, ...remarked.map((row) => row.coin_id)],
    [...changed.observedAts, ...remarked.map((row) => row.observed_at)],
    now,
  );
  await markDays(tx, changed);
  return new Set(judged.rows.filter((row) => row.suspect).map((row) => observationKey(row.coin_id, row.observed_at)));
}

export function observationKey(coinId: string, observedAt: Date): string {
  return `${coinId} ${observedAt.getTime()}`;
}

interface PriceKeyRow {
  coin_id: string;
  source: string;
  observed_at: Date;
}

function without(keys: PriceKeys, rows: PriceKeyRow[]): PriceKeys {
  if (rows.length === 0) return keys;
  const gone = new Set(rows.map((row) => `${row.source} ${observationKey(row.coin_id, row.observed_at)}`));
  const kept = (_: unknown, i: number) =>
    !gone.has(`${keys.sources[i]} ${observationKey(keys.coinIds[i] as string, keys.observedAts[i] as Date)}`);
  return { coinIds: keys.coinIds.filter(kept), sources: keys.sources.filter(kept), observedAts: keys.observedAts.filter(kept) };
}

async function recomputeCandles(tx: Queryable, coinIds: string[], observedAts: Date[], now: Date): Promise<void> {
  for (const { interval, width, below, grain } of CANDLE_LEVELS) {
    const buckets = new Map<string, [coinId: string, start: Date]>();
    for (const [index, coinId] of coinIds.entries()) {
      const start = bucketStart(observedAts[index] as Date, interval);
      buckets.set(observationKey(coinId, start), [coinId, start]);
    }
    const all = [...buckets.values()];
    await tx.query({
      name: `recompute-candles-${interval}`,
      text: RECOMPUTE_CANDLES,
      values: [all.map(([coinId]) => coinId), all.map(([, start]) => start), interval, width, below, grain, now],
    });
  }
}

/** One mark for each (coin, day) among the keys. */
async function markDays(tx: Queryable, keys: PriceKeys): Promise<void> {
  const days = new Map<string, [coinId: string, day: UtcDate]>();
  for (const [index, coinId] of keys.coinIds.entries()) {
    const day = dayOf(keys.observedAts[index] as Date);
    days.set(`${coinId} ${day}`, [coinId, day]);
  }
  const marks = [...days.values()];
  await tx.query({
    name: 'mark-changed-days',
    text: MARK_DAYS,
    values: [marks.map(([coinId]) => coinId), marks.map(([, day]) => day)],
  });
}
