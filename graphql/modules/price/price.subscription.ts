/** priceUpdated: every pushed price, in order per coin, resumable by cursor. */
import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { GatewayContext } from '../../context.js';
import type { PriceUpdateEvent } from '../../live/live.js';
import type { PriceUpdatesRequest } from '../../live/price-updates.js';
import { PriceUpdate } from './price.type.js';

@Resolver()
export class PriceSubscription {
  @Subscription(() => PriceUpdate, {
    description:
      'Every new observation of these coins, in order per coin, and corrections of the newest one. After a break, give the cursor of the last update seen: what came since is sent first, without a gap, or the error CURSOR_EXPIRED.',
    subscribe: ({ args, context }: { args: PriceUpdatesRequest; context: GatewayContext }) => context.live.priceUpdates(args),
  })
  priceUpdated(
    @Root() { record, cursor }: PriceUpdateEvent,
    @Arg('coinIds', () => [ID], {
      nullable: true,
      description: '1 to 250 that the platform follows. All coins, those that come later too, if left out.',
    })
    _coinIds: string[] | null,
    @Arg('after', () => String, { nullable: true, description: 'The cursor of the last update seen, at most 24 hours old.' })
    _after: string | null,
  ): PriceUpdate {
    return { ...record, cursor };
  }
}
