/** Alert rules as an operator writes them. */
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { RULE_KINDS } from '../../../src/alerts/rule-kinds.js';
import type { Decimal } from '../../../src/domain/decimal.js';
import { ALERT_KINDS, type AlertKind, type AlertSeverity } from '../../../src/domain/updates.js';
import { DateTimeScalar, DecimalScalar } from '../../scalars.js';

export const AlertKinds = Object.fromEntries(ALERT_KINDS.map((kind) => [kind, kind])) as { [Kind in AlertKind]: Kind };
registerEnumType(AlertKinds, {
  name: 'AlertKind',
  description: 'The condition of a rule, evaluated on every new observation.',
  valuesConfig: Object.fromEntries(ALERT_KINDS.map((kind) => [kind, { description: RULE_KINDS[kind].meaning }])),
});

export const AlertSeverities = { INFO: 'INFO', WARNING: 'WARNING', CRITICAL: 'CRITICAL' } as const satisfies Record<
  AlertSeverity,
  AlertSeverity
>;
registerEnumType(AlertSeverities, {
  name: 'AlertSeverity',
  description: 'How much an alert matters to whoever wrote the rule: INFO least, CRITICAL most.',
});

const THRESHOLD = 'Greater than zero: USD for PRICE_*, percent over windowMinutes for PCT_*.';
const WINDOW = '1 to 10080. For PCT_*, and only there.';
const COOLDOWN =
  'Seconds after an alert within which another one of the same rule and coin is stored as SUPPRESSED and not sent. 0 to 2592000.';

@ObjectType({
  description:
    'A condition on the price of one coin or of every coin. It fires when the condition becomes true, once, and again only after it was false in between.',
})
export class AlertRule {
  @Field(() => Int, { description: 'Rises with every edit of threshold or windowMinutes, which begins anew.' })
  version!: number;

  @Field(() => String)
  name!: string;

  @Field(() => AlertKinds)
  kind!: AlertKind;

  @Field(() => DecimalScalar, { description: THRESHOLD })
  threshold!: Decimal;

  @Field(() => Int, { nullable: true, description: 'Of PCT_*; null for PRICE_*.' })
  windowMinutes!: number | null;

  @Field(() => AlertSeverities)
  severity!: AlertSeverity;

  @Field(() => Int, { description: COOLDOWN })
  cooldownSeconds!: number;

  @Field(() => Boolean, { description: 'A rule that is off is not evaluated.' })
  enabled!: boolean;

  @Field(() => DateTimeScalar)
  createdAt!: Date;
}

@InputType({ description: 'threshold is in USD for PRICE_*, in percent over windowMinutes for PCT_*. No coinId: every coin.' })
export class CreateAlertRuleInput {
  @Field(() => String, { description: '1 to 100 characters.' })
  name!: string;

  @Field(() => AlertKinds)
  kind!: AlertKind;

  @Field(() => ID, { nullable: true, description: 'A coin that the platform follows; every coin if left out.' })
  coinId?: string | null;

  @Field(() => DecimalScalar, { description: THRESHOLD })
  threshold!: Decimal;

  @Field(() => Int, { nullable: true, description: WINDOW })
  windowMinutes?: number | null;

  @Field(() => AlertSeverities, { defaultValue: AlertSeverities.WARNING })
  severity!: AlertSeverity;

  @Field(() => Int, { defaultValue: 300, description: COOLDOWN })
  cooldownSeconds!: number;

  @Field(() => Boolean, { defaultValue: true })
  enabled!: boolean;
}

@InputType({
  description:
    'What is left out (or null) stays as it is. A new threshold or windowMinutes starts a new version of the rule: what is open is resolved, and the next observation only sets the state.',
})
export class UpdateAlertRuleInput {
  @Field(() => String, { nullable: true, description: '1 to 100 characters.' })
  name?: string | null;

  @Field(() => DecimalScalar, { nullable: true, description: THRESHOLD })
  threshold?: Decimal | null;

  @Field(() => Int, { nullable: true, description: WINDOW })
  windowMinutes?: number | null;

  @Field(() => AlertSeverities, { nullable: true })
  severity?: AlertSeverity | null;

  @Field(() => Int, { nullable: true, description: COOLDOWN })
  cooldownSeconds?: number | null;

  @Field(() => Boolean, { nullable: true, description: 'Switching a rule off resolves what is open.' })
  enabled?: boolean | null;
}
