/** Candles: open, high, low and close of a bucket (start, end]. */
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { Decimal } from '../../../src/domain/decimal.js';
import type { CandleInterval } from '../../../src/domain/time.js';
import { DateTimeScalar, DecimalScalar } from '../../scalars.js';

/** The API's names of the intervals that src/domain/time knows. */
export const CandleIntervals = { ONE_MINUTE: '1m', FIVE_MINUTES: '5m', ONE_HOUR: '1h', ONE_DAY: '1d' } as const satisfies Record<
  string,
  CandleInterval
>;
registerEnumType(CandleIntervals, {
  name: 'CandleInterval',
  description: 'Width of a bucket. Buckets begin on whole minutes, five minutes, hours and days in UTC.',
});

@ObjectType({
  simpleResolvers: true,
  description:
    'Prices of one coin in one bucket. A bucket is (start, end]: an observation exactly on a boundary closes the bucket before it. Buckets without an observation do not exist. Source: mart.mart_price_candles.',
})
export class Candle {
  @Field(() => ID)
  coinId!: string;

  @Field(() => CandleIntervals)
  interval!: CandleInterval;

  @Field(() => DateTimeScalar, {
    description: 'Exclusive: the bucket holds what was observed after this instant, up to and including start + interval.',
  })
  bucketStart!: Date;

  @Field(() => DecimalScalar, { description: 'USD: the first price in the bucket.' })
  open!: Decimal;

  @Field(() => DecimalScalar, { description: 'USD.' })
  high!: Decimal;

  @Field(() => DecimalScalar, { description: 'USD.' })
  low!: Decimal;

  @Field(() => DecimalScalar, { description: 'USD: the last price in the bucket.' })
  close!: Decimal;

  @Field(() => Int, { description: 'Prices that the bucket is made of: ticks, or points of history where there are no ticks.' })
  observations!: number;
}
