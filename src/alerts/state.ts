/** What the evaluation of alert rules reads and writes, in the stream's transaction: rules, states, alerts. */
import { ALERT_KINDS, type AlertRecord, type SourcePosition } from '../domain/updates.js';
import type { Queryable } from '../platform/postgres/database.js';
import type { AlertRule, RuleState } from './evaluation.js';

/** A row of mart.mart_alerts as the stream writes it: the record that travels, and where in the log its tick stands. */
export interface FiredAlert extends Omit<AlertRecord, keyof SourcePosition | 'status' | 'acknowledgedAt' | 'resolvedAt'> {
  origin: string;
  position: bigint;
  status: 'FIRING' | 'SUPPRESSED';
}

export interface KnownState {
  rule: Pick<AlertRule, 'id' | 'version'>;
  coinId: string;
  state: RuleState;
  /** Of the tick that set it. */
  observedAt: Date;
}

export function stateKey(rule: Pick<AlertRule, 'id' | 'version'>, coinId: string): string {
  return `${rule.id} ${rule.version} ${coinId}`;
}

/** Rules that are on and reach one of the coins, oldest first; of kinds that this version knows. */
export async function getEnabledRules(tx: Queryable, coinIds: string[]): Promise<AlertRule[]> {
  const { rows } = await tx.query<AlertRule>({
    name: 'get-enabled-rules',
    text: `SELECT id, version, name, kind, coin_id AS "coinId", trim_scale(threshold)::text AS threshold,
                  window_minutes AS "windowMinutes", severity, cooldown_seconds AS "cooldownSeconds"
           FROM ops.alert_rules
           WHERE enabled AND deleted_at IS NULL AND (coin_id IS NULL OR coin_id = ANY ($1::text[])) AND kind = ANY ($2::text[])
           ORDER BY id`,
    values: [coinIds, ALERT_KINDS],
  });
  return rows;
}

/** States of the current versions of rules for the coins; an absent one is unknown. */
export async function getRuleStates(tx: Queryable, coinIds: string[]): Promise<Map<string, KnownState>> {
  const { rows } = await tx.query({
    name: 'get-rule-states',
    text: `SELECT s.rule_id, s.rule_version, s.coin_id, s.condition, s.last_observed_at, s.last_fired_at, s.open_alert_id
           FROM ops.alert_rules AS r
           JOIN ops.alert_rule_states AS s ON s.rule_id = r.id AND s.rule_version = r.version
           WHERE r.enabled AND r.deleted_at IS NULL AND s.coin_id = ANY ($1::text[])`,
    values: [coinIds],
  });
  return new Map(
    rows.map((row) => {
      const rule = {
        id: row.rule_id as bigint,
        version: row.rule_version as number,
      };
      const state = {
        condition: row.condition,
        lastFiredAt: row.last_fired_at,
        openAlertId: row.open_alert_id,
      };
      return [stateKey(rule, row.coin_id), { rule, coinId: row.coin_id, state, observedAt: row.last_observed_at }];
    }),
  );
}

export async function upsertRuleStates(tx: Queryable, states: KnownState[]): Promise<void> {
  if (states.length === 0) return;
  await tx.query({
    name: 'upsert-rule-states',
    text: `INSERT INTO ops.alert_rule_states (rule_id, rule_version, coin_id, condition, last_observed_at, last_fired_at, open_alert_id)
           SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::boolean[], $5::timestamptz[], $6::timestamptz[], $7::text[])
           ON CONFLICT (rule_id, rule_version, coin_id) DO UPDATE SET
             condition = excluded.condition, last_observed_at = excluded.last_observed_at,
             last_fired_at = excluded.last_fired_at, open_alert_id = excluded.open_alert_id`,
    values: [
      states.map((each) => each.rule.id),
      states.map((each) => each.rule.version),
      states.map((each) => each.coinId),
      states.map((each) => each.state.condition),
      states.map((each) => each.observedAt),
      states.map((each) => each.state.lastFiredAt),
      states.map((each) => each.state.openAlertId),
    ],
  });
}

/** The id is the crossing's hash: storing one a second time changes nothing. */
export async function insertAlerts(tx: Queryable, alerts: FiredAlert[]): Promise<void> {
  if (alerts.length === 0) return;
  await tx.query({
    name: 'insert-alerts',
    text: `INSERT INTO mart.mart_alerts (alert_id, rule_id, rule_version, coin_id, kind, severity, threshold, window_minutes, observed,
             price_usd, source, observed_at, origin, position, triggered_at, late, status, message)
           SELECT * FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::integer[],
             $9::numeric[], $10::numeric[], $11::text[], $12::timestamptz[], $13::text[], $14::bigint[], $15::timestamptz[],
             $16::boolean[], $17::text[], $18::text[])
           ON CONFLICT (alert_id) DO NOTHING`,
    values: [
      alerts.map((alert) => alert.alertId),
      alerts.map((alert) => alert.ruleId),
      alerts.map((alert) => alert.ruleVersion),
      alerts.map((alert) => alert.coinId),
      alerts.map((alert) => alert.kind),
      alerts.map((alert) => alert.severity),
      alerts.map((alert) => alert.threshold),
      alerts.map((alert) => alert.windowMinutes),
      alerts.map((alert) => alert.observed),
      alerts.map((alert) => alert.priceUsd),
      alerts.map((alert) => alert.source),
      alerts.map((alert) => alert.observedAt),
      alerts.map((alert) => alert.origin),
      alerts.map((alert) => alert.position),
      alerts.map((alert) => alert.triggeredAt),
      alerts.map((alert) => alert.late),
      alerts.map((alert) => alert.status),
      alerts.map((alert) => alert.message),
    ],
  });
}

/** The crossing is over. A suppressed alert stays suppressed: nobody was told of it. */
export async function closeAlerts(tx: Queryable, alertIds: string[], now: Date): Promise<void> {
  if (alertIds.length === 0) return;
  await tx.query({
    name: 'close-alerts',
    text: `UPDATE mart.mart_alerts
           SET resolved_at = $2, status = CASE status WHEN 'SUPPRESSED' THEN status ELSE 'RESOLVED' END
           WHERE alert_id = ANY ($1::text[]) AND resolved_at IS NULL`,
    values: [alertIds, now],
  });
}
