/** The platform itself: realm, version, freshness, progress of the history. */
import { Ctx, FieldResolver, Query, Resolver } from 'type-graphql';
import { findHistoryProgress, type HistoryProgress as StoredProgress } from '../../../src/store/history.js';
import { findNewestObservation } from '../../../src/store/mart/latest-prices.js';
import type { GatewayContext } from '../../context.js';
import { DateTimeScalar } from '../../scalars.js';
import { HistoryProgress, Platform, type Realms } from './platform.type.js';

/** Words: https://brand.coingecko.com/resources/attribution-guide */
const ATTRIBUTIONS: Record<(typeof Realms)[keyof typeof Realms], string> = {
  real: 'Data provided by CoinGecko (https://www.coingecko.com)',
  simulated: 'Simulated data: no real prices. Names and ids of coins as on CoinGecko (https://www.coingecko.com)',
};

@Resolver(() => Platform)
export class PlatformResolver {
  @Query(() => Platform, { description: 'What this platform is and how far it has come.' })
  platform(@Ctx() { platform }: GatewayContext): Pick<Platform, 'realm' | 'version' | 'startedAt' | 'attribution'> {
    return { ...platform, attribution: ATTRIBUTIONS[platform.realm] };
  }

  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description: "The newest price of all coins, by the source's clock; null before the first.",
  })
  async newestObservationAt(@Ctx() context: GatewayContext): Promise<Date | null> {
    return findNewestObservation(context.db.pool);
  }

  @FieldResolver(() => HistoryProgress, { nullable: true, description: 'Null when every coin has the history that the source offers.' })
  async history(@Ctx() context: GatewayContext): Promise<StoredProgress | null> {
    return findHistoryProgress(context.db.pool, context.clock.now());
  }
}
