/** The market by day, and the coins that moved most. */
import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import { DAY, startOfDay, toUtcDate, type UtcDate } from '../../../src/domain/time.js';
import type { CoinRow } from '../../../src/store/mart/coins.js';
import { findMarketOverview, getMarketOverviews, type MarketOverviewRow } from '../../../src/store/mart/market-overview.js';
import type { CoinMoveRow } from '../../../src/store/mart/performance.js';
import type { GatewayContext } from '../../context.js';
import { badUserInput } from '../../errors.js';
import { LIMITS, listCost, pageCost } from '../../limits.js';
import { checkFirst, pageSize } from '../../pagination.js';
import { DateScalar } from '../../scalars.js';
import { Coin } from '../coin/coin.type.js';
import { CoinMove, MarketOverview } from './overview.type.js';

function countDays(from: UtcDate, to: UtcDate): number {
  return (startOfDay(to).getTime() - startOfDay(from).getTime()) / DAY + 1;
}

const daysCost = listCost(
  (args) => countDays(args.from as UtcDate, (args.to as UtcDate | undefined) ?? toUtcDate(new Date())),
  LIMITS.days,
);
const FIRST = pageSize(5);

@Resolver(() => MarketOverview)
export class MarketOverviewResolver {
  @Query(() => MarketOverview, { nullable: true, description: 'The market on one day; null where that day is not published.' })
  async marketOverview(
    @Arg('day', () => DateScalar, { nullable: true, description: 'The newest published day if left out.' }) day: UtcDate | null,
    @Ctx() context: GatewayContext,
  ): Promise<MarketOverviewRow | null> {
    return findMarketOverview(context.db.pool, day ?? null);
  }

  @Query(() => [MarketOverview], {
    description: 'The market on the published days of a range, oldest first. At most 1000 days.',
    complexity: daysCost,
  })
  async marketOverviews(
    @Arg('from', () => DateScalar, { description: 'First day.' }) from: UtcDate,
    @Arg('to', () => DateScalar, { nullable: true, description: 'Last day, itself included; today if left out.' }) to: UtcDate | null,
    @Ctx() context: GatewayContext,
  ): Promise<MarketOverviewRow[]> {
    if (to && from > to) throw badUserInput('from lies after to: exchange them');
    const last = to ?? toUtcDate(context.clock.now());
    if (countDays(from, last) > LIMITS.days) throw badUserInput(`from and to span over ${LIMITS.days} days: ask in several queries`);
    return getMarketOverviews(context.db.pool, from, last);
  }

  @FieldResolver(() => [CoinMove], { description: 'Coins that rose, the largest rise first.', complexity: pageCost() })
  async topGainers(
    @Root() overview: MarketOverviewRow,
    @Arg('first', () => Int, FIRST) first: number,
    @Ctx() context: GatewayContext,
  ): Promise<CoinMoveRow[]> {
    return context.loaders.movers.load({ day: overview.day, direction: 'up', first: checkFirst(first) });
  }

  @FieldResolver(() => [CoinMove], { description: 'Coins that fell, the largest fall first.', complexity: pageCost() })
  async topLosers(
    @Root() overview: MarketOverviewRow,
    @Arg('first', () => Int, FIRST) first: number,
    @Ctx() context: GatewayContext,
  ): Promise<CoinMoveRow[]> {
    return context.loaders.movers.load({ day: overview.day, direction: 'down', first: checkFirst(first) });
  }
}

@Resolver(() => CoinMove)
export class CoinMoveResolver {
  @FieldResolver(() => Coin)
  async coin(@Root() move: CoinMoveRow, @Ctx() context: GatewayContext): Promise<CoinRow> {
    return context.loadNamedCoin(move.coinId);
  }
}
