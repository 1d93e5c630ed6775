/** Ticks as a source gives them: coins that walk, each with a new price every 30 s at a phase of its own. Seeded: the same every time. */
import type { Decimal } from '../../../src/domain/decimal.js';
import { encodePriceRecord } from '../../../src/domain/price-record.js';
import type { PriceObservation } from '../../../src/domain/prices.js';
import { SECOND } from '../../../src/domain/time.js';
import type { NewRecord } from '../../../src/platform/event-log/event-log.js';

export const CADENCE_MS = 30 * SECOND;
/** Of the natural logarithm of a price in 30 s: 60 % a year. */
const DEVIATION = 0.0006;

export function coinIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => ['bitcoin', 'ethereum'][index] ?? `coin-${String(index + 1).padStart(3, '0')}`);
}

/** From 65,000 down to small fractions of a dollar. */
export function basePrice(coin: number): number {
  return 65_000 * 0.9 ** coin;
}

export interface WalkOptions {
  /** Where they begin; left out: as basePrice. */
  prices?: readonly number[];
  /** Between two ticks of a coin. */
  everyMs?: number;
}

export class Walk {
  readonly #prices: number[];
  readonly #step: number;
  #state = 1;

  constructor(
    readonly coins: readonly string[],
    { prices, everyMs = CADENCE_MS }: WalkOptions = {},
  ) {
    this.#prices = coins.map((_, index) => prices?.[index] ?? basePrice(index));
    this.#step = DEVIATION * Math.sqrt(everyMs / CADENCE_MS);
  }

  /** The next price of the coin, observed at that instant and received a second later. */
  next(coin: number, observedAt: Date): PriceObservation {
    const price = (this.#prices[coin] as number) * Math.exp(this.#step * this.#gauss());
    this.#prices[coin] = price;
    const usd = Number(price.toPrecision(9));
    return {
      source: 'simulator',
      coinId: this.coins[coin] as string,
      priceUsd: usd.toFixed(Math.max(0, 8 - Math.floor(Math.log10(usd)))).replace(/\.?0+$/, '') as Decimal,
      observedAt,
      receivedAt: new Date(observedAt.getTime() + SECOND),
      payload: JSON.stringify({ usd, last_updated_at: Math.floor(observedAt.getTime() / SECOND) }),
    };
  }

  /** One tick of each coin. */
  round(start: Date): PriceObservation[] {
    const phase = CADENCE_MS / this.coins.length;
    return this.coins.map((_, coin) => this.next(coin, new Date(start.getTime() + Math.floor(coin * phase))));
  }

  /** Near enough to normal: the sum of twelve uniform ones. */
  #gauss(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.#uniform();
    return sum;
  }

  /** Park and Miller's generator. */
  #uniform(): number {
    this.#state = (this.#state * 48_271) % 0x7fffffff;
    return this.#state / 0x7fffffff;
  }
}

export function toRecord(price: PriceObservation): NewRecord {
  return { key: price.coinId, value: encodePriceRecord(price) };
}
