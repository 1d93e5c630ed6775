/** mart_market_overview of one day as a plain model, written from the design's words and not from the SQL. */
import Big from 'big.js';
import { addDays, endOfDay, HOUR, type UtcDate } from '../../../src/domain/time.js';
import { type ClosesOfCoins, modelMarket, type SnapshotsOfCoins } from './days.js';

export interface ModelGlobal {
  source: string;
  observedAt: number;
  marketCapUsd: string | null;
  volume24hUsd: string | null;
  bitcoinDominance: number | null;
}

export interface ModelOverview {
  totalMarketCapUsd: string;
  totalVolume24hUsd: string;
  bitcoinDominance: number | null;
  ethereumDominance: number | null;
  coinCount: number;
  gainers: number;
  losers: number;
  breadth: number | null;
  global: ModelGlobal | null;
}

const exact = Big();
exact.DP = 40;

const sum = (values: (string | null)[]) => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total.plus(value), new exact(0));
};

/** `feeds`: the source of each tracked coin. */
export function modelOverview(
  day: UtcDate,
  data: { feeds: ReadonlyMap<string, string>; closes: ClosesOfCoins; snapshots: SnapshotsOfCoins; globals: readonly ModelGlobal[] },
): ModelOverview | null {
  const coins = [...data.feeds].filter(([coinId]) => data.closes.get(coinId)?.has(day));
  const markets = new Map(coins.map(([coinId, source]) => [coinId, modelMarket(data.snapshots, coinId, source, day)]));
  const cap = sum([...markets.values()].map((market) => market?.marketCapUsd ?? null));
  const volume = sum([...markets.values()].map((market) => market?.volume24hUsd ?? null));
  if (cap === null || volume === null) return null;
  const dominance = (coinId: string) => {
    const own = markets.get(coinId)?.marketCapUsd ?? null;
    return own === null || cap.eq(0) ? null : Number(new exact(own).times(100).div(cap).toExponential(25));
  };
  const moves = coins.flatMap(([coinId]) => {
    const [now, before] = [data.closes.get(coinId)?.get(day), data.closes.get(coinId)?.get(addDays(day, -1))];
    return now === undefined || before === undefined ? [] : [new exact(now).cmp(before)];
  });
  const gainers = moves.filter((move) => move > 0).length;
  const end = endOfDay(day).getTime();
  const fetches = data.globals.filter((each) => each.observedAt >= end && each.observedAt <= end + HOUR);
  return {
    totalMarketCapUsd: cap.toFixed(),
    totalVolume24hUsd: volume.toFixed(),
    bitcoinDominance: dominance('bitcoin'),
    ethereumDominance: dominance('ethereum'),
    coinCount: coins.length,
    gainers,
    losers: moves.filter((move) => move < 0).length,
    breadth: moves.length === 0 ? null : (100 * gainers) / moves.length,
    global: fetches.sort((a, b) => a.observedAt - b.observedAt)[0] ?? null,
  };
}
