/** ops.alert_rules, read. Grain: one rule, as its newest version says. Deleted ones are not shown. */
import { type Decimal, parseDecimal } from '../../domain/decimal.js';
import type { AlertKind, AlertSeverity } from '../../domain/updates.js';
import type { Database } from '../../platform/postgres/database.js';

export interface AlertRuleRow {
  id: bigint;
  version: number;
  name: string;
  kind: AlertKind;
  /** Null: every coin. */
  coinId: string | null;
  /** USD for PRICE_*, percent for PCT_*; greater than zero. */
  threshold: Decimal;
  /** Of PCT_* only, and always there. */
  windowMinutes: number | null;
  severity: AlertSeverity;
  cooldownSeconds: number;
  enabled: boolean;
  createdAt: Date;
}

type StoredRule = Awaited<ReturnType<Database['prisma']['alertRule']['findMany']>>[number];

/** Prisma's decimals write exponents unless asked not to; no digit is lost either way. */
function toRow(rule: StoredRule): AlertRuleRow {
  return {
    ...rule,
    kind: rule.kind as AlertKind,
    severity: rule.severity as AlertSeverity,
    threshold: parseDecimal(rule.threshold.toFixed()) as Decimal,
  };
}

/** Oldest first. */
export async function getAlertRules(db: Pick<Database, 'prisma'>): Promise<AlertRuleRow[]> {
  const rules = await db.prisma.alertRule.findMany({ where: { deletedAt: null }, orderBy: { id: 'asc' } });
  return rules.map(toRow);
}

/** By id; an unknown or deleted one is not in the map. */
export async function loadAlertRules(db: Pick<Database, 'prisma'>, ids: readonly bigint[]): Promise<Map<bigint, AlertRuleRow>> {
  const rules = await db.prisma.alertRule.findMany({ where: { id: { in: [...ids] }, deletedAt: null } });
  return new Map(rules.map((rule) => [rule.id, toRow(rule)]));
}
