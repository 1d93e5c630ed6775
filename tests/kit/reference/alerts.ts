/**
 * Which alerts the rules must give over a log of accepted ticks: a plain replay written from the design's words, of one rule and one
 * coin at a time. Nothing is shared with the platform's own evaluation.
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
  priceUsd: string;
  suppressed: boolean;
  resolved: boolean;
}

/** `log`: the accepted ticks of the feeding sources in log order (of each coin; coins do not meet). */
export function modelAlerts(log: RawPrice[], rules: ModelRule[]): ModelAlert[] {
  const coins = Map.groupBy(log, (tick) => tick.coinId);
  return rules.flatMap((rule) =>
    [...coins].flatMap(([coinId, ticks]) => (rule.coinId !== null && rule.coinId !== coinId ? [] : alertsOf(rule, ticks))),
  );
}

function alertsOf(rule: ModelRule, ticks: RawPrice[]): ModelAlert[] {
  const alerts: ModelAlert[] = [];
  const before = new Earlier();
  let newest = Number.NEGATIVE_INFINITY;
  let condition: boolean | null = null;
  let lastSent: number | null = null;
  let open: ModelAlert | null = null;
  for (const tick of ticks) {
    const at = tick.observedAt.getTime();
    const news = at > newest; // else late, a duplicate or a correction
    const holds = news ? holdsAt(rule, tick, before) : null;
    before.add(tick);
    newest = Math.max(newest, at);
    if (holds === null) continue;
    if (condition === false && holds) {
      const suppressed: boolean = lastSent !== null && at - lastSent < rule.cooldownSeconds * 1000;
      if (!suppressed) lastSent = at;
      open = { ruleId: rule.id, coinId: tick.coinId, observedAt: at, priceUsd: tick.priceUsd, suppressed, resolved: false };
      alerts.push(open);
    }
    if (condition === true && !holds && open !== null) open.resolved = true;
    condition = holds;
  }
  return alerts;
}

/** Null: cannot be evaluated. */
function holdsAt(rule: ModelRule, tick: RawPrice, before: Earlier): boolean | null {
  const price = new Big(tick.priceUsd);
  if (rule.kind === 'PRICE_ABOVE') return price.gt(rule.threshold);
  if (rule.kind === 'PRICE_BELOW') return price.lt(rule.threshold);
  const window = (rule.windowMinutes as number) * 60_000;
  const at = tick.observedAt.getTime() - window;
  const base = before.lastAt(tick.source, at);
  if (base === null || base.observedAt.getTime() < at - window) return null;
  const limit = rule.kind === 'PCT_RISE' ? new Big(100).plus(rule.threshold) : new Big(100).minus(rule.threshold);
  const [left, right] = [price.times(100), new Big(base.priceUsd).times(limit)];
  return rule.kind === 'PCT_RISE' ? left.gt(right) : left.lt(right);
}

/** What stands before a tick in the log, of each source in the order of (observed, received, position). */
class Earlier {
  readonly #bySource = new Map<string, RawPrice[]>();

  add(tick: RawPrice): void {
    const ticks = this.#bySource.get(tick.source) ?? [];
    this.#bySource.set(tick.source, ticks);
    ticks.splice(
      countWhile(ticks, (each) => compare(each, tick) < 0),
      0,
      tick,
    );
  }

  /** The last one at or before the instant. */
  lastAt(source: string, at: number): RawPrice | null {
    const ticks = this.#bySource.get(source) ?? [];
    return ticks[countWhile(ticks, (each) => each.observedAt.getTime() <= at) - 1] ?? null;
  }
}

function compare(a: RawPrice, b: RawPrice): number {
  const time = a.observedAt.getTime() - b.observedAt.getTime() || a.receivedAt.getTime() - b.receivedAt.getTime();
  return time || (a.position < b.position ? -1 : 1);
}

/** Length of the longest front part that fits; what fits stands before what does not. */
function countWhile<T>(items: T[], fits: (item: T) => boolean): number {
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (fits(items[middle] as T)) from = middle + 1;
    else to = middle;
  }
  return from;
}
