/**
 * A price source without a network: every price is a function of coin and instant, on the grid of its spacing.
 * A test replaces what it wants to go wrong, and sees what was asked for.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { HistoryPoint, MarketSnapshot, PriceSource } from '../../../jobs/sources/source.js';
import type { Decimal } from '../../../src/domain/decimal.js';
import { CANDLE_INTERVALS, type Clock, type HistoryGrain } from '../../../src/domain/time.js';

export interface ScriptedSource extends PriceSource {
  /** 'history bitcoin 1d', 'topCoins', 'global', …, in order. */
  calls: string[];
  /** How many calls of history were under way at once. */
  mostAtOnce: number;
}

export function priceAt(coinId: string, at: Date): Decimal {
  return `${coinId.length}.${String(at.getTime() / 1_000).slice(-6)}1` as Decimal;
}

/** Points in (from, to] on the grid. */
export function pointsOf(coinId: string, grain: HistoryGrain, from: Date, to: Date): HistoryPoint[] {
  const width = CANDLE_INTERVALS[grain];
  const points: HistoryPoint[] = [];
  for (let at = (Math.floor(from.getTime() / width) + 1) * width; at <= to.getTime(); at += width) {
    const observedAt = new Date(at);
    const priceUsd = priceAt(coinId, observedAt);
    const payload = JSON.stringify({ timestamp: at, price: Number(priceUsd), market_cap: 1_000_000, total_volume: 5_000 });
    points.push({ observedAt, priceUsd, marketCapUsd: '1000000' as Decimal, volume24hUsd: '5000' as Decimal, payload });
  }
  return points;
}

export function snapshotOf(coinId: string, rank: number, at: Date): MarketSnapshot {
  const priceUsd = priceAt(coinId, at);
  const payload = {
    id: coinId,
    symbol: coinId.slice(0, 3),
    name: coinId,
    image: null,
    current_price: 1,
    market_cap: 1_000_000 / rank,
    market_cap_rank: rank,
  };
  return {
    coinId,
    symbol: payload.symbol,
    name: coinId,
    imageUrl: null,
    priceUsd,
    marketCapUsd: String(1_000_000 / rank) as Decimal,
    marketCapRank: rank,
    fullyDilutedValuationUsd: null,
    volume24hUsd: '5000' as Decimal,
    circulatingSupply: null,
    totalSupply: null,
    maxSupply: null,
    high24hUsd: null,
    low24hUsd: null,
    athUsd: null,
    athAt: null,
    atlUsd: null,
    atlAt: null,
    sourceUpdatedAt: at,
    payload: JSON.stringify({ ...payload, total_volume: 5_000, last_updated: at.toISOString() }),
  };
}

export function scriptedSource(clock: Clock, coins: string[], replaced: Partial<PriceSource> = {}): ScriptedSource {
  const seen = (rows: MarketSnapshot[]) => ({ fetchedAt: clock.now(), receivedAt: clock.now(), rows, rejected: [] });
  const given: PriceSource = {
    name: 'simulator',
    historyDays: 400,
    topCoins: async (count) => seen(coins.slice(0, count).map((coin, index) => snapshotOf(coin, index + 1, clock.now()))),
    marketSnapshot: async (ids) =>
      seen(coins.filter((coin) => ids.includes(coin)).map((coin) => snapshotOf(coin, coins.indexOf(coin) + 1, clock.now()))),
    currentPrices: async () => ({ fetchedAt: clock.now(), receivedAt: clock.now(), rows: [], rejected: [] }),
    history: async (coinId, grain, from, to) => ({
      fetchedAt: clock.now(),
      receivedAt: clock.now(),
      rows: pointsOf(coinId, grain, from, to),
      rejected: [],
    }),
    global: async () => ({
      fetchedAt: clock.now(),
      receivedAt: clock.now(),
      marketCapUsd: '3000000' as Decimal,
      volume24hUsd: '9000' as Decimal,
      bitcoinDominancePct: '50' as Decimal,
      ethereumDominancePct: '10' as Decimal,
      sourceUpdatedAt: clock.now(),
      payload: '{"data":{"total_market_cap":{"usd":3000000},"total_volume":{"usd":9000},"market_cap_percentage":{"btc":50,"eth":10}}}',
    }),
    pollSeconds: async (wanted) => wanted,
  };
  const source: PriceSource = { ...given, ...replaced };
  const calls: string[] = [];
  let atOnce = 0;
  const scripted: ScriptedSource = {
    ...source,
    calls,
    mostAtOnce: 0,
    async topCoins(...asked) {
      calls.push('topCoins');
      return source.topCoins(...asked);
    },
    async marketSnapshot(...asked) {
      calls.push('marketSnapshot');
      return source.marketSnapshot(...asked);
    },
    async global(...asked) {
      calls.push('global');
      return source.global(...asked);
    },
    async history(coinId, grain, ...asked) {
      calls.push(`history ${coinId} ${grain}`);
      scripted.mostAtOnce = Math.max(scripted.mostAtOnce, ++atOnce);
      try {
        await sleep(50); // as any call, it takes a moment: long enough for the others to be under way
        return await source.history(coinId, grain, ...asked);
      } finally {
        atOnce--;
      }
    },
  };
  return scripted;
}
