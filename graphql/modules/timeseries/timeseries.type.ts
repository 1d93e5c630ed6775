/** Flat rows for charts. */
import { Field, Float, ID, ObjectType, registerEnumType } from 'type-graphql';
import type { Decimal } from '../../../src/domain/decimal.js';
import type { TimeseriesMetric } from '../../../src/store/mart/timeseries.js';
import { DateTimeScalar, DecimalScalar } from '../../scalars.js';

/** The API's names of the metrics that the store knows. */
export const TimeseriesMetrics = {
  PRICE_USD: 'priceUsd',
  OPEN_USD: 'openUsd',
  HIGH_USD: 'highUsd',
  LOW_USD: 'lowUsd',
  OBSERVATIONS: 'observations',
  RETURN_1D_PCT: 'return1dPct',
  RETURN_7D_PCT: 'return7dPct',
  RETURN_30D_PCT: 'return30dPct',
  RETURN_90D_PCT: 'return90dPct',
  RETURN_1Y_PCT: 'return1yPct',
  VOLATILITY_30D_PCT: 'volatility30dPct',
  SHARPE_30D: 'sharpe30d',
  MAX_DRAWDOWN_90D_PCT: 'maxDrawdown90dPct',
  SMA_7_USD: 'sma7Usd',
  SMA_30_USD: 'sma30Usd',
  RSI_14: 'rsi14',
  BETA_TO_BITCOIN_90D: 'betaToBitcoin90d',
  CORRELATION_TO_BITCOIN_90D: 'correlationToBitcoin90d',
} as const satisfies Record<string, TimeseriesMetric>;
registerEnumType(TimeseriesMetrics, {
  name: 'TimeseriesMetric',
  description:
    'What a chart shows of a coin. PRICE_USD is the last price of each step, OPEN_USD the first, HIGH_USD, LOW_USD and OBSERVATIONS are over the whole step; the others are the figures of CoinPerformance, one a day.',
  valuesConfig: { PRICE_USD: { description: 'The last price of the step: its close.' } },
});

@ObjectType({
  simpleResolvers: true,
  description:
    'One step of one coin. A step is (time, time + its width], as a candle is. Source: mart.mart_price_candles, mart.mart_crypto_performance.',
})
export class TimeseriesPoint {
  @Field(() => DateTimeScalar, { description: 'Start of the step.' })
  time!: Date;

  @Field(() => ID)
  coinId!: string;

  @Field(() => Float, { nullable: true, description: 'The value as near as a float comes, for charts; null where there is none: a gap.' })
  value!: number | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'The same, with all its digits.' })
  exact!: Decimal | null;
}
