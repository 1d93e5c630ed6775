/**
 * Makes stg_prices, candles and latest prices anew from raw, coin by coin, in stretches of whole days, each in one transaction under the
 * coin's lock: readers see a stretch before or after, every bucket lies in one stretch, and live ticks wait for one stretch at a time.
 * Must stay true: what raw no longer holds (retention) is kept, not deleted.
 */
import { bucketStart, type Clock, DAY } from '../../src/domain/time.js';
import type { Database, Queryable } from '../../src/platform/postgres/database.js';
import { getRawStart } from '../../src/store/raw/raw-prices.js';
import { derivePrices, lockCoins, refreshLatest } from './price-writer.js';

/** About so many rows of raw make a stretch; a day that has more is one all the same. */
const STRETCH_ROWS = 5_000;

/** (after, through]; `through` null: all that comes, whoever writes it meanwhile waits. */
interface Stretch {
  after: Date;
  through: Date | null;
}

/**
 * `coinIds`: tracked ones. What an untracked coin once had stays as it is. Returns the number of observations made anew; the signal ends it
 * between two stretches.
 */
export async function rebuildPrices(
  db: Database,
  coinIds: readonly string[],
  clock: Clock,
  { signal, stretchRows = STRETCH_ROWS }: { signal?: AbortSignal; stretchRows?: number } = {},
): Promise<number> {
  let observations = 0;
  for (const coinId of coinIds) {
    for (let after: Date | null = new Date(0); after !== null; ) {
      signal?.throwIfAborted();
      const begin: Date = after;
      const done = await db.transaction(async (tx) => {
        await lockCoins(tx, [coinId]);
        // A month is dropped before this transaction or after it.
        await tx.query('SELECT FROM ops.database FOR SHARE');
        const start = await getRawStart(tx);
        const stretch = await findStretch(tx, coinId, start > begin ? start : begin, stretchRows);
        return { through: stretch.through, rows: await rebuildStretch(tx, coinId, stretch, clock.now()) };
      });
      observations += done.rows;
      after = done.through;
    }
  }
  return observations;
}

/** `after` is the start of a day (the start of raw is that of a month). */
async function findStretch(tx: Queryable, coinId: string, after: Date, rows: number): Promise<Stretch> {
  const { rows: found } = await tx.query<{ observed_at: Date }>(
    'SELECT observed_at FROM raw.raw_prices WHERE coin_id = $1 AND observed_at > $2 ORDER BY observed_at OFFSET $3 LIMIT 1',
    [coinId, after, rows],
  );
  if (found[0] === undefined) return { after, through: null };
  const day = bucketStart(found[0].observed_at, '1d');
  return { after, through: day > after ? day : new Date(day.getTime() + DAY) };
}

async function rebuildStretch(tx: Queryable, coinId: string, { after, through }: Stretch, now: Date): Promise<number> {
  const within = [coinId, after, through ?? 'infinity'];
  await tx.query('DELETE FROM staging.stg_prices WHERE coin_id = $1 AND observed_at > $2 AND observed_at <= $3', within);
  await tx.query('DELETE FROM mart.mart_price_candles WHERE coin_id = $1 AND bucket_start >= $2 AND bucket_start < $3', within);
  const { rows } = await tx.query<{ source: string; observations: number; first_at: Date; last_at: Date }>(
    `SELECT source, count(DISTINCT observed_at)::integer AS observations, min(observed_at) AS first_at, max(observed_at) AS last_at
     FROM raw.raw_prices WHERE coin_id = $1 AND observed_at > $2 AND observed_at <= $3
     GROUP BY source ORDER BY source`,
    within,
  );
  const spans = rows.map(({ source, first_at, last_at }) => ({ coinId, source, firstAt: first_at, lastAt: last_at }));
  if (spans.length > 0) await derivePrices(tx, spans, { now, shortCut: false });
  if (through === null) {
    await tx.query('DELETE FROM mart.mart_latest_prices WHERE coin_id = $1', [coinId]);
    await refreshLatest(tx, [coinId], now);
  }
  return rows.reduce((sum, { observations }) => sum + observations, 0);
}
