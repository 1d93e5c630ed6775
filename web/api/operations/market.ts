/** What the market page and the shell around all pages ask for. */
import { operation } from '../operation.js';

export interface MarketCoin {
  id: string;
  symbol: string;
  name: string;
  rank: number | null;
  price: { usd: string; change24hPct: number | null; suspect: boolean; observedAt: string } | null;
  market: { marketCapUsd: string | null; volume24hUsd: string | null } | null;
  performance: { return7dPct: number | null; return30dPct: number | null } | null;
}

export interface PageInfo {
  hasNextPage: boolean;
  endCursor: string | null;
}

export const MARKET = operation<{ coins: { nodes: MarketCoin[]; pageInfo: PageInfo } }, { after: string | null }>(`
  query Market($after: String) {
    coins(first: 200, after: $after) {
      nodes {
        id symbol name rank
        price { usd change24hPct suspect observedAt }
        market { marketCapUsd volume24hUsd }
        performance { return7dPct return30dPct }
      }
      pageInfo { hasNextPage endCursor }
    }
  }`);

export interface CoinTrend {
  id: string;
  candles: { close: string }[];
}

export const TRENDS = operation<{ coins: { nodes: CoinTrend[]; pageInfo: PageInfo } }, { after: string | null; from: string }>(`
  query Trends($after: String, $from: DateTime!) {
    coins(first: 200, after: $after) {
      nodes { id candles(interval: ONE_HOUR, first: 48, from: $from) { close } }
      pageInfo { hasNextPage endCursor }
    }
  }`);

export interface CoinMove {
  return1dPct: number;
  coin: { id: string; symbol: string; name: string };
}

export interface Overview {
  day: string;
  totalMarketCapUsd: string;
  totalVolume24hUsd: string;
  bitcoinDominancePct: number | null;
  globalBitcoinDominancePct: number | null;
  ethereumDominancePct: number | null;
  coinCount: number;
  gainers: number;
  losers: number;
  topGainers: CoinMove[];
  topLosers: CoinMove[];
}

export interface OverviewDay {
  day: string;
  totalMarketCapUsd: string;
  coinCount: number;
  gainers: number;
  losers: number;
}

export const OVERVIEW = operation<{ marketOverview: Overview | null; marketOverviews: OverviewDay[] }, { from: string }>(`
  query Overview($from: Date!) {
    marketOverview {
      day totalMarketCapUsd totalVolume24hUsd bitcoinDominancePct globalBitcoinDominancePct ethereumDominancePct coinCount gainers losers
      topGainers(first: 3) { return1dPct coin { id symbol name } }
      topLosers(first: 3) { return1dPct coin { id symbol name } }
    }
    marketOverviews(from: $from) { day totalMarketCapUsd coinCount gainers losers }
  }`);

export interface Platform {
  realm: 'SIMULATED' | 'REAL';
  version: string;
  newestObservationAt: string | null;
  attribution: string;
  history: { intervalsDone: number; intervalsTotal: number; estimatedFinishAt: string | null } | null;
}

export const PLATFORM = operation<{ platform: Platform }>(`
  query Platform {
    platform {
      realm version newestObservationAt attribution
      history { intervalsDone intervalsTotal estimatedFinishAt }
    }
  }`);
