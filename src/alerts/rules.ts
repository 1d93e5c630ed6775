/**
 * Alert rules as an operator changes them. An edit of threshold or window starts a new version, whose states are unknown;
 * that, disabling and deleting resolve what is open. The rules' lock is held, so no batch evaluates a rule that is being changed.
 */
import { isPositive, parseDecimal } from '../domain/decimal.js';
import type { Database, Queryable } from '../platform/postgres/database.js';
import { LOCKS } from '../platform/postgres/locks.js';
import type { AlertRuleRow } from '../store/stream/alert-rules.js';
import { getUntrackedOf } from '../store/tracked-coins.js';
import { RULE_KINDS } from './rule-kinds.js';

export type NewRule = Omit<AlertRuleRow, 'id' | 'version' | 'createdAt'>;

/** What is left out stays as it is. */
export type RuleChange = Partial<Omit<NewRule, 'kind' | 'coinId'>>;

/** What a person did wrong, in words for that person. */
export type RuleOutcome = { ok: true; ruleId: bigint } | { ok: false; reason: 'not_found' | 'invalid'; message: string };

export const RULE_LIMITS = {
  nameLength: 100,
  windowMinutes: 7 * 24 * 60,
  cooldownSeconds: 30 * 24 * 60 * 60,
} as const;

export async function createRule(db: Database, rule: NewRule, now: Date): Promise<RuleOutcome> {
  const problem = findProblem(rule);
  if (problem !== null) return { ok: false, reason: 'invalid', message: problem };
  return db.transaction(async (tx) => {
    await lockRules(tx);
    if (rule.coinId !== null && (await getUntrackedOf(tx, [rule.coinId])).length > 0) {
      return {
        ok: false,
        reason: 'invalid',
        message: `coin ${JSON.stringify(rule.coinId)} is not tracked: name one that the query coins returns, or leave coinId out`,
      };
    }
    return { ok: true, ruleId: await insertRule(tx, rule, now) };
  });
}

export async function updateRule(db: Database, ruleId: bigint, change: RuleChange, now: Date): Promise<RuleOutcome> {
  return db.transaction(async (tx) => {
    await lockRules(tx);
    const { rows } = await tx.query(
      `SELECT version, name, kind, coin_id AS "coinId", trim_scale(threshold)::text AS threshold, window_minutes AS "windowMinutes",
              severity, cooldown_seconds AS "cooldownSeconds", enabled
       FROM ops.alert_rules WHERE id = $1 AND deleted_at IS NULL`,
      [ruleId],
    );
    const before = rows[0] as (NewRule & { version: number }) | undefined;
    if (before === undefined)
      return {
        ok: false,
        reason: 'not_found',
        message: `there is no alert rule ${ruleId}`,
      };
    const after = { ...before, ...change };
    const problem = findProblem(after);
    if (problem !== null) return { ok: false, reason: 'invalid', message: problem };
    const threshold = parseDecimal(after.threshold);
    const newVersion = threshold !== before.threshold || after.windowMinutes !== before.windowMinutes;
    if (newVersion || !after.enabled) await resolveRule(tx, ruleId, now);
    await tx.query(
      `UPDATE ops.alert_rules SET version = $2, name = $3, threshold = $4, window_minutes = $5, severity = $6, cooldown_seconds = $7,
              enabled = $8, updated_at = $9 WHERE id = $1`,
      [
        ruleId,
        before.version + (newVersion ? 1 : 0),
        after.name.trim(),
        threshold,
        after.windowMinutes,
        after.severity,
        after.cooldownSeconds,
        after.enabled,
        now,
      ],
    );
    return { ok: true, ruleId };
  });
}

/** The rule stays in the store, for the alerts that name it. */
export async function deleteRule(db: Database, ruleId: bigint, now: Date): Promise<RuleOutcome> {
  return db.transaction(async (tx) => {
    await lockRules(tx);
    const deleted = await tx.query('UPDATE ops.alert_rules SET deleted_at = $2, enabled = false WHERE id = $1 AND deleted_at IS NULL', [
      ruleId,
      now,
    ]);
    if (deleted.rowCount === 0)
      return {
        ok: false,
        reason: 'not_found',
        message: `there is no alert rule ${ruleId}`,
      };
    await resolveRule(tx, ruleId, now);
    return { ok: true, ruleId };
  });
}

/** False: there is no such alert. One that is over already stays as it is. */
export async function acknowledgeAlert(db: Database, alertId: string, now: Date): Promise<boolean> {
  await db.pool.query(
    `UPDATE mart.mart_alerts SET status = 'ACKNOWLEDGED', acknowledged_at = $2 WHERE alert_id = $1 AND status = 'FIRING'`,
    [alertId, now],
  );
  const { rowCount } = await db.pool.query('SELECT FROM mart.mart_alerts WHERE alert_id = $1', [alertId]);
  return rowCount === 1;
}

/** The rules of a new database: a newcomer sees alerts within minutes. Does nothing where there ever was a rule. */
export async function ensureDefaultRules(db: Database, rules: NewRule[], now: Date): Promise<void> {
  await db.transaction(async (tx) => {
    await lockRules(tx);
    const { rowCount } = await tx.query('SELECT FROM ops.alert_rules LIMIT 1');
    if (rowCount !== 0) return;
    for (const rule of rules) await insertRule(tx, rule, now);
  });
}

function findProblem(rule: NewRule): string | null {
  const threshold = parseDecimal(rule.threshold);
  if (rule.name.trim().length === 0 || rule.name.length > RULE_LIMITS.nameLength)
    return `name needs 1 to ${RULE_LIMITS.nameLength} characters`;
  if (!rule.name.isWellFormed() || rule.name.includes('\0')) return 'name holds characters that cannot be stored';
  if (threshold === null || !isPositive(threshold)) return 'threshold must be greater than zero';
  const { windowed } = RULE_KINDS[rule.kind];
  if (windowed !== (rule.windowMinutes !== null)) {
    return windowed ? `windowMinutes is needed for ${rule.kind}` : `windowMinutes has no meaning for ${rule.kind}: leave it out`;
  }
  if (rule.windowMinutes !== null && !isBetween(rule.windowMinutes, 1, RULE_LIMITS.windowMinutes)) {
    return `windowMinutes must lie between 1 and ${RULE_LIMITS.windowMinutes}`;
  }
  if (!isBetween(rule.cooldownSeconds, 0, RULE_LIMITS.cooldownSeconds)) {
    return `cooldownSeconds must lie between 0 and ${RULE_LIMITS.cooldownSeconds}`;
  }
  return null;
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

async function lockRules(tx: Queryable): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1, 0)', [LOCKS.rules]);
}

async function insertRule(tx: Queryable, rule: NewRule, now: Date): Promise<bigint> {
  const { rows } = await tx.query(
    `INSERT INTO ops.alert_rules (name, kind, coin_id, threshold, window_minutes, severity, cooldown_seconds, enabled, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING id`,
    [rule.name.trim(), rule.kind, rule.coinId, rule.threshold, rule.windowMinutes, rule.severity, rule.cooldownSeconds, rule.enabled, now],
  );
  return rows[0].id;
}

/** Ends what is open of all versions so far, and forgets their states: whatever comes next begins as unknown. */
async function resolveRule(tx: Queryable, ruleId: bigint, now: Date): Promise<void> {
  await tx.query(
    `UPDATE mart.mart_alerts
     SET resolved_at = $2, status = CASE status WHEN 'SUPPRESSED' THEN status ELSE 'RESOLVED' END
     WHERE rule_id = $1 AND resolved_at IS NULL`,
    [ruleId, now],
  );
  await tx.query('DELETE FROM ops.alert_rule_states WHERE rule_id = $1', [ruleId]);
}
