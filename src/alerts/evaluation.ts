/**
 * The state machine of one rule version and coin: pure, so that a replay of the log gives the same alerts.
 * unknown -> true sets the state silently; false -> true fires, or within the cooldown is suppressed; true -> false resolves.
 */
import { createHash } from 'node:crypto';
import type { Decimal } from '../domain/decimal.js';
import { SECOND } from '../domain/time.js';
import type { AlertRuleRow } from '../store/stream/alert-rules.js';
import { RULE_KINDS } from './rule-kinds.js';

/** What the evaluation needs of a rule. */
export type AlertRule = Omit<AlertRuleRow, 'enabled' | 'createdAt'>;

export interface RuleState {
  condition: boolean;
  /** observed_at of the alert that was last sent; the cooldown counts from it. */
  lastFiredAt: Date | null;
  openAlertId: string | null;
}

/** A tick that is newer than all before it of its coin. */
export interface EvaluatedTick {
  coinId: string;
  source: string;
  priceUsd: Decimal;
  observedAt: Date;
}

/** Where the tick stands in the log. */
export interface LoggedTick extends EvaluatedTick {
  receivedAt: Date;
  origin: string;
  position: bigint;
}

export interface Crossing {
  alertId: string;
  observed: Decimal;
  suppressed: boolean;
  message: string;
}

export interface Step {
  state: RuleState;
  fired: Crossing | null;
  resolvedAlertId: string | null;
}

/** A rule made ready for many ticks. */
export interface Condition {
  rule: AlertRule;
  holds(price: Decimal, base: Decimal): boolean;
}

export function prepare(rule: AlertRule): Condition {
  return { rule, holds: RULE_KINDS[rule.kind].condition(rule.threshold) };
}

/**
 * One tick against one rule. `state` is null while unknown; `basePriceUsd` is the price a window ago, null where there is none:
 * then, and where nothing changes, the answer is null.
 */
export function evaluate(
  { rule, holds }: Condition,
  state: RuleState | null,
  tick: EvaluatedTick,
  basePriceUsd: Decimal | null,
): Step | null {
  const kind = RULE_KINDS[rule.kind];
  if (kind.windowed && basePriceUsd === null) return null;
  const base = basePriceUsd ?? tick.priceUsd;
  const condition = holds(tick.priceUsd, base);
  if (state === null)
    return {
      state: { condition, lastFiredAt: null, openAlertId: null },
      fired: null,
      resolvedAlertId: null,
    };
  if (condition === state.condition) return null;
  if (!condition)
    return {
      state: { ...state, condition, openAlertId: null },
      fired: null,
      resolvedAlertId: state.openAlertId,
    };
  const cooledDown = state.lastFiredAt === null || tick.observedAt.getTime() - state.lastFiredAt.getTime() >= rule.cooldownSeconds * SECOND;
  const alertId = alertIdOf(rule, tick);
  const observed = kind.observed(tick.priceUsd, base);
  const message = kind.describe({
    coin: tick.coinId,
    observed,
    threshold: rule.threshold,
    windowMinutes: rule.windowMinutes,
  });
  return {
    state: {
      condition,
      lastFiredAt: cooledDown ? tick.observedAt : state.lastFiredAt,
      openAlertId: alertId,
    },
    fired: { alertId, observed, suppressed: !cooledDown, message },
    resolvedAlertId: null,
  };
}

/** The same crossing always has the same id, however often it is computed. */
export function alertIdOf(rule: AlertRule, tick: EvaluatedTick): string {
  const crossing = [rule.id, rule.version, tick.coinId, tick.source, tick.observedAt.toISOString()].join('|');
  return createHash('sha256').update(crossing).digest('hex').slice(0, 32);
}
