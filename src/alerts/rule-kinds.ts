/**
 * The kinds of alert rules, one entry each: what is observed and when the condition holds. All arithmetic is exact.
 * To add a kind: its name in ALERT_KINDS, an entry here, `npm run schema`.
 */
import Big from 'big.js';
import { compareDecimals, compareProducts, type Decimal } from '../domain/decimal.js';
import type { AlertKind } from '../domain/updates.js';

export interface RuleKind {
  /** For the GraphQL schema: when the condition holds. */
  meaning: string;
  /** The condition compares with the price a window ago: USD against percent. */
  windowed: boolean;
  /** The condition under this threshold. `base` is the price a window ago; kinds without a window do not look at it. */
  condition(threshold: Decimal): (price: Decimal, base: Decimal) => boolean;
  /** What the threshold was compared with: the price in USD, or the change in percent. */
  observed(price: Decimal, base: Decimal): Decimal;
  describe(subject: { coin: string; observed: string; threshold: string; windowMinutes: number | null }): string;
}

const HUNDRED = '100' as Decimal;
/** Percent with four decimals: for people; the comparison itself never divides. */
const changePct = (price: Decimal, base: Decimal) => toDecimal(new Big(price).minus(base).times(100).div(base).round(4, Big.roundHalfUp));

export const RULE_KINDS: Record<AlertKind, RuleKind> = {
  PRICE_ABOVE: {
    meaning: 'The price is above threshold USD.',
    windowed: false,
    condition: (threshold) => (price) => compareDecimals(price, threshold) > 0,
    observed: (price) => price,
    describe: ({ coin, observed, threshold }) => `${coin} is at ${observed} USD, above ${threshold} USD`,
  },
  PRICE_BELOW: {
    meaning: 'The price is below threshold USD.',
    windowed: false,
    condition: (threshold) => (price) => compareDecimals(price, threshold) < 0,
    observed: (price) => price,
    describe: ({ coin, observed, threshold }) => `${coin} is at ${observed} USD, below ${threshold} USD`,
  },
  PCT_RISE: {
    meaning: 'The price rose by more than threshold percent within windowMinutes.',
    windowed: true,
    condition: (threshold) => {
      const limit = toDecimal(new Big(100).plus(threshold)); // percent of the base
      return (price, base) => compareProducts([price, HUNDRED], [base, limit]) > 0;
    },
    observed: changePct,
    describe: ({ coin, observed, threshold, windowMinutes }) =>
      `${coin} rose by ${observed} % in ${windowMinutes} min, more than ${threshold} %`,
  },
  PCT_FALL: {
    meaning: 'The price fell by more than threshold percent within windowMinutes.',
    windowed: true,
    condition: (threshold) => {
      const limit = toDecimal(new Big(100).minus(threshold));
      return (price, base) => compareProducts([price, HUNDRED], [base, limit]) < 0;
    },
    observed: changePct,
    describe: ({ coin, observed, threshold, windowMinutes }) =>
      `${coin} fell by ${observed.replace('-', '')} % in ${windowMinutes} min, more than ${threshold} %`,
  },
};

function toDecimal(value: Big): Decimal {
  return value.toFixed() as Decimal;
}
