/**
 * Which alerts the rules must give over a log of accepted ticks: a plain replay written from the design's words.
 * Everything is looked up again for every tick; nothing is shared with the platform's own evaluation.
 */
import Big from 'big.js';
import type { RawPrice } from '../../../src/domain/prices.js';

export interface ModelRule {
  id: bigint;
  version: number;
  kind: 'PRICE_ABOVE' | 'PRICE_BELOW' | 'PCT_RISE' | 'PCT_FALL';
  coinId: string | null;
  threshold: string;
  windowMinutes: number | null;
  cooldownSeconds: number;
}

export interface ModelAlert {
  ruleId: bigint;
  coinId: string;
  observedAt: number;
  suppressed: boolean;
  resolved: boolean;
}

/** `log`: the accepted ticks of the feeding sources in log order (of each coin; coins do not meet). */
export function modelAlerts(log: RawPrice[], rules: ModelRule[]): ModelAlert[] {
  const alerts: ModelAlert[] = [];
  for (const rule of rules) {
    for (const coinId of new Set(log.map((tick) => tick.coinId))) {
      if (rule.coinId !== null && rule.coinId !== coinId) continue;
      const ticks = log.filter((tick) => tick.coinId === coinId);
      let condition: boolean | null = null;
      let lastSent: number | null = null;
      let open: ModelAlert | null = null;
      for (const [index, tick] of ticks.entries()) {
        const before = ticks.slice(0, index);
        if (before.some((each) => each.observedAt >= tick.observedAt)) continue; // late, a duplicate or a correction
        const holds = holdsAt(rule, tick, before);
        if (holds === null) continue;
        if (condition === false && holds) {
          const at = tick.observedAt.getTime();
          const suppressed = lastSent !== null && at - lastSent < rule.cooldownSeconds * 1000;
          if (!suppressed) lastSent = at;
          open = { ruleId: rule.id, coinId, observedAt: at, suppressed, resolved: false };
          alerts.push(open);
        }
        if (condition === true && !holds && open !== null) open.resolved = true;
        condition = holds;
      }
    }
  }
  return alerts;
}

/** Null: cannot be evaluated. */
function holdsAt(rule: ModelRule, tick: RawPrice, before: RawPrice[]): boolean | null {
  const price = new Big(tick.priceUsd);
  if (rule.kind === 'PRICE_ABOVE') return price.gt(rule.threshold);
  if (rule.kind === 'PRICE_BELOW') return price.lt(rule.threshold);
  const window = (rule.windowMinutes as number) * 60_000;
  const at = tick.observedAt.getTime() - window;
  const bases = before
    .filter((each) => each.source === tick.source && each.observedAt.getTime() <= at && each.observedAt.getTime() >= at - window)
    .sort(
      (a, b) =>
        a.observedAt.getTime() - b.observedAt.getTime() ||
        a.receivedAt.getTime() - b.receivedAt.getTime() ||
        (a.position < b.position ? -1 : 1),
    );
  const base = bases.at(-1);
  if (base === undefined) return null;
  const limit = rule.kind === 'PCT_RISE' ? new Big(100).plus(rule.threshold) : new Big(100).minus(rule.threshold);
  const [left, right] = [price.times(100), new Big(base.priceUsd).times(limit)];
  return rule.kind === 'PCT_RISE' ? left.gt(right) : left.lt(right);
}
