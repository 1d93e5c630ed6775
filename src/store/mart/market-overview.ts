/** mart.mart_market_overview, read. Grain: one UTC day. */
import type { Decimal } from '../../domain/decimal.js';
import type { UtcDate } from '../../domain/time.js';
import type { TimeGrid } from '../../domain/time-grid.js';
import type { Queryable } from '../../platform/postgres/database.js';

/** global*: the source's own figures, null for days when they were not fetched. */
export interface MarketOverviewRow {
  day: UtcDate;
  totalMarketCapUsd: Decimal;
  totalVolume24hUsd: Decimal;
  bitcoinDominancePct: number | null;
  ethereumDominancePct: number | null;
  coinCount: number;
  gainers: number;
  losers: number;
  globalMarketCapUsd: Decimal | null;
  globalVolume24hUsd: Decimal | null;
  globalBitcoinDominancePct: number | null;
  computedAt: Date;
}

const COLUMNS = `day, trim_scale(total_market_cap_usd)::text AS "totalMarketCapUsd", trim_scale(total_volume_24h_usd)::text AS "totalVolume24hUsd",
  bitcoin_dominance_pct AS "bitcoinDominancePct", ethereum_dominance_pct AS "ethereumDominancePct",
  coin_count AS "coinCount", gainers, losers,
  trim_scale(global_market_cap_usd)::text AS "globalMarketCapUsd", trim_scale(global_volume_24h_usd)::text AS "globalVolume24hUsd",
  global_bitcoin_dominance_pct AS "globalBitcoinDominancePct", computed_at AS "computedAt"`;

/** day null: the newest published one. */
export async function findMarketOverview(db: Queryable, day: UtcDate | null): Promise<MarketOverviewRow | null> {
  const { rows } = await db.query<MarketOverviewRow>({
    name: 'find-market-overview',
    text: `SELECT ${COLUMNS} FROM mart.mart_market_overview WHERE $1::date IS NULL OR day = $1 ORDER BY day DESC LIMIT 1`,
    values: [day],
  });
  return rows[0] ?? null;
}

/** Days from..to, both included, oldest first. */
export async function getMarketOverviews(db: Queryable, from: UtcDate, to: UtcDate): Promise<MarketOverviewRow[]> {
  const { rows } = await db.query<MarketOverviewRow>({
    name: 'get-market-overviews',
    text: `SELECT ${COLUMNS} FROM mart.mart_market_overview WHERE day BETWEEN $1 AND $2 ORDER BY day`,
    values: [from, to],
  });
  return rows;
}

/** Columns that make a line of a chart. */
export type MarketFigure =
  | 'total_market_cap_usd'
  | 'total_volume_24h_usd'
  | 'bitcoin_dominance_pct'
  | 'ethereum_dominance_pct'
  | 'gainers'
  | 'losers';

/** Of each step of the grid, oldest first, the newest day's; null where none is published. As near as a float comes. */
export async function getMarketFigures(db: Queryable, figure: MarketFigure, grid: TimeGrid): Promise<[number | null, number][]> {
  const { stepMs, firstMs, count } = grid;
  const { rows } = await db.query<{ value: string | null }>({
    name: `get-market-figures-${figure}`,
    text: `SELECT step.value::text AS value
           FROM generate_series(0, $3::integer - 1) AS place
           LEFT JOIN (
             SELECT floor(extract(epoch FROM day::timestamp AT TIME ZONE 'UTC' - $1::timestamptz) * 1000 / $2::bigint)::integer AS place,
                    (array_agg(${figure} ORDER BY day DESC))[1] AS value
             FROM mart.mart_market_overview
             WHERE day >= ($1 AT TIME ZONE 'UTC')::date AND day < ($4::timestamptz AT TIME ZONE 'UTC')::date
             GROUP BY 1
           ) AS step USING (place)
           ORDER BY place`,
    values: [new Date(firstMs), stepMs, count, new Date(firstMs + count * stepMs)],
  });
  return rows.map(({ value }, place) => [value === null ? null : Number(value), firstMs + place * stepMs]);
}
