/** Orders of the market's table. Coins without the value come last in every one, ties by rank. */
import type { MarketCoin } from '../../api/operations/market.js';
import { compare } from '../../format/decimal.js';

export type SortKey = 'rank' | 'name' | 'price' | 'change' | 'week' | 'month' | 'cap' | 'volume';

export interface Sort {
  key: SortKey;
  descending: boolean;
}

/** As the address has it: "cap", or "-cap" where the greatest comes first; anything else is by rank. */
export function readSort(text: string | null): Sort {
  const key = text?.replace(/^-/, '') ?? '';
  return Object.hasOwn(COMPARISONS, key) ? { key: key as SortKey, descending: text !== key } : { key: 'rank', descending: false };
}

export function writeSort({ key, descending }: Sort): string {
  return (descending ? '-' : '') + key;
}

type Comparison = (a: MarketCoin, b: MarketCoin) => number | null;

const byNumber =
  (read: (coin: MarketCoin) => number | null | undefined): Comparison =>
  (a, b) => {
    const [left, right] = [read(a), read(b)];
    return left == null || right == null ? null : left - right;
  };

const byDecimal =
  (read: (coin: MarketCoin) => string | null | undefined): Comparison =>
  (a, b) => {
    const [left, right] = [read(a), read(b)];
    return left == null || right == null ? null : compare(left, right);
  };

const COMPARISONS: Record<SortKey, { has(coin: MarketCoin): boolean; compare: Comparison }> = {
  rank: { has: (coin) => coin.rank !== null, compare: byNumber((coin) => coin.rank) },
  name: { has: () => true, compare: (a, b) => a.name.localeCompare(b.name, 'en') },
  price: { has: (coin) => coin.price !== null, compare: byDecimal((coin) => coin.price?.usd) },
  change: { has: (coin) => coin.price?.change24hPct != null, compare: byNumber((coin) => coin.price?.change24hPct) },
  week: { has: (coin) => coin.performance?.return7dPct != null, compare: byNumber((coin) => coin.performance?.return7dPct) },
  month: { has: (coin) => coin.performance?.return30dPct != null, compare: byNumber((coin) => coin.performance?.return30dPct) },
  cap: { has: (coin) => coin.market?.marketCapUsd != null, compare: byDecimal((coin) => coin.market?.marketCapUsd) },
  volume: { has: (coin) => coin.market?.volume24hUsd != null, compare: byDecimal((coin) => coin.market?.volume24hUsd) },
};

export function sortCoins(coins: readonly MarketCoin[], { key, descending }: Sort): MarketCoin[] {
  const { has, compare: order } = COMPARISONS[key];
  const rank = (coin: MarketCoin) => coin.rank ?? Number.MAX_SAFE_INTEGER;
  return [...coins].sort((a, b) => {
    if (has(a) !== has(b)) return has(a) ? -1 : 1;
    const way = (order(a, b) ?? 0) * (descending ? -1 : 1);
    return way || rank(a) - rank(b) || a.id.localeCompare(b.id, 'en');
  });
}

export function searchCoins(coins: readonly MarketCoin[], words: string): MarketCoin[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [...coins];
  return coins.filter(({ id, name, symbol }) => [id, name.toLowerCase(), symbol.toLowerCase()].some((text) => text.includes(wanted)));
}
