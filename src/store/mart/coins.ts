/**
 * mart.mart_coins, read. Grain: one coin, with its newest market snapshot.
 * Text sorts by code point, nulls last, ties by id, in every order, so that a page's key is a place in the whole list.
 */
import type { Decimal } from '../../domain/decimal.js';
import type { Queryable } from '../../platform/postgres/database.js';

/** marketObservedAt is null where no snapshot was published yet; then all figures are too. */
export interface CoinRow {
  id: string;
  symbol: string;
  name: string;
  imageUrl: string | null;
  rank: number | null;
  marketCapUsd: Decimal | null;
  fullyDilutedValuationUsd: Decimal | null;
  volume24hUsd: Decimal | null;
  circulatingSupply: Decimal | null;
  totalSupply: Decimal | null;
  maxSupply: Decimal | null;
  high24hUsd: Decimal | null;
  low24hUsd: Decimal | null;
  athUsd: Decimal | null;
  athAt: Date | null;
  atlUsd: Decimal | null;
  atlAt: Date | null;
  marketObservedAt: Date | null;
}

const COLUMNS = `c.coin_id AS id, c.symbol, c.name, c.image_url AS "imageUrl", c.rank,
  trim_scale(c.market_cap_usd)::text AS "marketCapUsd",
  trim_scale(c.fully_diluted_valuation_usd)::text AS "fullyDilutedValuationUsd",
  trim_scale(c.volume_24h_usd)::text AS "volume24hUsd",
  trim_scale(c.circulating_supply)::text AS "circulatingSupply",
  trim_scale(c.total_supply)::text AS "totalSupply",
  trim_scale(c.max_supply)::text AS "maxSupply",
  trim_scale(c.high_24h_usd)::text AS "high24hUsd",
  trim_scale(c.low_24h_usd)::text AS "low24hUsd",
  trim_scale(c.ath_usd)::text AS "athUsd", c.ath_at AS "athAt",
  trim_scale(c.atl_usd)::text AS "atlUsd", c.atl_at AS "atlAt",
  c.market_observed_at AS "marketObservedAt"`;

const NEWEST_RETURN = (column: string) =>
  `(SELECT p.${column} FROM mart.mart_crypto_performance p
    WHERE p.coin_id = c.coin_id AND p.day = (SELECT max(day) FROM mart.mart_crypto_performance))`;

const ORDERS = {
  MARKET_CAP_RANK: { value: 'c.rank', type: 'integer', direction: 'ASC' },
  NAME: { value: 'c.name COLLATE "C"', type: 'text', direction: 'ASC' },
  VOLUME_24H_DESC: { value: 'c.volume_24h_usd', type: 'numeric', direction: 'DESC' },
  RETURN_1D_DESC: { value: NEWEST_RETURN('return_1d_pct'), type: 'float8', direction: 'DESC' },
  RETURN_1D_ASC: { value: NEWEST_RETURN('return_1d_pct'), type: 'float8', direction: 'ASC' },
  RETURN_7D_DESC: { value: NEWEST_RETURN('return_7d_pct'), type: 'float8', direction: 'DESC' },
  RETURN_7D_ASC: { value: NEWEST_RETURN('return_7d_pct'), type: 'float8', direction: 'ASC' },
} as const;
export type CoinOrder = keyof typeof ORDERS;

export interface CoinFilter {
  ids?: readonly string[] | null;
  /** Part of the id, the symbol or the name, in any case. */
  search?: string | null;
  minMarketCapUsd?: Decimal | null;
}

/** A coin's place in an order: the value that it is ordered by, as text (null sorts last), and its id. */
export interface CoinPlace {
  orderValue: string | null;
  id: string;
}

const FILTER = `($1::text[] IS NULL OR c.coin_id = ANY ($1))
  AND ($2::text IS NULL OR c.coin_id ILIKE $2 OR c.symbol ILIKE $2 OR c.name ILIKE $2)
  AND ($3::numeric IS NULL OR c.market_cap_usd >= $3)`;

function filterValues(filter: CoinFilter): unknown[] {
  const search = filter.search?.trim() ?? '';
  const pattern = search === '' ? null : `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  return [filter.ids ?? null, pattern, filter.minMarketCapUsd ?? null];
}

/** At most `limit` coins after the place. */
export async function getCoins(
  db: Queryable,
  page: { order: CoinOrder; filter: CoinFilter; after: CoinPlace | null; limit: number },
): Promise<(CoinRow & CoinPlace)[]> {
  const { type, direction, value } = ORDERS[page.order];
  const beyond = direction === 'ASC' ? '>' : '<';
  const { rows } = await db.query<CoinRow & CoinPlace>({
    name: `get-coins-${page.order}`,
    text: `SELECT ${COLUMNS}, "orderKey"::text AS "orderValue"
           FROM mart.mart_coins c CROSS JOIN LATERAL (SELECT ${value} AS "orderKey") o
           WHERE ${FILTER}
             AND ($4::text IS NULL OR CASE
               WHEN $5::${type} IS NULL THEN "orderKey" IS NULL AND c.coin_id COLLATE "C" > $4
               ELSE "orderKey" ${beyond} $5 OR "orderKey" IS NULL OR ("orderKey" = $5 AND c.coin_id COLLATE "C" > $4) END)
           ORDER BY "orderKey" ${direction} NULLS LAST, c.coin_id COLLATE "C" LIMIT $6`,
    values: [...filterValues(page.filter), page.after?.id ?? null, page.after?.orderValue ?? null, page.limit],
  });
  return rows;
}

export async function countCoins(db: Queryable, filter: CoinFilter): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'count-coins',
    text: `SELECT count(*)::integer AS count FROM mart.mart_coins c WHERE ${FILTER}`,
    values: filterValues(filter),
  });
  return rows[0]?.count ?? 0;
}

/** By id; an unknown one is not in the map. */
export async function loadCoins(db: Queryable, ids: readonly string[]): Promise<Map<string, CoinRow>> {
  const { rows } = await db.query<CoinRow>({
    name: 'load-coins',
    text: `SELECT ${COLUMNS} FROM mart.mart_coins c WHERE c.coin_id = ANY ($1)`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, row]));
}
