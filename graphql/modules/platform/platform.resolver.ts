/** The platform itself: realm, version, freshness, progress of the history. */
import { Ctx, FieldResolver, Query, Resolver } from 'type-graphql';
import { ATTRIBUTIONS } from '../../../src/domain/attributions.js';
import { findNewestObservation } from '../../../src/store/mart/latest-prices.js';
import { findHistoryProgress, type HistoryProgress as StoredProgress } from '../../../src/store/pipelines/history.js';
import { getFeedingSources } from '../../../src/store/tracked-coins.js';
import type { GatewayContext } from '../../context.js';
import { DateTimeScalar } from '../../scalars.js';
import { HistoryProgress, Platform } from './platform.type.js';

@Resolver(() => Platform)
export class PlatformResolver {
  @Query(() => Platform, { description: 'What this platform is and how far it has come.' })
  platform(@Ctx() { platform }: GatewayContext): Pick<Platform, 'realm' | 'version' | 'startedAt'> {
    return platform;
  }

  @FieldResolver(() => String, { description: "The sources' names, and the words and links that their terms ask to be shown." })
  async attribution(@Ctx() context: GatewayContext): Promise<string> {
    const sources = await getFeedingSources(context.db.pool);
    return sources.map((source) => ATTRIBUTIONS[source] ?? source).join(' ');
  }

  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description: "The newest price of all coins, by the source's clock; null before the first.",
  })
  async newestObservationAt(@Ctx() context: GatewayContext): Promise<Date | null> {
    return findNewestObservation(context.db.pool);
  }

  @FieldResolver(() => HistoryProgress, {
    nullable: true,
    description: 'Null when every coin has the history that the source offers; 0 of 0 before a worker has looked.',
  })
  async history(@Ctx() context: GatewayContext): Promise<StoredProgress | null> {
    return findHistoryProgress(context.db.pool, context.clock.now());
  }
}
