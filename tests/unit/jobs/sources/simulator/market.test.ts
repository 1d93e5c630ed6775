import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMarket, extremes, type MarketCoin, STEP } from '../../../../../jobs/sources/simulator/market.js';
import { walkAt } from '../../../../../jobs/sources/simulator/walk.js';
import { DAY, HOUR, MINUTE } from '../../../../../src/domain/time.js';

const NOW = Date.UTC(2026, 10, 23);
const market = createMarket(1);
const coin = (id: string) => market.find(id) as MarketCoin;
const anyCoin = fc.constantFrom(...market.coins);
const anyInstant = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) });

/** Newest first. */
function returns(id: string, width: number, count: number): number[] {
  const prices = Array.from({ length: count + 1 }, (_, index) => market.price(coin(id), NOW - index * width));
  return prices.slice(0, -1).map((price, index) => Math.log(price / (prices[index + 1] as number)));
}

const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;

function deviation(values: number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

function correlation(a: number[], b: number[]): number {
  const product = mean(a.map((value, index) => (value - mean(a)) * ((b[index] as number) - mean(b))));
  return product / deviation(a) / deviation(b);
}

/** Of a day, percent, whatever the width of the returns. */
const dailyPct = (id: string, width: number, count: number) => deviation(returns(id, width, count)) * Math.sqrt(DAY / width) * 100;

describe('a price', () => {
  test('is the same for every process with the seed, in whatever order it is asked for', () => {
    const again = createMarket(1);
    fc.assert(
      fc.property(anyCoin, anyInstant, ({ id }, at) => {
        expect(again.quote(again.find(id) as MarketCoin, at)).toEqual(market.quote(coin(id), at));
      }),
      { seed: 7 },
    );
    expect(createMarket(2).price(coin('bitcoin'), NOW)).not.toBe(market.price(coin('bitcoin'), NOW));
  });

  test('has stood for ever: these are known', () => {
    const known = ['bitcoin', 'tether', 'baby-doge-coin'].map((id) => market.price(coin(id), NOW));
    expect(known).toEqual([91224.4529, 0.999470157, 4.6198034e-10]);
  });

  test('is new every 30 s at the coin’s own phase, and keeps in between', () => {
    fc.assert(
      fc.property(anyCoin, anyInstant, (each, at) => {
        const pricedAt = market.pricedAt(each, at);
        expect(at - pricedAt).toBeGreaterThanOrEqual(0);
        expect(at - pricedAt).toBeLessThan(STEP);
        expect(pricedAt % 1_000).toBe(0);
        expect(market.price(each, pricedAt)).toBe(market.price(each, at));
        expect(market.price(each, pricedAt + STEP - 1)).toBe(market.price(each, at));
      }),
      { seed: 7 },
    );
    expect(new Set(market.coins.map((each) => each.phase)).size).toBeGreaterThan(25);
    const moves = returns('bitcoin', STEP, 500);
    expect(moves.filter((move) => move === 0).length).toBeLessThan(5);
  });

  test('stays within reach of the coin’s level for decades', () => {
    for (const each of market.coins) {
      const level = each.level * (each.follows === undefined ? 1 : coin(each.follows).level);
      const { high, low } = extremes(market, each, Date.UTC(2020, 0, 1), Date.UTC(2040, 0, 1), 30 * DAY);
      expect(high.price / level).toBeLessThan(20);
      expect(low.price / level).toBeGreaterThan(0.05);
    }
  });
});

describe('volatility', () => {
  test.each([
    ['bitcoin', 1.2, 3.2],
    ['ethereum', 1.8, 4.5],
    ['solana', 2, 5.5],
    ['pepe', 3, 8],
    ['tether-gold', 0.5, 1.6],
    ['tether', 0.02, 0.08],
    ['usd-coin', 0.015, 0.06],
  ])('of %s looks real at every scale: %d to %d %% a day', (id, least, most) => {
    for (const [width, count] of [
      [DAY, 700],
      [HOUR, 4_000],
      [5 * MINUTE, 20_000],
    ] as const) {
      const pct = dailyPct(id, width, count);
      expect(pct).toBeGreaterThan(least);
      expect(pct).toBeLessThan(most);
    }
  });

  test('comes in clusters, with fat tails', () => {
    const moves = returns('bitcoin', HOUR, 8_000);
    const sd = deviation(moves);
    expect(mean(moves.map((move) => (move / sd) ** 4))).toBeGreaterThan(3.5);
    const sizes = moves.map(Math.abs);
    expect(correlation(sizes.slice(1), sizes.slice(0, -1))).toBeGreaterThan(0.1);
    expect(Math.abs(correlation(moves.slice(1), moves.slice(0, -1)))).toBeLessThan(0.1);
  });

  test('is shared by the market, less by gold, not by a dollar', () => {
    const bitcoin = returns('bitcoin', DAY, 700);
    const with_ = (id: string) => correlation(returns(id, DAY, 700), bitcoin);
    expect(with_('ethereum')).toBeGreaterThan(0.7);
    expect(with_('pepe')).toBeGreaterThan(0.4);
    expect(with_('wrapped-bitcoin')).toBeGreaterThan(0.99);
    expect(Math.abs(with_('tether-gold'))).toBeLessThan(0.35);
    expect(Math.abs(with_('tether'))).toBeLessThan(0.2);
  });
});

describe('the coins', () => {
  test('are a hundred, with what makes coins awkward among them', () => {
    const ids = market.coins.map((each) => each.id);
    const symbols = market.coins.map((each) => each.symbol);
    expect(new Set(ids).size).toBe(100);
    expect(symbols.filter((symbol, index) => symbols.indexOf(symbol) !== index)).toEqual(['beam']);
    expect(market.coins.some((each) => each.maxSupply === null)).toBe(true);
    expect(market.coins.some((each) => each.totalSupply === null)).toBe(true);
    expect(market.coins.filter((each) => each.level < 1e-5).length).toBeGreaterThanOrEqual(5);
    expect(Math.max(...market.coins.map((each) => each.circulatingSupply))).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
    for (const each of market.coins) {
      expect(each.circulatingSupply).toBeLessThanOrEqual(each.totalSupply ?? Number.POSITIVE_INFINITY);
      expect(each.totalSupply ?? 0).toBeLessThanOrEqual(each.maxSupply ?? Number.POSITIVE_INFINITY);
    }
  });

  test('cost digits enough that prices are seldom equal', () => {
    const prices = market.coins.map((each) =>
      String(market.price(each, NOW))
        .replace(/e.*|\D/g, '')
        .replace(/^0+/, ''),
    );
    expect(prices.filter((digits) => digits.length >= 8).length).toBeGreaterThan(95);
  });
});

describe('a walk', () => {
  test('has the variance of its steps, wherever it is looked at', () => {
    const walk = { seed: 5, levels: 12, anchorSd: 0.5, stepSd: 0.01 };
    for (const width of [1, 4, 16, 64]) {
      const moves = Array.from({ length: 20_000 }, (_, index) => walkAt(walk, (index + 1) * width) - walkAt(walk, index * width));
      expect(deviation(moves) / Math.sqrt(width)).toBeCloseTo(0.01, 2);
    }
  });

  test('is continuous over its anchors, and before the epoch', () => {
    const walk = { seed: 5, levels: 4, anchorSd: 1, stepSd: 0.001 };
    for (let step = -64; step < 64; step++) expect(Math.abs(walkAt(walk, step + 1) - walkAt(walk, step))).toBeLessThan(3);
    expect(walkAt({ ...walk, stepSd: 0 }, 8)).not.toBe(walkAt({ ...walk, stepSd: 0 }, 24));
  });
});
