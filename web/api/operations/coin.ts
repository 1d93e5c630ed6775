/** What the page of one coin asks for. */
import { operation } from '../operation.js';
import { ALERT_FIELDS, type AlertFields } from './alerts.js';

export type CandleInterval = 'ONE_MINUTE' | 'FIVE_MINUTES' | 'ONE_HOUR' | 'ONE_DAY';

export interface CandleFields {
  interval: CandleInterval;
  bucketStart: string;
  open: string;
  high: string;
  low: string;
  close: string;
  observations: number;
}

export interface CoinMarket {
  marketCapUsd: string | null;
  fullyDilutedValuationUsd: string | null;
  volume24hUsd: string | null;
  circulatingSupply: string | null;
  totalSupply: string | null;
  maxSupply: string | null;
  high24hUsd: string | null;
  low24hUsd: string | null;
  athUsd: string | null;
  athAt: string | null;
  atlUsd: string | null;
  atlAt: string | null;
  observedAt: string;
}

export interface CoinPerformance {
  day: string;
  priceUsd: string;
  return1dPct: number | null;
  return7dPct: number | null;
  return30dPct: number | null;
  return90dPct: number | null;
  return1yPct: number | null;
  volatility30dPct: number | null;
  sharpe30d: number | null;
  maxDrawdown90dPct: number | null;
  sma7Usd: string | null;
  sma30Usd: string | null;
  rsi14: number | null;
  betaToBitcoin90d: number | null;
  correlationToBitcoin90d: number | null;
  computedAt: string;
}

export interface CoinDetail {
  id: string;
  symbol: string;
  name: string;
  rank: number | null;
  price: { usd: string; change24hPct: number | null; suspect: boolean; observedAt: string; source: string } | null;
  market: CoinMarket | null;
  performance: CoinPerformance | null;
  alerts: { nodes: AlertFields[] };
}

export const COIN = operation<{ coin: CoinDetail | null }, { id: string }>(`
  query Coin($id: ID!) {
    coin(id: $id) {
      id symbol name rank
      price { usd change24hPct suspect observedAt source }
      market {
        marketCapUsd fullyDilutedValuationUsd volume24hUsd circulatingSupply totalSupply maxSupply
        high24hUsd low24hUsd athUsd athAt atlUsd atlAt observedAt
      }
      performance {
        day priceUsd return1dPct return7dPct return30dPct return90dPct return1yPct volatility30dPct sharpe30d
        maxDrawdown90dPct sma7Usd sma30Usd rsi14 betaToBitcoin90d correlationToBitcoin90d computedAt
      }
      alerts(first: 10) { nodes { ${ALERT_FIELDS} } }
    }
  }`);

export const CANDLES = operation<{ coin: { id: string; candles: CandleFields[] } | null }, { id: string; interval: CandleInterval }>(`
  query Candles($id: ID!, $interval: CandleInterval!) {
    coin(id: $id) {
      id
      candles(interval: $interval, first: 500) { interval bucketStart open high low close observations }
    }
  }`);
