/** The newest price of a coin, and the coin of an update. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { CoinRow } from '../../../src/store/mart/coins.js';
import type { LatestPriceRow } from '../../../src/store/mart/latest-prices.js';
import type { GatewayContext } from '../../context.js';
import { Coin } from '../coin/coin.type.js';
import { Price, PriceUpdate } from './price.type.js';

@Resolver(() => Coin)
export class PriceResolver {
  @FieldResolver(() => Price, { nullable: true, description: 'Newest observation; null until the first one has come in.' })
  async price(@Root() coin: CoinRow, @Ctx() context: GatewayContext): Promise<LatestPriceRow | null> {
    return context.loaders.latestPrice.load(coin.id);
  }
}

@Resolver(() => PriceUpdate)
export class PriceUpdateResolver {
  @FieldResolver(() => Coin)
  async coin(@Root() update: PriceUpdate, @Ctx() context: GatewayContext): Promise<CoinRow> {
    return context.loadNamedCoin(update.coinId);
  }
}
