/** mart.mart_market_overview, read. Grain: one UTC day. */
import type { Decimal } from '../../domain/decimal.js';
import type { UtcDate } from '../../domain/time.js';
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
