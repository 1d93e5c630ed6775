/**
 * Evaluates the rules on a batch of ticks, in the stream's transaction: rules and states are read once, folded in log order,
 * and what came of it is written with the rows that caused it. Rules cannot change meanwhile: their lock is held shared.
 */
import { MINUTE } from '../domain/time.js';
import type { Queryable } from '../platform/postgres/database.js';
import { LOCKS } from '../platform/postgres/locks.js';
import { type AskingTicks, findBasePrices } from './base-prices.js';
import { type AlertRule, type Condition, type Crossing, evaluate, type LoggedTick, prepare } from './evaluation.js';
import {
  closeAlerts,
  type FiredAlert,
  getEnabledRules,
  getRuleStates,
  insertAlerts,
  type KnownState,
  stateKey,
  upsertRuleStates,
} from './state.js';

/** An alert whose observation was older than this when it was evaluated says so. */
const LATE_AFTER = 5 * MINUTE;

/** A rule that watches a coin, and what is known of it. */
interface Watch extends Condition {
  known: KnownState | null;
  touched: boolean;
}

/** Returns the alerts to announce, in log order. The asking ticks are each newer than all before them of their coin. */
export async function evaluateBatch(tx: Queryable, ticks: AskingTicks, now: Date): Promise<FiredAlert[]> {
  if (ticks.asking.length === 0) return [];
  await tx.query({
    name: 'lock-rules',
    text: 'SELECT pg_advisory_xact_lock_shared($1, 0)',
    values: [LOCKS.rules],
  });
  const coinIds = [...new Set(ticks.asking.map((tick) => tick.coinId))];
  const rules = await getEnabledRules(tx, coinIds);
  if (rules.length === 0) return [];
  const watches = await watchesOf(tx, rules, coinIds);
  const windows = new Set(rules.map((rule) => rule.windowMinutes).filter((window) => window !== null));
  const bases = await findBasePrices(tx, ticks, [...windows]);

  const fired: FiredAlert[] = [];
  const resolved: string[] = [];
  for (const [index, tick] of ticks.asking.entries()) {
    for (const watch of watches.get(tick.coinId) as Watch[]) {
      if (watch.known && tick.observedAt <= watch.known.observedAt) continue;
      const { windowMinutes } = watch.rule;
      const base = windowMinutes === null ? null : (bases.get(windowMinutes)?.[index] ?? null);
      const step = evaluate(watch, watch.known?.state ?? null, tick, base);
      if (step === null) continue;
      watch.known = { rule: watch.rule, coinId: tick.coinId, state: step.state, observedAt: tick.observedAt };
      watch.touched = true;
      if (step.fired) fired.push(toAlert(watch.rule, tick, step.fired, now));
      if (step.resolvedAlertId) resolved.push(step.resolvedAlertId);
    }
  }
  const touched = [...watches.values()].flat().filter((watch) => watch.touched);
  await upsertRuleStates(
    tx,
    touched.map((watch) => watch.known as KnownState),
  );
  await insertAlerts(tx, fired);
  await closeAlerts(tx, resolved, now);
  return fired.filter((alert) => alert.status === 'FIRING');
}

/** By coin, in the order of the rules. */
async function watchesOf(tx: Queryable, rules: AlertRule[], coinIds: string[]): Promise<Map<string, Watch[]>> {
  const states = await getRuleStates(tx, rules, coinIds);
  const conditions = rules.map(prepare);
  return new Map(
    coinIds.map((coinId) => {
      const own = conditions.filter(({ rule }) => rule.coinId === null || rule.coinId === coinId);
      return [coinId, own.map((each) => ({ ...each, known: states.get(stateKey(each.rule, coinId)) ?? null, touched: false }))];
    }),
  );
}

function toAlert(rule: AlertRule, tick: LoggedTick, crossing: Crossing, now: Date): FiredAlert {
  return {
    alertId: crossing.alertId,
    ruleId: rule.id,
    ruleVersion: rule.version,
    coinId: tick.coinId,
    kind: rule.kind,
    severity: rule.severity,
    threshold: rule.threshold,
    windowMinutes: rule.windowMinutes,
    observed: crossing.observed,
    priceUsd: tick.priceUsd,
    source: tick.source,
    observedAt: tick.observedAt,
    origin: tick.origin,
    position: tick.position,
    triggeredAt: now,
    late: now.getTime() - tick.observedAt.getTime() > LATE_AFTER,
    status: crossing.suppressed ? 'SUPPRESSED' : 'FIRING',
    message: crossing.message,
  };
}
