/**
 * What /simple/price says of a coin at a moment: the newest observation, unless a fault was put in its place.
 * Must stay true: in the end every valid observation shows the market's own price, so that ticks and history agree; a correction
 * shows another one first.
 */
import { SECOND } from '../../../src/domain/time.js';
import type { Faults } from './faults.js';
import { type Market, type MarketCoin, round, STEP } from './market.js';

const CORRECTED_AFTER = 10 * SECOND;
const CORRECTION = 1.004;

export function livePrice(market: Market, faults: Faults, coin: MarketCoin, now: number): unknown {
  const pricedAt = market.pricedAt(coin, now);
  const step = (pricedAt - coin.phase) / STEP;
  const age = now - pricedAt;
  const inFirstHalf = age < STEP / 2;
  const entry = (at: number, factor = 1) => ({ usd: round(market.price(coin, at) * factor, 9), last_updated_at: at / SECOND });
  const keptBack = (atStep: number) => faults.ofObservation(coin.own.seed, atStep) === 'late';

  if (inFirstHalf && keptBack(step - 2)) return entry(pricedAt - 2 * STEP);
  switch (faults.ofObservation(coin.own.seed, step)) {
    case 'late':
      return entry(pricedAt - STEP);
    case 'duplicate':
      return entry(inFirstHalf ? pricedAt : pricedAt - STEP);
    case 'corrected':
      return entry(pricedAt, age < CORRECTED_AFTER ? CORRECTION : 1);
    case 'corrupt':
      return faults.corruption(coin.own.seed, step)(market.price(coin, now), pricedAt / SECOND);
    default:
      return entry(pricedAt);
  }
}
