/**
 * Makes stg_prices, candles and latest prices anew from raw, coin by coin, each in one transaction under the coin's lock: readers see
 * a coin before or after, and live ticks wait for one coin at a time. What raw no longer holds (retention) is kept, not deleted.
 */
import type { Clock } from '../../src/domain/time.js';
import type { Database, Queryable } from '../../src/platform/postgres/database.js';
import { getRawStart } from '../../src/store/raw/raw-prices.js';
import { derivePrices, lockCoins } from './price-writer.js';

const CHUNK = 5_000;

/** `coinIds`: all coins that raw may hold. Returns the number of observations made anew. */
export async function rebuildPrices(db: Database, coinIds: readonly string[], clock: Clock): Promise<number> {
  let observations = 0;
  for (const coinId of coinIds) {
    observations += await db.transaction(async (tx) => {
      await lockCoins(tx, [coinId]);
      return rebuildCoin(tx, coinId, clock.now());
    });
  }
  return observations;
}

async function rebuildCoin(tx: Queryable, coinId: string, now: Date): Promise<number> {
  // The month of the oldest raw begins a day as well: buckets that start there or later stand wholly on raw that is kept.
  const start = await getRawStart(tx);
  await tx.query('DELETE FROM staging.stg_prices WHERE coin_id = $1 AND observed_at > $2', [coinId, start]);
  await tx.query('DELETE FROM mart.mart_price_candles WHERE coin_id = $1 AND bucket_start >= $2', [coinId, start]);
  await tx.query('DELETE FROM mart.mart_latest_prices WHERE coin_id = $1', [coinId]);
  let observations = 0;
  for (let source = '', after = start; ; ) {
    const { rows } = await tx.query<{ source: string; observed_at: Date }>(
      `SELECT source, observed_at FROM raw.raw_prices
       WHERE coin_id = $1 AND observed_at > $4 AND (source, observed_at) > ($2, $3)
       GROUP BY source, observed_at ORDER BY source, observed_at LIMIT ${CHUNK}`,
      [coinId, source, after, start],
    );
    const last = rows.at(-1);
    if (last === undefined) return observations;
    [source, after] = [last.source, last.observed_at];
    observations += rows.length;
    const keys = {
      coinIds: rows.map(() => coinId),
      sources: rows.map((row) => row.source),
      observedAts: rows.map((row) => row.observed_at),
    };
    await derivePrices(tx, keys, now);
  }
}
