/** Alerts, all of them or a coin's, newest first. */
import { Arg, Authorized, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { z } from 'zod';
import { acknowledgeAlert } from '../../../src/alerts/rules.js';
import { type AlertPlace, type AlertRow, findAlert, getAlerts, severitiesFrom } from '../../../src/store/mart/alerts.js';
import type { CoinRow } from '../../../src/store/mart/coins.js';
import type { AlertRuleRow } from '../../../src/store/stream/alert-rules.js';
import type { GatewayContext } from '../../context.js';
import { badUserInput, notFound } from '../../errors.js';
import { LIMITS, pageCost } from '../../limits.js';
import { checkFirst, cursorPart, decodeCursor, encodeCursor, type Page, pageSize, toPage, toRowId } from '../../pagination.js';
import { Coin } from '../coin/coin.type.js';
import { AlertRule } from '../rule/rule.type.js';
import { Alert, AlertConnection, AlertFilter } from './alert.type.js';

@Resolver(() => Alert)
export class AlertResolver {
  @Query(() => AlertConnection, { description: 'Newest first, by triggeredAt; suppressed ones too.', complexity: pageCost() })
  async alerts(
    @Arg('first', () => Int, pageSize(50)) first: number,
    @Arg('after', () => String, { nullable: true, description: 'endCursor of the page before.' }) after: string | null,
    @Arg('filter', () => AlertFilter, { nullable: true }) filter: AlertFilter | null,
    @Ctx() context: GatewayContext,
  ): Promise<Page<AlertRow>> {
    checkFirst(first);
    if ((filter?.coinIds?.length ?? 0) > LIMITS.ids)
      throw badUserInput(`filter.coinIds: at most ${LIMITS.ids} ids; ask in several queries`);
    if (filter?.from && filter.to && filter.from > filter.to) throw badUserInput('filter.from lies after filter.to: exchange them');
    const { status, minSeverity, ...others } = filter ?? {};
    const ruleId = others.ruleId == null ? null : toRowId(others.ruleId);
    const statuses = status == null ? null : [status];
    const severities = minSeverity == null ? null : severitiesFrom(minSeverity);
    const asked = { ...others, ruleId, statuses, severities };
    const rows = await getAlerts(context.db.pool, { filter: asked, after: readPlace(after), limit: first + 1 });
    return toAlertPage(rows, first);
  }

  @Authorized()
  @Mutation(() => Alert, {
    description: "Needs an operator's key. A firing alert becomes ACKNOWLEDGED; any other stays as it is. NOT_FOUND for an unknown id.",
  })
  async acknowledgeAlert(@Arg('id', () => ID) id: string, @Ctx() context: GatewayContext): Promise<AlertRow> {
    await acknowledgeAlert(context.db, id, context.clock.now());
    const alert = await findAlert(context.db.pool, id);
    if (alert === null) throw notFound('There is no such alert; alerts lists those that there are');
    return alert;
  }

  @FieldResolver(() => AlertRule, { nullable: true, description: 'The rule as it is now; null where it was deleted.' })
  async rule(@Root() alert: AlertRow, @Ctx() context: GatewayContext): Promise<AlertRuleRow | null> {
    return context.loaders.rule.load(alert.ruleId);
  }

  @FieldResolver(() => Coin)
  async coin(@Root() alert: AlertRow, @Ctx() context: GatewayContext): Promise<CoinRow> {
    return context.loadNamedCoin(alert.coinId);
  }
}

@Resolver(() => Coin)
export class CoinAlertsResolver {
  @FieldResolver(() => AlertConnection, { description: "The coin's alerts, newest first.", complexity: pageCost() })
  async alerts(
    @Root() coin: CoinRow,
    @Arg('first', () => Int, pageSize(20)) first: number,
    @Arg('after', () => String, { nullable: true, description: 'endCursor of the page before.' }) after: string | null,
    @Ctx() context: GatewayContext,
  ): Promise<Page<AlertRow>> {
    const rows = await context.loaders.alertsOfCoin.load({ coinId: coin.id, after: readPlace(after), limit: checkFirst(first) + 1 });
    return toAlertPage(rows, first);
  }
}

const CURSOR = z.tuple([z.literal('alerts'), cursorPart.instant, cursorPart.id]);

function readPlace(cursor: string | null): AlertPlace | null {
  const parts = decodeCursor(cursor, CURSOR);
  return parts && { triggeredAt: parts[1], alertId: parts[2] };
}

function toAlertPage(rows: AlertRow[], first: number): Page<AlertRow> {
  return toPage(rows, first, (row) => encodeCursor(['alerts', row.triggeredAt.toISOString(), row.alertId]));
}
