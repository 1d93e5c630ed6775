/** A rule's condition in words. */
import type { AlertKind, AlertRule, AlertSeverity } from '../../api/operations/alerts.js';
import { formatExact } from '../../format/decimal.js';
import { formatPeriod } from '../../format/figures.js';

export const KINDS: { value: AlertKind; label: string; moves: boolean }[] = [
  { value: 'PRICE_ABOVE', label: 'Price is above', moves: false },
  { value: 'PRICE_BELOW', label: 'Price is below', moves: false },
  { value: 'PCT_RISE', label: 'Price rose by more than', moves: true },
  { value: 'PCT_FALL', label: 'Price fell by more than', moves: true },
];

/** Mildest first. */
export const SEVERITIES: AlertSeverity[] = ['INFO', 'WARNING', 'CRITICAL'];

/** Percent over a window, rather than USD. */
export function isMove(kind: AlertKind): boolean {
  return KINDS.some(({ value, moves }) => value === kind && moves);
}

export function describeCondition({ kind, coin, threshold, windowMinutes }: AlertRule): string {
  const whose = coin === null ? 'Any coin' : coin.name;
  if (!isMove(kind)) return `${whose} ${kind === 'PRICE_ABOVE' ? 'above' : 'below'} ${formatExact(threshold)}`;
  return `${whose} ${kind === 'PCT_RISE' ? 'up' : 'down'} over ${threshold}% in ${formatPeriod((windowMinutes ?? 0) * 60)}`;
}
