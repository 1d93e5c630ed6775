/**
 * ops.tracked_coins: the coins that the platform follows. Grain: one coin, with the source that feeds its latest price, candles and marts.
 * Must stay true: once tracked, a coin stays until an operator removes it.
 */
import type { Queryable } from '../platform/postgres/database.js';

export interface TrackedCoin {
  coinId: string;
  source: string;
  trackedAt: Date;
}

/** By coin id. */
export async function getTrackedCoins(db: Queryable): Promise<TrackedCoin[]> {
  const { rows } = await db.query<TrackedCoin>(
    'SELECT coin_id AS "coinId", source, tracked_at AS "trackedAt" FROM ops.tracked_coins ORDER BY coin_id COLLATE "C"',
  );
  return rows;
}

/** Coins that are tracked already stay as they are. Returns how many are new. */
export async function trackCoins(tx: Queryable, coinIds: readonly string[], source: string, now: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `INSERT INTO ops.tracked_coins (coin_id, source, tracked_at) SELECT c, $2, $3 FROM unnest($1::text[]) AS c ON CONFLICT (coin_id) DO NOTHING`,
    [coinIds, source, now],
  );
  return rowCount ?? 0;
}

/** Names of the sources that feed the tracked coins. */
export async function getFeedingSources(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ source: string }>('SELECT DISTINCT source FROM ops.tracked_coins ORDER BY source');
  return rows.map((row) => row.source);
}

/** Those of these ids that are not followed, in the order given. */
export async function getUntrackedOf(db: Queryable, coinIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'tracked_coins_untracked_of',
    text: `SELECT asked.id FROM unnest($1::text[]) WITH ORDINALITY AS asked(id, place)
      WHERE NOT EXISTS (SELECT FROM ops.tracked_coins AS t WHERE t.coin_id = asked.id) ORDER BY asked.place`,
    values: [coinIds],
  });
  return rows.map(({ id }) => id);
}
