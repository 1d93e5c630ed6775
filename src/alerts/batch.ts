/**
 * Evaluates the rules on a batch of ticks, in the stream's transaction: rules and states are read once, folded in log order,
 * and what came of it is written with the rows that caused it. Rules cannot change meanwhile: their lock is held shared.
 */
import { MINUTE } from '../domain/time.js';
import type { Queryable } from '../platform/postgres/database.js';
import { LOCKS } from '../platform/postgres/locks.js';
import { type AlertRule, type Crossing, evaluate, type LoggedTick } from './evaluation.js';
import {
  baseKey,
  closeAlerts,
  type FiredAlert,
  findBasePrices,
  getEnabledRules,
  getRuleStates,
  insertAlerts,
  type KnownState,
  stateKey,
  upsertRuleStates,
} from './state.js';

/** An alert whose observation was older than this when it was evaluated says so. */
const LATE_AFTER = 5 * MINUTE;

/** Returns the alerts to announce, in log order. `ticks` are each newer than all before them of their coin, in log order. */
export async function evaluateBatch(tx: Queryable, ticks: LoggedTick[], now: Date): Promise<FiredAlert[]> {
  if (ticks.length === 0) return [];
  await tx.query({
    name: 'lock-rules',
    text: 'SELECT pg_advisory_xact_lock_shared($1, 0)',
    values: [LOCKS.rules],
  });
  const coinIds = [...new Set(ticks.map((tick) => tick.coinId))];
  const rules = await getEnabledRules(tx, coinIds);
  if (rules.length === 0) return [];
  const states = await getRuleStates(tx, rules, coinIds);
  const windows = new Set(rules.map((rule) => rule.windowMinutes).filter((window) => window !== null));
  const bases = await findBasePrices(tx, ticks, [...windows]);

  const touched = new Set<string>();
  const fired: FiredAlert[] = [];
  const resolved: string[] = [];
  for (const [index, tick] of ticks.entries()) {
    for (const rule of rules) {
      if (rule.coinId !== null && rule.coinId !== tick.coinId) continue;
      const key = stateKey(rule, tick.coinId);
      const known = states.get(key);
      if (known && tick.observedAt <= known.observedAt) continue;
      const base = rule.windowMinutes === null ? null : (bases.get(baseKey(index, rule.windowMinutes)) ?? null);
      const step = evaluate(rule, known?.state ?? null, tick, base);
      if (step === null) continue;
      states.set(key, {
        rule,
        coinId: tick.coinId,
        state: step.state,
        observedAt: tick.observedAt,
      });
      touched.add(key);
      if (step.fired) fired.push(toAlert(rule, tick, step.fired, now));
      if (step.resolvedAlertId) resolved.push(step.resolvedAlertId);
    }
  }
  await upsertRuleStates(
    tx,
    [...touched].map((key) => states.get(key) as KnownState),
  );
  await insertAlerts(tx, fired);
  await closeAlerts(tx, resolved, now);
  return fired.filter((alert) => alert.status === 'FIRING');
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
