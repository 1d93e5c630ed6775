/** alertTriggered: every alert that was sent, in order, resumable by its id. */
import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { AlertRecord, AlertSeverity } from '../../../src/domain/updates.js';
import type { GatewayContext } from '../../context.js';
import type { AlertsRequest } from '../../live/alerts.js';
import type { SubscriberContext } from '../../live/broadcast.js';
import type { AlertEvent } from '../../live/live.js';
import { AlertSeverities } from '../rule/rule.type.js';
import { Alert } from './alert.type.js';

@Resolver()
export class AlertSubscription {
  @Subscription(() => Alert, {
    description:
      'Every alert as it fires; suppressed ones are not sent. After a break, give the id of the last alert seen: what came since is sent first, or the error CURSOR_EXPIRED.',
    subscribe: ({ args, context }: { args: AlertsRequest; context: GatewayContext & SubscriberContext }) =>
      context.live.alerts(args, context.gone),
  })
  alertTriggered(
    @Root() { record }: AlertEvent,
    @Arg('coinIds', () => [ID], {
      nullable: true,
      description: '1 to 250 that the platform follows. All coins, those that come later too, if left out.',
    })
    _coinIds: string[] | null,
    @Arg('minSeverity', () => AlertSeverities, { nullable: true, description: 'This one and those above it.' })
    _minSeverity: AlertSeverity | null,
    @Arg('after', () => ID, { nullable: true, description: 'The id of the last alert seen, at most 30 days old.' }) _after: string | null,
  ): AlertRecord {
    return record;
  }
}
