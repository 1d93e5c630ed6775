/** What tests of the marts share: a database with months and datasets, prices stored through the stream's own code, marts read back. */

import { type PublishResult, publish } from '../../jobs/runtime/publish.js';
import { storePrices } from '../../jobs/streams/price-writer.js';
import { marts, registerDatasets } from '../../jobs/transforms/registry.js';
import type { Decimal } from '../../src/domain/decimal.js';
import type { RawPrice } from '../../src/domain/prices.js';
import { addDays, endOfDay, HOUR, type UtcDate } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { ensureMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { fixedClock } from '../kit/clock.js';
import { openTestDatabase } from '../kit/test-database.js';

export const SOURCE = 'simulator';
export const date = (text: string) => text as UtcDate;
export const decimal = (text: string) => text as Decimal;

export async function openMartDatabase(from: UtcDate, to: UtcDate, coinIds: readonly string[]): Promise<Database> {
  const db = await openTestDatabase();
  await ensureMonthlyPartitions(db, endOfDay(addDays(from, -1)), endOfDay(addDays(to, 2)));
  await registerDatasets(db);
  await trackCoins(db.pool, coinIds, SOURCE, new Date('2023-01-01T00:00:00Z'));
  return db;
}

let calls = 0;

export interface GivenPrice {
  coinId: string;
  observedAt: Date;
  price: string;
  receivedAt?: Date;
  grain?: RawPrice['grain'];
  source?: string;
  payload?: string;
}

/** As points of one history call. */
export function rawPrices(prices: readonly GivenPrice[], origin = `history/${++calls}/1`): RawPrice[] {
  return prices.map(({ coinId, observedAt, price, receivedAt, grain, source, payload }, index) => ({
    source: source ?? SOURCE,
    coinId,
    priceUsd: decimal(price),
    observedAt,
    receivedAt: receivedAt ?? new Date(observedAt.getTime() + HOUR),
    payload: payload ?? JSON.stringify({ price }),
    grain: grain ?? '1d',
    origin,
    position: BigInt(index),
  }));
}

/** Stores them in one transaction; returns their origin. */
export async function givePrices(db: Database, prices: readonly GivenPrice[]): Promise<string> {
  const rows = rawPrices(prices);
  await db.transaction((tx) => storePrices(tx, rows, new Date()));
  return rows[0]?.origin as string;
}

/** Closes as the daily points of a source give them: at the day's end. */
export function dailyPoints(coinId: string, closes: Iterable<readonly [UtcDate, string]>): GivenPrice[] {
  return Array.from(closes, ([day, price]) => ({ coinId, observedAt: endOfDay(day), price }));
}

/** At noon of the day after, when any day up to `through` is over. */
export async function publishThrough(
  db: Database,
  through: UtcDate | null,
  options: { rebuild?: boolean; now?: Date } = {},
): Promise<PublishResult> {
  const now = options.now ?? (through === null ? new Date('2030-01-01T00:00:00Z') : new Date(endOfDay(through).getTime() + 12 * HOUR));
  return publish(db, { through, fence: null, clock: fixedClock(now), rebuild: options.rebuild });
}

/** Every row of every mart as text, every digit of it, clocks aside. */
export async function dumpMarts(db: Database): Promise<Record<string, unknown[]>> {
  const dump: Record<string, unknown[]> = {};
  for (const { name, key, clockColumns } of marts) {
    const { rows } = await db.pool.query(`SELECT (to_jsonb(t) - $1::text[])::text AS row FROM ${name} AS t ORDER BY ${key.join(', ')}`, [
      clockColumns,
    ]);
    dump[name] = rows.map((row) => row.row);
  }
  return dump;
}

export async function emptyMarts(db: Database): Promise<void> {
  await db.pool.query(`TRUNCATE ${marts.map(({ name }) => name).join(', ')}`);
}

/** What stands in the way, in words; empty where the publish went through. */
export function failuresOf(result: PublishResult): string[] {
  if (result.outcome === 'published') return [];
  if (result.outcome === 'checks-failed')
    return result.checks.filter((check) => check.status === 'FAILED').map((check) => check.message ?? check.name);
  return [JSON.stringify(result)];
}
