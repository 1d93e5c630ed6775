/** Candles of a coin. */
import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { CANDLE_INTERVALS, type CandleInterval } from '../../../src/domain/time.js';
import type { CandleRow } from '../../../src/store/mart/candles.js';
import type { CoinRow } from '../../../src/store/mart/coins.js';
import type { GatewayContext } from '../../context.js';
import { badUserInput } from '../../errors.js';
import { LIMITS, pageCost } from '../../limits.js';
import { checkFirst } from '../../pagination.js';
import { DateTimeScalar } from '../../scalars.js';
import { Coin } from '../coin/coin.type.js';
import { Candle, CandleIntervals } from './candle.type.js';

@Resolver(() => Coin)
export class CoinCandlesResolver {
  @FieldResolver(() => [Candle], {
    description: 'Oldest first. Where the range holds more than first buckets, the newest of them.',
    complexity: pageCost(LIMITS.candles),
  })
  async candles(
    @Root() coin: CoinRow,
    @Arg('interval', () => CandleIntervals) interval: CandleInterval,
    @Arg('from', () => DateTimeScalar, { nullable: true, description: 'Buckets that start at this instant or later.' }) from: Date | null,
    @Arg('to', () => DateTimeScalar, { nullable: true, description: 'Buckets that start before this instant.' }) to: Date | null,
    @Arg('first', () => Int, { defaultValue: 500, description: '1 to 1000.' }) first: number,
    @Ctx() context: GatewayContext,
  ): Promise<CandleRow[]> {
    checkFirst(first, LIMITS.candles);
    if (from && to && from > to) throw badUserInput('from lies after to: exchange them');
    return context.loaders.candles.load({ coinId: coin.id, interval, from: from ?? null, to: to ?? null, first });
  }
}

@Resolver(() => Candle)
export class CandleResolver {
  @FieldResolver(() => Boolean, { description: 'The bucket has ended. A late observation may still change it.' })
  isComplete(@Root() candle: CandleRow, @Ctx() context: GatewayContext): boolean {
    return candle.bucketStart.getTime() + CANDLE_INTERVALS[candle.interval] <= context.clock.now().getTime();
  }
}
