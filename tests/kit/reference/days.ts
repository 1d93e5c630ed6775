/** Closes and market figures of days, from observations and snapshots, as the design's section on time says. */
import { addDays, dayOf, endOfDay, HOUR, type UtcDate } from '../../../src/domain/time.js';

/** One per (coin, source, instant): the value that stands. */
export interface StandingPrice {
  coinId: string;
  source: string;
  observedAt: number;
  priceUsd: string;
}

/** By coin, of the source that feeds it. The close is the last observation of the day, unless over 6 h older than the day's end. */
export function modelCloses(prices: readonly StandingPrice[], feeds: ReadonlyMap<string, string>): Map<string, Map<UtcDate, string>> {
  const last = new Map<string, Map<UtcDate, StandingPrice>>();
  for (const price of prices) {
    if (feeds.get(price.coinId) !== price.source) continue;
    const days = last.get(price.coinId) ?? new Map<UtcDate, StandingPrice>();
    last.set(price.coinId, days);
    const day = dayOf(new Date(price.observedAt));
    const other = days.get(day);
    if (other === undefined || other.observedAt < price.observedAt) days.set(day, price);
  }
  const closes = new Map<string, Map<UtcDate, string>>();
  for (const [coinId, days] of last) {
    const fresh = [...days].filter(([day, price]) => endOfDay(day).getTime() - price.observedAt <= 6 * HOUR);
    closes.set(coinId, new Map(fresh.map(([day, price]) => [day, price.priceUsd])));
  }
  return closes;
}

export interface ModelSnapshot {
  coinId: string;
  source: string;
  observedAt: number;
  /** 'snapshot': a fetch, with when it began; '1d': a daily history point. */
  grain: 'snapshot' | '1d';
  marketCapUsd: string | null;
  volume24hUsd: string | null;
}

/** By coin. */
export type SnapshotsOfCoins = ReadonlyMap<string, readonly ModelSnapshot[]>;

/** What is known of the coin's market at the day's end. */
export function modelMarket(snapshots: SnapshotsOfCoins, coinId: string, source: string, day: UtcDate): ModelSnapshot | null {
  const end = endOfDay(day).getTime();
  const own = (snapshots.get(coinId) ?? []).filter((each) => each.source === source);
  const fetches = own.filter((each) => each.grain === 'snapshot' && each.observedAt >= end && each.observedAt <= end + HOUR);
  const nearest = fetches.sort((a, b) => a.observedAt - b.observedAt)[0];
  return nearest ?? own.find((each) => each.grain === '1d' && each.observedAt === end) ?? null;
}

export function* eachDay(from: UtcDate, to: UtcDate): Generator<UtcDate> {
  for (let day = from; day <= to; day = addDays(day, 1)) yield day;
}

export type ClosesOfCoins = ReadonlyMap<string, ReadonlyMap<UtcDate, string>>;
