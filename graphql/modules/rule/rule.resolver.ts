/** Alert rules: listed for everybody, changed by an operator. What a rule may say is checked where rules are kept, in src/alerts. */
import { Arg, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { createRule, deleteRule, type RuleChange, type RuleOutcome, updateRule } from '../../../src/alerts/rules.js';
import type { CoinRow } from '../../../src/store/mart/coins.js';
import { type AlertRuleRow, getAlertRules } from '../../../src/store/stream/alert-rules.js';
import type { GatewayContext } from '../../context.js';
import { badUserInput, notFound } from '../../errors.js';
import { listCost } from '../../limits.js';
import { toRowId } from '../../pagination.js';
import { Coin } from '../coin/coin.type.js';
import { AlertRule, CreateAlertRuleInput, UpdateAlertRuleInput } from './rule.type.js';

@Resolver(() => AlertRule)
export class RuleResolver {
  @Query(() => [AlertRule], { description: 'All rules, those that are off too, oldest first.', complexity: listCost(50) })
  async alertRules(@Ctx() context: GatewayContext): Promise<AlertRuleRow[]> {
    return getAlertRules(context.db);
  }

  @Authorized()
  @Mutation(() => AlertRule, {
    description: "Needs an operator's key. A rule begins by noting whether its condition holds; it fires when that changes.",
  })
  async createAlertRule(
    @Arg('input', () => CreateAlertRuleInput) input: CreateAlertRuleInput,
    @Ctx() context: GatewayContext,
  ): Promise<AlertRuleRow> {
    const rule = { ...input, coinId: input.coinId ?? null, windowMinutes: input.windowMinutes ?? null };
    return changed(await createRule(context.db, rule, context.clock.now()), context);
  }

  @Authorized()
  @Mutation(() => AlertRule, { description: "Needs an operator's key. NOT_FOUND for an unknown or deleted rule." })
  async updateAlertRule(
    @Arg('id', () => ID) id: string,
    @Arg('input', () => UpdateAlertRuleInput) input: UpdateAlertRuleInput,
    @Ctx() context: GatewayContext,
  ): Promise<AlertRuleRow> {
    const change: RuleChange = Object.fromEntries(Object.entries(input).filter(([, value]) => value != null));
    return changed(await updateRule(context.db, toRowId(id), change, context.clock.now()), context);
  }

  @Authorized()
  @Mutation(() => ID, { description: "Needs an operator's key. Resolves what is open; alerts that it fired stay. Returns the id." })
  async deleteAlertRule(@Arg('id', () => ID) id: string, @Ctx() context: GatewayContext): Promise<string> {
    return String(accepted(await deleteRule(context.db, toRowId(id), context.clock.now())));
  }

  @FieldResolver(() => ID)
  id(@Root() rule: AlertRuleRow): string {
    return String(rule.id);
  }

  @FieldResolver(() => Coin, { nullable: true, description: 'Null: every coin.' })
  async coin(@Root() rule: AlertRuleRow, @Ctx() context: GatewayContext): Promise<CoinRow | null> {
    return rule.coinId === null ? null : context.loadNamedCoin(rule.coinId);
  }
}

async function changed(outcome: RuleOutcome, context: GatewayContext): Promise<AlertRuleRow> {
  const rule = await context.loaders.rule.load(accepted(outcome));
  if (rule === null) throw notFound('The rule was deleted by somebody else at the same moment');
  return rule;
}

function accepted(outcome: RuleOutcome): bigint {
  if (outcome.ok) return outcome.ruleId;
  throw outcome.reason === 'not_found'
    ? notFound('There is no such alert rule; alertRules lists those that there are')
    : badUserInput(outcome.message);
}
