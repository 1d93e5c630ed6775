/** How a coin did up to the close of a day. The formulas are those of the transform that computes the mart. */
import { Field, Float, ObjectType } from 'type-graphql';
import type { Decimal } from '../../../src/domain/decimal.js';
import type { UtcDate } from '../../../src/domain/time.js';
import { DateScalar, DateTimeScalar, DecimalScalar } from '../../scalars.js';

const RETURN = (days: string) => `Percent: close of the day against the close ${days} before.`;
const BITCOIN = "of the coin's daily ln returns and bitcoin's over 90 days, on days that both have; needs 81 of them. Bitcoin's own is 1.";

@ObjectType({
  simpleResolvers: true,
  description:
    'How a coin did up to the close of one UTC day. There is none for a day without a close. A figure is null where the history is too short for it, never a made-up number. Ratios have 12 significant digits. Source: mart.mart_crypto_performance.',
})
export class CoinPerformance {
  @Field(() => DateScalar)
  day!: UtcDate;

  @Field(() => DecimalScalar, { description: "USD: the day's close, its last price, not older than six hours at its end." })
  priceUsd!: Decimal;

  @Field(() => Float, { nullable: true, description: RETURN('one day') })
  return1dPct!: number | null;

  @Field(() => Float, { nullable: true, description: RETURN('7 days') })
  return7dPct!: number | null;

  @Field(() => Float, { nullable: true, description: RETURN('30 days') })
  return30dPct!: number | null;

  @Field(() => Float, { nullable: true, description: RETURN('90 days') })
  return90dPct!: number | null;

  @Field(() => Float, { nullable: true, description: RETURN('365 days') })
  return1yPct!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Percent a year: sample standard deviation of the daily ln returns of 30 days, times the square root of 365; needs 27 of them.',
  })
  volatility30dPct!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Mean of the daily ln returns of 30 days over their standard deviation, times the square root of 365; risk-free rate 0. Null if the price stood still.',
  })
  sharpe30d!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Percent, zero or less: the deepest fall from a running maximum within 90 days; needs 81 closes.',
  })
  maxDrawdown90dPct!: number | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'USD: mean of the last 7 closes.' })
  sma7Usd!: Decimal | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'USD: mean of the closes of 30 days; needs 27.' })
  sma30Usd!: Decimal | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "0 to 100: Wilder's relative strength index over 14 changes; 100 without losses, 50 if flat. Needs 30 closes without a hole.",
  })
  rsi14!: number | null;

  @Field(() => Float, { nullable: true, description: `Beta ${BITCOIN}` })
  betaToBitcoin90d!: number | null;

  @Field(() => Float, { nullable: true, description: `Correlation, -1 to 1, ${BITCOIN}` })
  correlationToBitcoin90d!: number | null;

  @Field(() => DateTimeScalar, { description: 'When this row was last computed.' })
  computedAt!: Date;
}
