/** Which fetches have landed in raw. */
import type { Queryable } from '../../platform/postgres/database.js';

/** The first fetch of /coins/markets that began within [from, to] and brought every tracked coin of the source. */
export async function findMarketFetch(db: Queryable, source: string, window: { from: Date; to: Date }): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date }>(
    `WITH tracked AS (SELECT coin_id FROM ops.tracked_coins WHERE source = $1)
     SELECT r.fetched_at AS at FROM tracked t
     JOIN raw.raw_market_data r ON r.coin_id = t.coin_id AND r.source = $1 AND r.fetched_at BETWEEN $2 AND $3
     GROUP BY r.fetched_at HAVING count(*) = (SELECT count(*) FROM tracked) ORDER BY r.fetched_at LIMIT 1`,
    [source, window.from, window.to],
  );
  return rows[0]?.at ?? null;
}

/** The first fetch of /global that began within [from, to]. */
export async function findGlobalFetch(db: Queryable, source: string, window: { from: Date; to: Date }): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date | null }>(
    'SELECT min(observed_at) AS at FROM staging.stg_global WHERE source = $1 AND observed_at BETWEEN $2 AND $3',
    [source, window.from, window.to],
  );
  return rows[0]?.at ?? null;
}
