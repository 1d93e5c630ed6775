/** Alerts: what a rule said at the time, kept as a record. */
import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import type { Decimal } from '../../../src/domain/decimal.js';
import type { AlertKind, AlertSeverity, AlertStatus } from '../../../src/domain/updates.js';
import { LIMITS } from '../../limits.js';
import { connectionOf } from '../../pagination.js';
import { DateTimeScalar, DecimalScalar } from '../../scalars.js';
import { AlertKinds, AlertSeverities } from '../rule/rule.type.js';

export const AlertStatuses = {
  FIRING: 'FIRING',
  ACKNOWLEDGED: 'ACKNOWLEDGED',
  RESOLVED: 'RESOLVED',
  SUPPRESSED: 'SUPPRESSED',
} as const satisfies Record<AlertStatus, AlertStatus>;
registerEnumType(AlertStatuses, {
  name: 'AlertStatus',
  description: 'What became of an alert.',
  valuesConfig: {
    FIRING: { description: 'The condition holds, and nobody has said that they know.' },
    ACKNOWLEDGED: { description: 'The condition holds, and an operator knows.' },
    RESOLVED: { description: 'The condition holds no more, or the rule was changed, switched off or deleted.' },
    SUPPRESSED: { description: 'It came within the cooldown of the alert before: stored, but not sent.' },
  },
});

@ObjectType({
  description:
    'One firing of a rule for a coin, as it was said at the time; later edits of the rule do not change it. Source: mart.mart_alerts.',
})
export class Alert {
  @Field(() => ID, { name: 'id' })
  alertId!: string;

  @Field(() => AlertKinds)
  kind!: AlertKind;

  @Field(() => AlertSeverities)
  severity!: AlertSeverity;

  @Field(() => DecimalScalar, { description: 'USD for PRICE_*, percent for PCT_*.' })
  threshold!: Decimal;

  @Field(() => DecimalScalar, { description: 'What was compared with it: the price in USD, or the change in percent.' })
  observed!: Decimal;

  @Field(() => DateTimeScalar, { description: "The observation's instant, by the source's clock." })
  observedAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When the platform evaluated it.' })
  triggeredAt!: Date;

  @Field(() => Boolean, { description: 'The observation was over five minutes old when it was evaluated.' })
  late!: boolean;

  @Field(() => AlertStatuses)
  status!: AlertStatus;

  @Field(() => DateTimeScalar, { nullable: true })
  acknowledgedAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true })
  resolvedAt!: Date | null;

  @Field(() => String, { description: 'One sentence for people.' })
  message!: string;
}

export const AlertConnection = connectionOf(Alert, 'Alert');

@InputType({ description: 'All that is given must hold.' })
export class AlertFilter {
  @Field(() => [ID], { nullable: true, description: `At most ${LIMITS.ids}.` })
  coinIds?: string[] | null;

  @Field(() => ID, { nullable: true })
  ruleId?: string | null;

  @Field(() => AlertStatuses, { nullable: true })
  status?: AlertStatus | null;

  @Field(() => AlertSeverities, { nullable: true, description: 'This one and those above it.' })
  minSeverity?: AlertSeverity | null;

  @Field(() => Boolean, { nullable: true, description: 'true: those that were sent to subscribers; false: those that were suppressed.' })
  sent?: boolean | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'triggeredAt is this instant or later.' })
  from?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'triggeredAt is before this instant.' })
  to?: Date | null;
}
