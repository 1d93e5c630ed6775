/** The rules of a new database: lively enough that a newcomer sees alerts within minutes, and each of a kind that people really set. */
import type { Decimal } from '../domain/decimal.js';
import type { NewRule } from './rules.js';

const everyCoin = { coinId: null, enabled: true } as const;

export const DEFAULT_RULES: NewRule[] = [
  {
    ...everyCoin,
    name: 'Quick rise',
    kind: 'PCT_RISE',
    threshold: '0.4' as Decimal,
    windowMinutes: 2,
    severity: 'INFO',
    cooldownSeconds: 900,
  },
  {
    ...everyCoin,
    name: 'Quick fall',
    kind: 'PCT_FALL',
    threshold: '0.4' as Decimal,
    windowMinutes: 2,
    severity: 'INFO',
    cooldownSeconds: 900,
  },
  {
    ...everyCoin,
    name: 'Strong hour up',
    kind: 'PCT_RISE',
    threshold: '5' as Decimal,
    windowMinutes: 60,
    severity: 'WARNING',
    cooldownSeconds: 3_600,
  },
  {
    ...everyCoin,
    name: 'Strong hour down',
    kind: 'PCT_FALL',
    threshold: '5' as Decimal,
    windowMinutes: 60,
    severity: 'WARNING',
    cooldownSeconds: 3_600,
  },
];
