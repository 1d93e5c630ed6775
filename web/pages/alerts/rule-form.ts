/** What the form of a rule says. Pure. */
import type { AlertKind, AlertSeverity, NewRule } from '../../api/operations/alerts.js';
import { parseTyped } from '../../format/decimal.js';
import { isMove } from './condition.js';

/** What the form says, or what is wrong with it. */
export function readRule(form: FormData, kind: AlertKind): NewRule | { problem: string } {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const threshold = parseTyped(text('threshold'));
  if (threshold === null) return { problem: `“${text('threshold')}” is no number: write it like 100000 or 0.5` };
  return {
    name: text('name'),
    kind,
    coinId: text('coinId') || null,
    threshold,
    windowMinutes: isMove(kind) ? Number(text('windowMinutes')) : null,
    severity: text('severity') as AlertSeverity,
    cooldownSeconds: Number(text('cooldownSeconds')),
    enabled: form.get('enabled') !== null,
  };
}
