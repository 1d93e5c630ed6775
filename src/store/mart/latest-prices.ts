/** The newest tick of each coin, and its change against the price of a day before. Grain: one coin. */
import type { Decimal } from '../../domain/decimal.js';
import type { Queryable } from '../../platform/postgres/database.js';

export interface LatestPriceRow {
  coinId: string;
  usd: Decimal;
  /** Against the newest observation of the same source that was then 24 to 25 hours old; null if there is none. */
  change24hPct: number | null;
  suspect: boolean;
  observedAt: Date;
  source: string;
}

export async function loadLatestPrices(db: Queryable, coinIds: readonly string[]): Promise<Map<string, LatestPriceRow>> {
  const { rows } = await db.query<LatestPriceRow>({
    name: 'load-latest-prices',
    text: `SELECT l.coin_id AS "coinId", trim_scale(l.price_usd)::text AS usd, l.suspect, l.observed_at AS "observedAt", l.source,
                  ((l.price_usd / past.price_usd - 1) * 100)::float8 AS "change24hPct"
           FROM mart.mart_latest_prices l
           LEFT JOIN LATERAL (
             SELECT s.price_usd FROM staging.stg_prices s
             WHERE s.coin_id = l.coin_id AND s.source = l.source
               AND s.observed_at BETWEEN l.observed_at - interval '25 hours' AND l.observed_at - interval '24 hours'
             ORDER BY s.observed_at DESC LIMIT 1
           ) past ON true
           WHERE l.coin_id = ANY ($1)`,
    values: [coinIds],
  });
  return new Map(rows.map((row) => [row.coinId, row]));
}

/** Null while there is no price at all. */
export async function findNewestObservation(db: Queryable): Promise<Date | null> {
  const { rows } = await db.query<{ newest: Date | null }>('SELECT max(observed_at) AS newest FROM mart.mart_latest_prices');
  return rows[0]?.newest ?? null;
}

export interface NewestTick {
  priceUsd: Decimal;
  observedAt: Date;
  receivedAt: Date;
  position: bigint;
}

/** Of the given coins those that are tracked: the source that feeds each, and its newest tick where it has one. */
export async function getTrackedNewest(
  tx: Queryable,
  coinIds: string[],
): Promise<{ sources: Map<string, string>; newest: Map<string, NewestTick> }> {
  const { rows } = await tx.query({
    name: 'get-tracked-newest',
    text: `SELECT t.coin_id, t.source, trim_scale(l.price_usd)::text AS price_usd, l.observed_at, l.received_at, l.position
           FROM ops.tracked_coins AS t
           LEFT JOIN LATERAL ( -- the mart only bounds the search: around a switch of the source it may be behind, or hold the other one's
             SELECT * FROM staging.stg_prices AS s
             WHERE s.coin_id = t.coin_id AND s.source = t.source AND s.grain = 'tick' AND s.observed_at >= coalesce(
               (SELECT l.observed_at FROM mart.mart_latest_prices AS l WHERE l.coin_id = t.coin_id AND l.source = t.source), '-infinity')
             ORDER BY s.observed_at DESC LIMIT 1
           ) AS l ON true
           WHERE t.coin_id = ANY ($1::text[])`,
    values: [coinIds],
  });
  const known = rows.filter((row) => row.observed_at !== null);
  return {
    sources: new Map(rows.map((row) => [row.coin_id, row.source])),
    newest: new Map(
      known.map((row) => [
        row.coin_id,
        {
          priceUsd: row.price_usd,
          observedAt: row.observed_at,
          receivedAt: row.received_at,
          position: row.position,
        },
      ]),
    ),
  };
}

/** The newest stored observation of each coin: what a producer that starts anew need not send again. */
export async function getNewestObservations(db: Queryable): Promise<Map<string, { observedAt: Date; priceUsd: Decimal }>> {
  const { rows } = await db.query('SELECT coin_id, observed_at, trim_scale(price_usd)::text AS price_usd FROM mart.mart_latest_prices');
  return new Map(rows.map((row) => [row.coin_id, { observedAt: row.observed_at, priceUsd: row.price_usd }]));
}
