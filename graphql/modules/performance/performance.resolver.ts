/** How a coin did up to a day. */
import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { UtcDate } from '../../../src/domain/time.js';
import type { CoinRow } from '../../../src/store/mart/coins.js';
import type { PerformanceRow } from '../../../src/store/mart/performance.js';
import type { GatewayContext } from '../../context.js';
import { DateScalar } from '../../scalars.js';
import { Coin } from '../coin/coin.type.js';
import { CoinPerformance } from './performance.type.js';

@Resolver(() => Coin)
export class PerformanceResolver {
  @FieldResolver(() => CoinPerformance, { nullable: true, description: 'Null where the coin has no close on that day.' })
  async performance(
    @Root() coin: CoinRow,
    @Arg('day', () => DateScalar, { nullable: true, description: 'The newest published day of all coins if left out.' })
    day: UtcDate | null,
    @Ctx() context: GatewayContext,
  ): Promise<PerformanceRow | null> {
    return context.loaders.performance.load({ coinId: coin.id, day: day ?? null });
  }
}
