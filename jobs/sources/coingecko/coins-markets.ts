/**
 * /coins/markets: a page of coins by market cap. Everything but id, symbol and name may be null; what every row has had for years must
 * at least be there. Rank is not the position (both are computed at different moments, and a coin can stand on two pages).
 */
import { z } from 'zod';
import {
  amountField,
  idField,
  instantField,
  optionalPriceField,
  rankField,
  rejection,
  required,
  unexpectedShape,
  validate,
} from '../fields.js';
import type { MarketSnapshot, RejectedRow } from '../source.js';
import type { ApiResponse } from './client.js';

export const COINS_MARKETS = '/coins/markets';
export const PAGE_SIZE = 250;

const Row = z.object(
  {
    id: idField,
    symbol: z.string('is not a text'),
    name: z.string('is not a text'),
    // A coin without an image has the name of a file here, not a URL.
    image: z
      .string('is not a text')
      .nullish()
      .transform((text) => (text != null && /^https?:\/\//.test(text) ? text : null)),
    current_price: required(optionalPriceField),
    market_cap: required(amountField),
    market_cap_rank: rankField,
    fully_diluted_valuation: amountField,
    total_volume: required(amountField),
    circulating_supply: amountField,
    total_supply: amountField,
    max_supply: amountField,
    high_24h: amountField,
    low_24h: amountField,
    ath: amountField,
    ath_date: instantField,
    atl: amountField,
    atl_date: instantField,
    last_updated: required(instantField),
  },
  'is not an object',
);

export function coinsMarketsQuery({ ids, perPage, page }: { ids?: string; perPage: number; page: number }): Record<string, string> {
  const query = { vs_currency: 'usd', order: 'market_cap_desc', per_page: String(perPage), page: String(page), precision: 'full' };
  return ids === undefined ? query : { ...query, ids };
}

/** `asked`: null where any coin may come. `size` counts all rows of the page, good or not. */
export function readCoinsMarkets(
  { body }: ApiResponse,
  asked: ReadonlySet<string> | null,
  label: string,
): { rows: MarketSnapshot[]; rejected: RejectedRow[]; size: number } {
  if (!Array.isArray(body)) throw unexpectedShape(label, COINS_MARKETS, 'a list of coins', body);
  const rows: MarketSnapshot[] = [];
  const rejected: RejectedRow[] = [];
  for (const row of body) {
    const validated = validate(Row, row, row?.id);
    if ('rejected' in validated) rejected.push(validated.rejected);
    else if (asked !== null && !asked.has(validated.accepted.id))
      rejected.push(rejection(row, validated.accepted.id, 'the coin was not asked for'));
    else rows.push(toSnapshot(validated.accepted, JSON.stringify(row)));
  }
  return { rows, rejected, size: body.length };
}

function toSnapshot(row: z.output<typeof Row>, payload: string): MarketSnapshot {
  return {
    coinId: row.id,
    symbol: row.symbol,
    name: row.name,
    imageUrl: row.image,
    priceUsd: row.current_price,
    marketCapUsd: row.market_cap,
    marketCapRank: row.market_cap_rank,
    fullyDilutedValuationUsd: row.fully_diluted_valuation,
    volume24hUsd: row.total_volume,
    circulatingSupply: row.circulating_supply,
    totalSupply: row.total_supply,
    maxSupply: row.max_supply,
    high24hUsd: row.high_24h,
    low24hUsd: row.low_24h,
    athUsd: row.ath,
    athAt: row.ath_date,
    atlUsd: row.atl,
    atlAt: row.atl_date,
    sourceUpdatedAt: row.last_updated,
    payload,
  };
}
