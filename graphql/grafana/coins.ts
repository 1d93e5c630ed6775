/**
 * Which coins a panel means: those that its payload, its target or the dashboard's variables name, less those that an ad hoc filter takes out.
 * Must stay true: a filter's regular expression is matched as alternatives of literal text and ".*", never run as one.
 */
import type { Queryable } from '../../src/platform/postgres/database.js';
import { type CoinRow, getCoins } from '../../src/store/mart/coins.js';
import { badUserInput } from '../errors.js';
import { LIMITS } from '../limits.js';
import { type AdHocFilter, filtersOf, type QueryRequest, readSelection, removeEscapes, splitAlternatives, type Target } from './request.js';

export type NamedCoin = Pick<CoinRow, 'id' | 'symbol' | 'name' | 'rank'>;

/** Coins of a panel that names none. */
const DEFAULT_COINS = 10;
const MOST_COINS = 1_000;

/** Looked up for every word of every target: made once for a request. */
export interface KnownCoins {
  /** By rank. */
  all: readonly NamedCoin[];
  /** By id. */
  labels: ReadonlyMap<string, string>;
  byId: ReadonlyMap<string, NamedCoin>;
  /** Lower case. */
  bySymbol: ReadonlyMap<string, readonly NamedCoin[]>;
}

export async function listCoins(db: Queryable): Promise<KnownCoins> {
  const all = await getCoins(db, { order: 'MARKET_CAP_RANK', filter: {}, after: null, limit: MOST_COINS });
  const byId = new Map(all.map((coin) => [coin.id, coin]));
  return { all, labels: labelCoins(all), byId, bySymbol: Map.groupBy(all, ({ symbol }) => symbol.toLowerCase()) };
}

/** By id. Tells coins apart that are called alike: several share a name. */
export function labelCoins(coins: readonly NamedCoin[]): ReadonlyMap<string, string> {
  const labels = coins.map(({ id, name, symbol }) => ({ id, label: `${name} (${symbol.toUpperCase()})` }));
  const uses = Map.groupBy(labels, ({ label }) => label);
  return new Map(labels.map(({ id, label }) => [id, uses.get(label)?.length === 1 ? label : `${label} ${id}`]));
}

export interface ChosenCoins {
  /** As chosen: what tables show. */
  coins: readonly NamedCoin[];
  /** Those that a panel draws series of, however many are chosen: a variable's "All" shall still be a picture. */
  drawn: readonly NamedCoin[];
  /** Nothing narrows them down: of all there are, the first ones. */
  every: boolean;
}

/** `named`: the coins in the target's own text, where it has any. */
export function chooseCoins(
  known: KnownCoins,
  { target, named, request }: { target: Target; named: string | null; request: QueryRequest },
): ChosenCoins {
  const { payload } = target;
  const given = [payload.coins, payload.coin, payload.coinIds, named].find((value) => value !== undefined && value !== null);
  const chosen = readSelection(given ?? request.scopedVars?.coin?.value ?? request.scopedVars?.coins?.value ?? null);
  const filters = filtersOf(request).filter(({ key }) => !OF_ALERTS.has(key));
  const { all } = known;
  const asked = chosen === null ? all : [...new Set(chosen.flatMap((word) => findCoin(known, word) ?? []))];
  const kept = filters.length === 0 ? asked : asked.filter((coin) => passing(all, request, filters).has(coin));
  const every = chosen === null && filters.length === 0;
  const coins = every && given === undefined ? kept.slice(0, DEFAULT_COINS) : kept;
  return { coins, drawn: largest(known, coins), every };
}

/** In their order where timeseries takes them all; else as many as it takes, by rank. */
function largest({ all }: KnownCoins, coins: readonly NamedCoin[]): readonly NamedCoin[] {
  if (coins.length <= LIMITS.seriesCoins) return coins;
  const chosen = new Set(coins);
  return all.filter((coin) => chosen.has(coin)).slice(0, LIMITS.seriesCoins);
}

const passed = new WeakMap<QueryRequest, ReadonlySet<NamedCoin>>();

/** Worked out once for all targets of a request. */
function passing(all: readonly NamedCoin[], request: QueryRequest, filters: readonly AdHocFilter[]): ReadonlySet<NamedCoin> {
  const known = passed.get(request) ?? new Set(all.filter((coin) => filters.every((each) => passes(coin, each))));
  passed.set(request, known);
  return known;
}

/** By id; a symbol will do where one coin alone has it. */
function findCoin({ byId, bySymbol }: KnownCoins, word: string): NamedCoin | undefined {
  const alike = bySymbol.get(word.toLowerCase());
  return byId.get(word) ?? (alike?.length === 1 ? alike[0] : undefined);
}

export const FILTER_KEYS = { coin: 'id', symbol: 'symbol', name: 'name', rank: 'rank' } as const;
/** Keys that say something of alerts only. */
export const OF_ALERTS: ReadonlySet<string> = new Set(['severity', 'status']);

function passes(coin: NamedCoin, filter: AdHocFilter): boolean {
  if (!Object.hasOwn(FILTER_KEYS, filter.key)) {
    const known = [...Object.keys(FILTER_KEYS), ...OF_ALERTS].join(', ');
    throw badUserInput(`There is no ad hoc filter "${filter.key}" here; there are ${known}`);
  }
  return holds(coin[FILTER_KEYS[filter.key as keyof typeof FILTER_KEYS]], filter);
}

/** Whether the filter lets the value through. */
export function holds(value: string | number | null, { operator, value: given, values }: AdHocFilter): boolean {
  const text = value === null ? '' : String(value);
  const wanted = String(given ?? '');
  switch (operator) {
    case '=':
      return text === wanted;
    case '!=':
      return text !== wanted;
    case '=|':
      return (values ?? [wanted]).includes(text);
    case '!=|':
      return !(values ?? [wanted]).includes(text);
    case '=~':
      return matches(text, wanted);
    case '!~':
      return !matches(text, wanted);
    case '<':
    case '>': {
      if (value === null) return false;
      const less = typeof value === 'number' ? value < Number(wanted) : value < wanted;
      const more = typeof value === 'number' ? value > Number(wanted) : value > wanted;
      return operator === '<' ? less : more;
    }
    default:
      throw badUserInput(`The ad hoc filter's operator "${operator}" is not known here`);
  }
}

/** The whole text, in any case, against alternatives of literal text in which ".*" stands for anything. */
function matches(text: string, pattern: string): boolean {
  const inner = pattern.replace(/^\^/, '').replace(/\$$/, '');
  const alternatives = splitAlternatives(/^\(.*\)$/s.test(inner) ? inner.slice(1, -1) : inner);
  return alternatives.some((alternative) =>
    matchesPieces(
      text.toLowerCase(),
      alternative
        .toLowerCase()
        .split(/\.[*+]/)
        .map(removeEscapes),
    ),
  );
}

function matchesPieces(text: string, pieces: readonly string[]): boolean {
  const [first = '', ...rest] = pieces;
  if (rest.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() as string;
  let place = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, place);
    if (found < 0) return false;
    place = found + piece.length;
  }
  return text.length - last.length >= place && text.endsWith(last);
}
