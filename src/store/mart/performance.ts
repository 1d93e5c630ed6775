/** mart.mart_crypto_performance, read. Grain: one coin and UTC day that has a close. "Newest" is the newest published day, of all coins. */
import type { Decimal } from '../../domain/decimal.js';
import type { UtcDate } from '../../domain/time.js';
import type { Queryable } from '../../platform/postgres/database.js';

/** Figures are null where the history is too short. */
export interface PerformanceRow {
  coinId: string;
  day: UtcDate;
  priceUsd: Decimal;
  return1dPct: number | null;
  return7dPct: number | null;
  return30dPct: number | null;
  return90dPct: number | null;
  return1yPct: number | null;
  volatility30dPct: number | null;
  sharpe30d: number | null;
  maxDrawdown90dPct: number | null;
  sma7Usd: Decimal | null;
  sma30Usd: Decimal | null;
  rsi14: number | null;
  betaToBitcoin90d: number | null;
  correlationToBitcoin90d: number | null;
  computedAt: Date;
}

/** day null: the newest. */
export interface PerformanceRequest {
  coinId: string;
  day: UtcDate | null;
}

/** One row or null per request, in the order of the requests. */
export async function loadPerformance(db: Queryable, requests: readonly PerformanceRequest[]): Promise<(PerformanceRow | null)[]> {
  const { rows } = await db.query<PerformanceRow & { ordinal: number }>({
    name: 'load-performance',
    text: `SELECT r.ordinal::integer AS ordinal, p.coin_id AS "coinId", p.day, trim_scale(p.price_usd)::text AS "priceUsd",
             p.return_1d_pct AS "return1dPct", p.return_7d_pct AS "return7dPct", p.return_30d_pct AS "return30dPct",
             p.return_90d_pct AS "return90dPct", p.return_1y_pct AS "return1yPct", p.volatility_30d_pct AS "volatility30dPct",
             p.sharpe_30d AS "sharpe30d", p.max_drawdown_90d_pct AS "maxDrawdown90dPct",
             trim_scale(p.sma_7_usd)::text AS "sma7Usd", trim_scale(p.sma_30_usd)::text AS "sma30Usd", p.rsi_14 AS "rsi14",
             p.beta_to_bitcoin_90d AS "betaToBitcoin90d", p.correlation_to_bitcoin_90d AS "correlationToBitcoin90d",
             p.computed_at AS "computedAt"
           FROM unnest($1::text[], $2::date[]) WITH ORDINALITY AS r (coin_id, day, ordinal)
           JOIN mart.mart_crypto_performance p ON p.coin_id = r.coin_id
             AND p.day = coalesce(r.day, (SELECT max(day) FROM mart.mart_crypto_performance))`,
    values: [requests.map((request) => request.coinId), requests.map((request) => request.day)],
  });
  const found = new Map(rows.map(({ ordinal, ...row }) => [ordinal, row]));
  return requests.map((_, index) => found.get(index + 1) ?? null);
}

export interface CoinMoveRow {
  coinId: string;
  return1dPct: number;
}

/** The followed coins that rose (or fell) most on the day, at most `first`. */
export interface MoversRequest {
  day: UtcDate;
  direction: 'up' | 'down';
  first: number;
}

/** The largest moves first, ties by id; one list per request, in the order of the requests. */
export async function loadMovers(db: Queryable, requests: readonly MoversRequest[]): Promise<CoinMoveRow[][]> {
  const { rows } = await db.query<{ moves: CoinMoveRow[] }>({
    name: 'load-movers',
    text: `SELECT movers.moves
           FROM unnest($1::date[], $2::integer[], $3::integer[]) WITH ORDINALITY AS r (day, sign, most, ordinal)
           CROSS JOIN LATERAL (
             SELECT coalesce(json_agg(json_build_object('coinId', coin_id, 'return1dPct', return_1d_pct)
                      ORDER BY return_1d_pct * r.sign DESC, coin_id COLLATE "C"), '[]') AS moves
             FROM (
               SELECT p.coin_id, p.return_1d_pct
               FROM mart.mart_crypto_performance p JOIN ops.tracked_coins t ON t.coin_id = p.coin_id
               WHERE p.day = r.day AND p.return_1d_pct * r.sign > 0
               ORDER BY p.return_1d_pct * r.sign DESC, p.coin_id COLLATE "C" LIMIT r.most
             ) largest
           ) movers
           ORDER BY r.ordinal`,
    values: [
      requests.map((request) => request.day),
      requests.map((request) => (request.direction === 'up' ? 1 : -1)),
      requests.map((request) => request.first),
    ],
  });
  return rows.map((row) => row.moves);
}
