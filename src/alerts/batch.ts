/**
 * Evaluates the rules on a batch of ticks, in the stream's transaction: rules and states are read once, folded in log order,
 * and what came of it is written with the rows that caused it. Rules cannot change meanwhile: their lock is held shared.
 */
import { MINUTE } from '../domain/time.js';
import type { Queryable } from '../platform/postgres/database.js';
import { LOCKS } from '../platform/postgres/locks.js';
import { atOnce } from '../platform/postgres/pipelining.js';
import type { BasePrices } from './base-prices.js';
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

export interface RuleBook {
  rules: AlertRule[];
  states: Map<string, KnownState>;
  /** Minutes that its rules look back. */
  windows: number[];
}

/** The rules that reach the coins, and what is known of them; they stay so until the transaction ends. */
export async function openRuleBook(tx: Queryable, coinIds: string[]): Promise<RuleBook> {
  const [, rules, states] = await atOnce(tx, [
    () => tx.query({ name: 'lock-rules', text: 'SELECT pg_advisory_xact_lock_shared($1, 0)', values: [LOCKS.rules] }),
    () => getEnabledRules(tx, coinIds),
    () => getRuleStates(tx, coinIds),
  ]);
  return { rules, states, windows: [...new Set(rules.map((rule) => rule.windowMinutes).filter((window) => window !== null))] };
}

/** A rule that watches a coin, and what is known of it. */
interface Watch extends Condition {
  known: KnownState | null;
  touched: boolean;
}

export interface Evaluation {
  /** In log order. */
  fired: FiredAlert[];
  resolvedAlertIds: string[];
  states: KnownState[];
}

/** `asking`: the ticks to evaluate, in log order, each newer than all before it of its coin; `bases` has an answer for each of them. */
export function evaluateBatch(book: RuleBook, asking: readonly LoggedTick[], bases: BasePrices, now: Date): Evaluation {
  const watches = watchesOf(book, [...new Set(asking.map((tick) => tick.coinId))]);
  const fired: FiredAlert[] = [];
  const resolvedAlertIds: string[] = [];
  for (const [index, tick] of asking.entries()) {
    for (const watch of watches.get(tick.coinId) as Watch[]) {
      if (watch.known && tick.observedAt <= watch.known.observedAt) continue;
      const { windowMinutes } = watch.rule;
      const base = windowMinutes === null ? null : (bases.get(windowMinutes)?.[index] ?? null);
      const step = evaluate(watch, watch.known?.state ?? null, tick, base);
      if (step === null) continue;
      watch.known = { rule: watch.rule, coinId: tick.coinId, state: step.state, observedAt: tick.observedAt };
      watch.touched = true;
      if (step.fired) fired.push(toAlert(watch.rule, tick, step.fired, now));
      if (step.resolvedAlertId) resolvedAlertIds.push(step.resolvedAlertId);
    }
  }
  const touched = [...watches.values()].flat().filter((watch) => watch.touched);
  return { fired, resolvedAlertIds, states: touched.map((watch) => watch.known as KnownState) };
}

export async function saveEvaluation(tx: Queryable, { fired, resolvedAlertIds, states }: Evaluation, now: Date): Promise<void> {
  await atOnce(tx, [
    () => upsertRuleStates(tx, states),
    () => insertAlerts(tx, fired),
    () => closeAlerts(tx, resolvedAlertIds, now), // it may have fired in this very batch
  ]);
}

/** Those to tell of: a suppressed one is nobody's news. */
export function announced(fired: FiredAlert[]): FiredAlert[] {
  return fired.filter((alert) => alert.status === 'FIRING');
}

/** By coin, in the order of the rules. */
function watchesOf({ rules, states }: RuleBook, coinIds: string[]): Map<string, Watch[]> {
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
