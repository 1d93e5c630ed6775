/**
 * A database as the platform leaves it after months: history points of the time before, ticks since, and all that follows from them. Made
 * by set statements instead of tick by tick, for there are millions; what the platform itself would have written is checked on a sample,
 * coin by coin, by letting it make the same rows anew.
 */

import { rebuildLanded } from '../../../jobs/runtime/land.js';
import { publish } from '../../../jobs/runtime/publish.js';
import { rebuildPrices } from '../../../jobs/streams/rebuild-prices.js';
import { partitionOf } from '../../../src/domain/murmur2.js';
import { addDays, endOfDay, startOfDay, type UtcDate } from '../../../src/domain/time.js';
import { PRICES } from '../../../src/platform/event-log/topics.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { ensureMonthlyPartitions } from '../../../src/store/raw/partitions.js';
import { trackCoins } from '../../../src/store/tracked-coins.js';
import { fixedClock } from '../../kit/clock.js';
import { basePrice } from '../setting/ticks.js';
import { dropIndexes } from './indexes.js';
import { LOAD_CANDLES, LOAD_DAILY_POINTS, LOAD_MARKS, LOAD_SNAPSHOTS, LOAD_STAGING, LOAD_TICKS } from './market-sql.js';

export interface MarketPlan {
  coins: readonly string[];
  /** The newest day that is published; the marts are published up to here. */
  publishedThrough: UtcDate;
  /** Days that are over and wait to be published, one by one. */
  daysToCome: number;
  /** The last so many days, those to come among them, have ticks; of the days before that there are daily points. */
  tickDays: number;
  ticksPerDay: number;
  dailyPoints: number;
}

const BULK_TABLES = { raw: 'raw.raw_prices', staging: 'staging.stg_prices', candles: 'mart.mart_price_candles' };

export async function buildMarket(db: Database, plan: MarketPlan): Promise<void> {
  const last = addDays(plan.publishedThrough, plan.daysToCome);
  const firstTickDay = addDays(last, 1 - plan.tickDays);
  const tickStart = startOfDay(firstTickDay);
  await openMarket(db, plan.coins, { firstDay: addDays(firstTickDay, -plan.dailyPoints), lastDay: last, trackedAt: tickStart });
  const indexes = await dropIndexes(db, Object.values(BULK_TABLES));
  await db.pool.query(LOAD_DAILY_POINTS, [tickStart, plan.dailyPoints]);
  await Promise.all([0, 1].map((half) => db.pool.query(LOAD_TICKS, [tickStart, plan.tickDays, plan.ticksPerDay, half])));
  const derive = async () => {
    await db.pool.query(LOAD_STAGING);
    for (const load of LOAD_CANDLES) await db.pool.query(load, [endOfDay(last)]);
  };
  await Promise.all([indexes.restore(BULK_TABLES.raw), derive()]);
  await Promise.all([indexes.restore(BULK_TABLES.staging), indexes.restore(BULK_TABLES.candles)]);
  await db.pool.query(LOAD_SNAPSHOTS, [tickStart, plan.publishedThrough]);
  await rebuildLanded(db);
  await db.pool.query('VACUUM (ANALYZE)');
  await checkSample(db, plan.coins.at(-1) as string);
  await publishAll(db, plan.publishedThrough);
  await db.pool.query(LOAD_MARKS, [plan.publishedThrough]);
  await db.pool.query('VACUUM (ANALYZE)');
}

/** Months and coins, before anything is stored. */
export async function openMarket(
  db: Database,
  coins: readonly string[],
  { firstDay, lastDay, trackedAt }: { firstDay: UtcDate; lastDay: UtcDate; trackedAt: Date },
): Promise<void> {
  await ensureMonthlyPartitions(db, startOfDay(firstDay), endOfDay(addDays(lastDay, 40)));
  await trackCoins(db.pool, coins, 'simulator', trackedAt);
  await listCoins(db, coins);
}

/** Every day up to this one, in one publish. */
export async function publishAll(db: Database, through: UtcDate): Promise<void> {
  const result = await publish(db, { through, fence: null, clock: fixedClock(endOfDay(addDays(through, 1))), rebuild: true });
  if (result.outcome !== 'published') throw new Error(`the marts of the bench were not published: ${JSON.stringify(result)}`);
}

/** What the statements need to know of each coin. */
async function listCoins(db: Database, coins: readonly string[]): Promise<void> {
  await db.pool.query(`CREATE TABLE bench_coins (
    coin_id text, number integer, partition integer, base float8, digits integer, phase float8, slow float8, quick float8)`);
  await db.pool.query(
    `INSERT INTO bench_coins
     SELECT id, number, partition, base, digits, number::float8 / $5, 400000 + 9000 * number, 7000 + 130 * number
     FROM unnest($1::text[], $2::integer[], $3::float8[], $4::integer[]) WITH ORDINALITY AS c (id, partition, base, digits, number)`,
    [
      coins,
      coins.map((coin) => partitionOf(coin, PRICES.partitions)),
      coins.map((_, index) => basePrice(index)),
      coins.map((_, index) => Math.max(2, 7 - Math.floor(Math.log10(basePrice(index))))),
      coins.length + 1,
    ],
  );
}

/** Lets the platform make one coin's rows anew from raw, and throws where it makes others than stand there. */
async function checkSample(db: Database, coin: string): Promise<void> {
  const before = await fingerprint(db, coin);
  await rebuildPrices(db, [coin], fixedClock(new Date()));
  const after = await fingerprint(db, coin);
  if (before !== after) throw new Error(`the bench's rows of ${coin} are not what the platform makes: ${before}, ${after}`);
}

async function fingerprint(db: Database, coin: string): Promise<string> {
  const tables = {
    'staging.stg_prices': 'observed_at',
    'mart.mart_price_candles': 'interval, bucket_start',
    'mart.mart_latest_prices': 'coin_id',
  };
  const parts: string[] = [];
  for (const [table, order] of Object.entries(tables)) {
    const { rows } = await db.pool.query<{ hash: string }>(
      `SELECT count(*) || ' ' || md5(string_agg((to_jsonb(t) - 'computed_at')::text, E'\\n' ORDER BY ${order})) AS hash FROM ${table} AS t WHERE coin_id = $1`,
      [coin],
    );
    parts.push(`${table} ${rows[0]?.hash}`);
  }
  return parts.join(', ');
}
