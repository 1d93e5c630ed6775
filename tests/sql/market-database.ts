/** Fetches of /coins/markets and /global for tests, through CoinGecko's own reader, so that staging meets what really lands. */
import { readCoinsMarkets } from '../../jobs/sources/coingecko/coins-markets.js';
import { readGlobal } from '../../jobs/sources/coingecko/global.js';
import { parseLossless } from '../../jobs/sources/lossless-json.js';
import type { GlobalSnapshot, MarketSnapshot, SourceResult } from '../../jobs/sources/source.js';

/** `rows`: the JSON texts of the rows. */
export function marketFetch(fetchedAt: Date, rows: readonly string[]): SourceResult<MarketSnapshot> {
  const receivedAt = new Date(fetchedAt.getTime() + 1_000);
  const read = readCoinsMarkets({ fetchedAt, receivedAt, body: parseLossless(`[${rows.join(',')}]`) }, null, 'test');
  return { fetchedAt, receivedAt, rows: read.rows, rejected: read.rejected };
}

/** One row with this cap and volume, as digits, or null. */
export function marketRow(id: string, figures: { cap: string | null; volume: string | null; more?: string }): string {
  return `{"id": "${id}", "symbol": "${id.slice(0, 3)}", "name": "${id}", "current_price": null, "last_updated": null, "market_cap": ${figures.cap}, "total_volume": ${figures.volume}${figures.more ?? ''}}`;
}

export function globalFetch(fetchedAt: Date, figures: { cap: string; volume: string; bitcoin: string }): GlobalSnapshot {
  const body = `{"data": {"total_market_cap": {"usd": ${figures.cap}}, "total_volume": {"usd": ${figures.volume}}, "market_cap_percentage": {"btc": ${figures.bitcoin}}, "updated_at": 1744025333}}`;
  return readGlobal({ fetchedAt, receivedAt: new Date(fetchedAt.getTime() + 1_000), body: parseLossless(body) }, 'test');
}
