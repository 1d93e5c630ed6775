/**
 * The part of CoinGecko's API that the simulator speaks, as status and body: no HTTP here.
 * Must stay true: a point of history has the very price that a tick at its instant had; daily points stand at 00:00 UTC.
 */
import { OLDEST_OBSERVATION_DAYS } from '../../../src/domain/prices.js';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/domain/time.js';
import type { Faults } from './faults.js';
import { livePrice } from './live-prices.js';
import { extremes, type Market, type MarketCoin, type Quote, round, STEP } from './market.js';
import { hash } from './random.js';

export interface Answer {
  status: number;
  body: unknown;
}

/** As many days of history as the simulated plan gives. */
const HISTORY_DAYS = OLDEST_OBSERVATION_DAYS;
const ALL_TIME_DAYS = 730;
/** Stands in for what is asked of it by nobody: the source must not let it in. */
const UNASKED = 'a-coin-that-nobody-asked-for';

const ok = (body: unknown): Answer => ({ status: 200, body });
const refuse = (status: number, error: string): Answer => ({ status, body: { error } });

export type Api = (path: string, query: URLSearchParams, now: number) => Answer;

/** `path` without /api/v3. */
export function createApi(market: Market, faults: Faults): Api {
  const allTime = createAllTime(market);
  return (path, query, now) => {
    if (path === '/ping') return ok({ gecko_says: '(V3) To the Moon!' });
    if (path === '/global') return ok(global(market, now));
    if (path === '/simple/price') return simplePrice(market, faults, query, now);
    if (path === '/coins/markets') return coinsMarkets(market, allTime, query, now);
    const chart = /^\/coins\/([^/]+)\/market_chart$/.exec(path)?.[1];
    if (chart !== undefined) return marketChart(market, chart, query, now);
    return refuse(404, 'Incorrect path. Please check https://www.coingecko.com/api/');
  };
}

function simplePrice(market: Market, faults: Faults, query: URLSearchParams, now: number): Answer {
  if (!query.get('vs_currencies')) return refuse(422, 'Missing parameter vs_currencies');
  if (!query.get('ids')) return refuse(422, 'Missing parameter ids');
  if (query.get('vs_currencies') !== 'usd') return refuse(400, 'invalid vs_currency');
  const entries = coinsIn(market, query).map((coin) => [coin.id, livePrice(market, faults, coin, now)] as const);
  const unasked = entries.some(([, entry]) => entry === null) ? [[UNASKED, { usd: 1, last_updated_at: Math.floor(now / SECOND) }]] : [];
  return ok(Object.fromEntries([...entries, ...unasked]));
}

function coinsIn(market: Market, query: URLSearchParams): MarketCoin[] {
  const ids = new Set((query.get('ids') ?? '').split(','));
  return market.coins.filter((coin) => ids.has(coin.id));
}

type AllTime = (coin: MarketCoin, at: number) => ReturnType<typeof extremes>;

/** Over two years of midnights: worth keeping for the rest of the day. */
function createAllTime(market: Market): AllTime {
  const known = new Map<string, { midnight: number; found: ReturnType<typeof extremes> }>();
  return (coin, at) => {
    const midnight = Math.floor(at / DAY) * DAY;
    const kept = known.get(coin.id);
    if (kept?.midnight === midnight) return kept.found;
    const found = extremes(market, coin, midnight - ALL_TIME_DAYS * DAY, midnight, DAY);
    known.set(coin.id, { midnight, found });
    return found;
  };
}

function coinsMarkets(market: Market, allTime: AllTime, query: URLSearchParams, now: number): Answer {
  if (!query.get('vs_currency')) return refuse(422, 'Missing parameter vs_currency');
  if (query.get('vs_currency') !== 'usd') return refuse(400, 'invalid vs_currency');
  const perPage = Math.min(Number(query.get('per_page') ?? 100), 250);
  const page = Number(query.get('page') ?? 1);
  if (!Number.isInteger(perPage) || !Number.isInteger(page) || perPage < 1 || page < 1) return refuse(400, 'invalid per_page or page');
  const ranked = market.coins.map((coin) => ({ coin, quote: market.quote(coin, now), rank: 0 }));
  ranked.sort((a, b) => b.quote.marketCap - a.quote.marketCap);
  for (const [index, row] of ranked.entries()) row.rank = index + 1;
  const asked = query.has('ids') ? new Set(coinsIn(market, query)) : null;
  const rows = ranked.filter(({ coin }) => asked === null || asked.has(coin));
  return ok(
    rows.slice((page - 1) * perPage, page * perPage).map(({ coin, quote, rank }) => marketRow(market, allTime, coin, quote, rank, now)),
  );
}

function marketRow(market: Market, allTime: AllTime, coin: MarketCoin, quote: Quote, rank: number, now: number) {
  const day = extremes(market, coin, now - DAY, now);
  const ever = allTime(coin, now);
  const high = day.high.price > ever.high.price ? day.high : ever.high;
  const low = day.low.price < ever.low.price ? day.low : ever.low;
  const before = market.price(coin, now - DAY);
  const change = quote.price - before;
  const pct = (value: number, base: number) => round((value / base - 1) * 100, 6);
  return {
    id: coin.id,
    symbol: coin.symbol,
    name: coin.name,
    image: 'missing_large.png',
    current_price: quote.price,
    market_cap: quote.marketCap,
    market_cap_rank: rank,
    fully_diluted_valuation: coin.totalSupply === null ? null : round(quote.price * (coin.maxSupply ?? coin.totalSupply), 15),
    total_volume: quote.volume24h,
    high_24h: day.high.price,
    low_24h: day.low.price,
    price_change_24h: round(change, 9),
    price_change_percentage_24h: pct(quote.price, before),
    market_cap_change_24h: round(change * coin.circulatingSupply, 15),
    market_cap_change_percentage_24h: pct(quote.price, before),
    circulating_supply: coin.circulatingSupply,
    total_supply: coin.totalSupply,
    max_supply: coin.maxSupply,
    ath: high.price,
    ath_change_percentage: pct(quote.price, high.price),
    ath_date: new Date(market.pricedAt(coin, high.at)).toISOString(),
    atl: low.price,
    atl_change_percentage: pct(quote.price, low.price),
    atl_date: new Date(market.pricedAt(coin, low.at)).toISOString(),
    roi: null,
    last_updated: new Date(market.pricedAt(coin, now)).toISOString(),
  };
}

function marketChart(market: Market, id: string, query: URLSearchParams, now: number): Answer {
  const coin = market.find(id);
  if (coin === undefined) return refuse(404, 'coin not found');
  if (!query.get('vs_currency')) return refuse(422, 'Missing parameter vs_currency');
  if (query.get('vs_currency') !== 'usd') return refuse(400, 'invalid vs_currency');
  const asked = query.get('days');
  if (!asked) return refuse(422, 'Missing parameter days');
  const days = asked === 'max' ? HISTORY_DAYS : Number(asked);
  if (!Number.isInteger(days) || days < 1) return refuse(400, 'invalid days');
  if (days > HISTORY_DAYS) return beyondHistory(now);
  const daily = query.get('interval') === 'daily' || days > 90;
  const instants = daily ? midnights(now, days) : offGrid(coin, now, days, days === 1 ? 5 * MINUTE : HOUR);
  instants.push(Math.floor(now / SECOND) * SECOND);
  const points = instants.map((at) => [at, market.quote(coin, at)] as const);
  return ok({
    prices: points.map(([at, quote]) => [at, quote.price]),
    market_caps: points.map(([at, quote]) => [at, quote.marketCap]),
    total_volumes: points.map(([at, quote]) => [at, quote.volume24h]),
  });
}

function beyondHistory(now: number): Answer {
  const words = `Your request exceeds the allowed time range: the simulator gives the past ${HISTORY_DAYS} days.`;
  return {
    status: 401,
    body: { error: { status: { timestamp: new Date(now).toISOString(), error_code: 10_012, error_message: words } } },
  };
}

/** Those in (now - days, now], oldest first. */
function midnights(now: number, days: number): number[] {
  const last = Math.floor(now / DAY) * DAY;
  return Array.from({ length: days }, (_, index) => last - (days - 1 - index) * DAY);
}

/** One in each stretch, a little after its start, as CoinGecko's are, and at an instant at which the coin had a new price. */
function offGrid(coin: MarketCoin, now: number, days: number, width: number): number[] {
  const instants: number[] = [];
  for (let start = Math.floor((now - days * DAY) / width) * width; start < now; start += width) {
    const at = start + (1 + (hash(coin.own.seed, start / width) % 3)) * STEP + coin.phase;
    if (at > now - days * DAY && at < now) instants.push(at);
  }
  return instants;
}

function global(market: Market, now: number) {
  const total = market.total(now);
  const before = market.total(now - DAY);
  const bitcoin = market.quote(market.find('bitcoin') as MarketCoin, now);
  const ethereum = market.quote(market.find('ethereum') as MarketCoin, now);
  const inCoins = (usd: number) => ({ btc: usd / bitcoin.price, eth: usd / ethereum.price, usd });
  const share = (quote: Quote) => (quote.marketCap / total.marketCap) * 100;
  return {
    data: {
      active_cryptocurrencies: market.coins.length,
      upcoming_icos: 0,
      ongoing_icos: 0,
      ended_icos: 0,
      markets: 1,
      total_market_cap: inCoins(total.marketCap),
      total_volume: inCoins(total.volume24h),
      market_cap_percentage: { btc: share(bitcoin), eth: share(ethereum) },
      market_cap_change_percentage_24h_usd: (total.marketCap / before.marketCap - 1) * 100,
      updated_at: Math.floor(now / SECOND),
    },
  };
}
