/**
 * The kinds of alert rules, one entry each: what is observed and when the condition holds. All arithmetic is exact.
 * To add a kind: its name in ALERT_KINDS, an entry here, `npm run schema`.
 */
import Big from 'big.js';
import type { Decimal } from '../domain/decimal.js';
import type { AlertKind } from '../domain/updates.js';

export interface RuleKind {
  /** For the GraphQL schema: when the condition holds. */
  meaning: string;
  /** The condition compares with the price a window ago: USD against percent. */
  windowed: boolean;
  /** `base` is the price a window ago; null for kinds without a window. */
  holds(price: Big, threshold: Big, base: Big): boolean;
  /** What the threshold was compared with: the price in USD, or the change in percent. */
  observed(price: Big, base: Big): Big;
  describe(subject: { coin: string; observed: string; threshold: string; windowMinutes: number | null }): string;
}

/** Percent with four decimals: for people; the comparison itself never divides. */
const changePct = (price: Big, base: Big) => price.minus(base).times(100).div(base).round(4, Big.roundHalfUp);

export const RULE_KINDS: Record<AlertKind, RuleKind> = {
  PRICE_ABOVE: {
    meaning: 'The price is above threshold USD.',
    windowed: false,
    holds: (price, threshold) => price.gt(threshold),
    observed: (price) => price,
    describe: ({ coin, observed, threshold }) => `${coin} is at ${observed} USD, above ${threshold} USD`,
  },
  PRICE_BELOW: {
    meaning: 'The price is below threshold USD.',
    windowed: false,
    holds: (price, threshold) => price.lt(threshold),
    observed: (price) => price,
    describe: ({ coin, observed, threshold }) => `${coin} is at ${observed} USD, below ${threshold} USD`,
  },
  PCT_RISE: {
    meaning: 'The price rose by more than threshold percent within windowMinutes.',
    windowed: true,
    holds: (price, threshold, base) => price.times(100).gt(base.times(threshold.plus(100))),
    observed: changePct,
    describe: ({ coin, observed, threshold, windowMinutes }) =>
      `${coin} rose by ${observed} % in ${windowMinutes} min, more than ${threshold} %`,
  },
  PCT_FALL: {
    meaning: 'The price fell by more than threshold percent within windowMinutes.',
    windowed: true,
    holds: (price, threshold, base) => price.times(100).lt(base.times(new Big(100).minus(threshold))),
    observed: changePct,
    describe: ({ coin, observed, threshold, windowMinutes }) =>
      `${coin} fell by ${observed.replace('-', '')} % in ${windowMinutes} min, more than ${threshold} %`,
  },
};

export function toDecimal(value: Big): Decimal {
  return value.toFixed() as Decimal;
}
