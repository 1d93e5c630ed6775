/** The market figures of a coin: they stand in its own row. */
import { FieldResolver, Resolver, Root } from 'type-graphql';
import type { CoinRow } from '../../../src/store/mart/coins.js';
import { Coin } from '../coin/coin.type.js';
import { MarketData } from './market.type.js';

@Resolver(() => Coin)
export class MarketResolver {
  @FieldResolver(() => MarketData, { nullable: true, description: 'Newest market snapshot; null until the first one is published.' })
  market(@Root() coin: CoinRow): CoinRow | null {
    return coin.marketObservedAt === null ? null : coin;
  }
}
