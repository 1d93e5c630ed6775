/** candleUpdated: the current candle of a coin, after each update of it. */
import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { CandleInterval } from '../../../src/domain/time.js';
import type { CandleRow } from '../../../src/store/mart/candles.js';
import type { GatewayContext } from '../../context.js';
import type { CandlesRequest } from '../../live/candles.js';
import { Candle, CandleIntervals } from './candle.type.js';

@Resolver()
export class CandleSubscription {
  @Subscription(() => Candle, {
    description:
      'The current candle after each new observation of the coin. Where they come faster than candles can be read, the newest state; a bucket that ended is sent once more, complete, before the first state of the next one.',
    subscribe: ({ args, context }: { args: CandlesRequest; context: GatewayContext }) => context.live.candles(args),
  })
  candleUpdated(
    @Root() candle: CandleRow,
    @Arg('coinId', () => ID, { description: 'One that the platform follows.' }) _coinId: string,
    @Arg('interval', () => CandleIntervals) _interval: CandleInterval,
  ): CandleRow {
    return candle;
  }
}
