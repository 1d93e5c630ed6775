/** Charts of several coins in flat, uniform rows, brought down to as many points as are drawn. */
import { Arg, Ctx, ID, Int, Query, Resolver } from 'type-graphql';
import { type CandleInterval } from '../../../src/domain/time.js';
import type { TimeseriesMetric, TimeseriesPointRow } from '../../../src/store/mart/timeseries.js';
import type { GatewayContext } from '../../context.js';
import { LIMITS, listCost } from '../../limits.js';
import { DateTimeScalar } from '../../scalars.js';
import { CandleIntervals } from '../candle/candle.type.js';
import { readTimeseries } from './timeseries.reader.js';
import { TimeseriesMetrics, TimeseriesPoint } from './timeseries.type.js';

const cost = listCost(
  ({ coinIds, maxPoints }) => (coinIds as string[]).length * Number(maxPoints),
  LIMITS.seriesCoins * LIMITS.seriesPoints,
);

@Resolver(() => TimeseriesPoint)
export class TimeseriesResolver {
  @Query(() => [TimeseriesPoint], {
    description:
      'One metric of several coins over time, as flat rows: oldest first, in each step the coins in the order asked for. The range is cut into at most maxPoints steps of equal width, on whole minutes, hours and days in UTC; a step without a value is there with null. Unknown coins have no rows.',
    complexity: cost,
  })
  async timeseries(
    @Arg('metric', () => TimeseriesMetrics) metric: TimeseriesMetric,
    @Arg('coinIds', () => [ID], { description: '1 to 50.' }) coinIds: string[],
    @Arg('from', () => DateTimeScalar, { description: 'Steps that start at this instant or later.' }) from: Date,
    @Arg('to', () => DateTimeScalar, { description: 'Steps that start before this instant.' }) to: Date,
    @Arg('interval', () => CandleIntervals, {
      nullable: true,
      description:
        'Steps are at least as wide. If left out, as narrow as maxPoints allows and the range has data for: old prices are known by the hour or day only.',
    })
    interval: CandleInterval | null,
    @Arg('maxPoints', () => Int, { defaultValue: 500, description: `Steps of each coin, 1 to ${LIMITS.seriesPoints}.` }) maxPoints: number,
    @Ctx() context: GatewayContext,
  ): Promise<TimeseriesPointRow[]> {
    const { points } = await readTimeseries(context.db.pool, { metric, coinIds, from, to, interval: interval ?? null, maxPoints });
    return points;
  }
}
