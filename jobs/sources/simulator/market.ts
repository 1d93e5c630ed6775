/**
 * The simulated market: what every coin costs at every instant.
 * Must stay true: a pure function of (seed, coin, instant), so that every endpoint, process and restart agrees on every price.
 * A coin has a new price every 30 s, at a phase of its own; between two of them it keeps the older one.
 */
import { DAY, MINUTE, SECOND } from '../../../src/domain/time.js';
import { SIMULATED_COINS, type SimulatedCoin } from './coins.js';
import { hashText } from './random.js';
import { type Walk, walkAt } from './walk.js';

const { exp, floor } = Math;

export const STEP = 30 * SECOND;
const STEPS_A_DAY = DAY / STEP;
/** Two years lie between two anchors of a walk. */
const LONG = 21;
const MARKET_DAILY_SD = 0.02;
/** Of the whole market, the simulated coins are this share. */
const COVERAGE = 0.92;

export interface MarketCoin extends SimulatedCoin {
  /** Whole seconds, 0 to 29. */
  phase: number;
  own: Walk;
  volume: Walk;
}

export interface Quote {
  price: number;
  marketCap: number;
  volume24h: number;
}

export interface Market {
  coins: readonly MarketCoin[];
  find(id: string): MarketCoin | undefined;
  /** The instant of the price that stands at `at`, in milliseconds. */
  pricedAt(coin: MarketCoin, at: number): number;
  price(coin: MarketCoin, at: number): number;
  quote(coin: MarketCoin, at: number): Quote;
  /** Of the simulated coins and the others that a whole market has. */
  total(at: number): { marketCap: number; volume24h: number };
}

export function createMarket(seed: number): Market {
  const common = longWalk(hashText(seed, 'market'), MARKET_DAILY_SD);
  const coins = SIMULATED_COINS.map((coin) => toMarketCoin(coin, hashText(seed, coin.id)));
  const byId = new Map(coins.map((coin) => [coin.id, coin]));

  function level(coin: MarketCoin, at: number): number {
    const own = exp(walkAt(coin.own, floor((at - coin.phase) / STEP)));
    const followed = coin.follows === undefined ? undefined : byId.get(coin.follows);
    if (followed !== undefined) return coin.level * own * level(followed, at);
    if (coin.beta === null) return coin.level * own;
    return coin.level * own * exp(coin.beta * walkAt(common, floor(at / STEP)));
  }

  const pricedAt = (coin: MarketCoin, at: number) => floor((at - coin.phase) / STEP) * STEP + coin.phase;
  const price = (coin: MarketCoin, at: number) => round(level(coin, pricedAt(coin, at)), 9);

  function quote(coin: MarketCoin, at: number): Quote {
    const now = price(coin, at);
    const marketCap = now * coin.circulatingSupply;
    const mood = exp(walkAt(coin.volume, floor((at - coin.phase) / STEP)));
    return { price: now, marketCap: round(marketCap, 15), volume24h: round((marketCap * coin.turnoverPct * mood) / 100, 15) };
  }

  function total(at: number) {
    const quotes = coins.map((coin) => quote(coin, at));
    const sum = (figure: (quote: Quote) => number) => quotes.reduce((so, each) => so + figure(each), 0) / COVERAGE;
    return { marketCap: sum((each) => each.marketCap), volume24h: sum((each) => each.volume24h) };
  }

  return { coins, find: (id) => byId.get(id), pricedAt, price, quote, total };
}

function toMarketCoin(coin: SimulatedCoin, seed: number): MarketCoin {
  const daily = coin.ownPct / 100;
  const wanders = coin.beta !== null && coin.follows === undefined;
  return {
    ...coin,
    phase: (hashText(seed, 'phase') % 30) * SECOND,
    own: wanders ? longWalk(hashText(seed, 'own'), daily) : tether(hashText(seed, 'own'), daily),
    volume: { seed: hashText(seed, 'volume'), levels: 12, anchorSd: 0.35, stepSd: 0.1 / 64 },
  };
}

function longWalk(seed: number, dailySd: number): Walk {
  return { seed, levels: LONG, anchorSd: 0.1, stepSd: dailySd / Math.sqrt(STEPS_A_DAY) };
}

/** Comes back to its level every few hours: a peg. */
function tether(seed: number, dailySd: number): Walk {
  return { seed, levels: 10, anchorSd: dailySd / Math.SQRT2, stepSd: (0.6 * dailySd) / 32 };
}

export function round(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

/** Lowest and highest price within (from, to], looked at every `stepMs`, `to` itself included, and when that was. */
export function extremes(market: Market, coin: MarketCoin, from: number, to: number, stepMs = 5 * MINUTE) {
  let high = { price: 0, at: to };
  let low = { price: Number.POSITIVE_INFINITY, at: to };
  for (let at = to; at > from; at -= stepMs) {
    const price = market.price(coin, at);
    if (price > high.price) high = { price, at };
    if (price < low.price) low = { price, at };
  }
  return { high, low };
}
