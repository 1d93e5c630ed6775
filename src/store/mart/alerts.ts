/** mart.mart_alerts, read. Grain: one alert: what was said at the time. Newest first: by triggeredAt, then alertId. */
import type { Decimal } from '../../domain/decimal.js';
import { ALERTS_TOPIC } from '../../domain/prices.js';
import type { AlertKind, AlertSeverity, AlertStatus } from '../../domain/updates.js';
import type { Queryable } from '../../platform/postgres/database.js';

export interface AlertRow {
  alertId: string;
  ruleId: bigint;
  coinId: string;
  kind: AlertKind;
  severity: AlertSeverity;
  threshold: Decimal;
  /** The price in USD, or the change in percent. */
  observed: Decimal;
  observedAt: Date;
  triggeredAt: Date;
  late: boolean;
  status: AlertStatus;
  acknowledgedAt: Date | null;
  resolvedAt: Date | null;
  message: string;
}

/** Lowest first. */
export const ALERT_SEVERITIES: readonly AlertSeverity[] = ['INFO', 'WARNING', 'CRITICAL'];

export function severitiesFrom(least: AlertSeverity): readonly AlertSeverity[] {
  return ALERT_SEVERITIES.slice(ALERT_SEVERITIES.indexOf(least));
}

/** Of alerts that were not suppressed. */
export const SENT_STATUSES: readonly AlertStatus[] = ['FIRING', 'ACKNOWLEDGED', 'RESOLVED'];

/** from and to: [from, to) of triggeredAt. */
export interface AlertFilter {
  coinIds?: readonly string[] | null;
  ruleId?: bigint | null;
  /** Any of them; of severities too. */
  statuses?: readonly AlertStatus[] | null;
  severities?: readonly AlertSeverity[] | null;
  /** False: those that were suppressed. */
  sent?: boolean | null;
  from?: Date | null;
  to?: Date | null;
}

export interface AlertPlace {
  triggeredAt: Date;
  alertId: string;
}

const COLUMNS = `a.alert_id AS "alertId", a.rule_id AS "ruleId", a.coin_id AS "coinId", a.kind, a.severity,
  trim_scale(a.threshold)::text AS threshold, trim_scale(a.observed)::text AS observed, a.observed_at AS "observedAt",
  a.triggered_at AS "triggeredAt", a.late, a.status, a.acknowledged_at AS "acknowledgedAt", a.resolved_at AS "resolvedAt", a.message`;

/** At most `limit` alerts after the place. */
export async function getAlerts(
  db: Queryable,
  page: { filter: AlertFilter; after: AlertPlace | null; limit: number },
): Promise<AlertRow[]> {
  const { filter, after } = page;
  const { rows } = await db.query<AlertRow>({
    name: 'get-alerts',
    text: `SELECT ${COLUMNS} FROM mart.mart_alerts a
           WHERE ($1::text[] IS NULL OR a.coin_id = ANY ($1))
             AND ($2::bigint IS NULL OR a.rule_id = $2)
             AND ($3::text[] IS NULL OR a.status = ANY ($3))
             AND ($4::text[] IS NULL OR a.severity = ANY ($4))
             AND ($5::timestamptz IS NULL OR a.triggered_at >= $5)
             AND ($6::timestamptz IS NULL OR a.triggered_at < $6)
             AND ($7::timestamptz IS NULL OR (a.triggered_at, a.alert_id) < ($7, $8))
             AND ($10::boolean IS NULL OR (a.status <> 'SUPPRESSED') = $10)
           ORDER BY a.triggered_at DESC, a.alert_id DESC LIMIT $9`,
    values: [
      filter.coinIds ?? null,
      filter.ruleId ?? null,
      filter.statuses ?? null,
      filter.severities ?? null,
      filter.from ?? null,
      filter.to ?? null,
      after?.triggeredAt ?? null,
      after?.alertId ?? null,
      page.limit,
      filter.sent ?? null,
    ],
  });
  return rows;
}

export interface CoinAlertsRequest {
  coinId: string;
  after: AlertPlace | null;
  limit: number;
}

/** One page per request, in the order of the requests. */
export async function loadAlertsOfCoins(db: Queryable, requests: readonly CoinAlertsRequest[]): Promise<AlertRow[][]> {
  const { rows } = await db.query<AlertRow & { ordinal: number }>({
    name: 'load-alerts-of-coins',
    text: `SELECT r.ordinal::integer AS ordinal, a.*
           FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::integer[]) WITH ORDINALITY
             AS r (coin_id, after_at, after_id, most, ordinal)
           CROSS JOIN LATERAL (
             SELECT ${COLUMNS} FROM mart.mart_alerts a
             WHERE a.coin_id = r.coin_id AND (r.after_at IS NULL OR (a.triggered_at, a.alert_id) < (r.after_at, r.after_id))
             ORDER BY a.triggered_at DESC, a.alert_id DESC LIMIT r.most
           ) a
           ORDER BY r.ordinal, a."triggeredAt" DESC, a."alertId" DESC`,
    values: [
      requests.map((request) => request.coinId),
      requests.map((request) => request.after?.triggeredAt ?? null),
      requests.map((request) => request.after?.alertId ?? null),
      requests.map((request) => request.limit),
    ],
  });
  const pages = Map.groupBy(rows, (row) => row.ordinal);
  return requests.map((_, index) => pages.get(index + 1) ?? []);
}

export async function findAlert(db: Queryable, alertId: string): Promise<AlertRow | null> {
  const { rows } = await db.query<AlertRow>(`SELECT ${COLUMNS} FROM mart.mart_alerts a WHERE a.alert_id = $1`, [alertId]);
  return rows[0] ?? null;
}

/** An alert that was sent, or is about to be; null for one that is unknown or was suppressed. */
export async function findSentAlert(db: Queryable, alertId: string): Promise<{ triggeredAt: Date; waiting: boolean } | null> {
  const { rows } = await db.query<{ triggeredAt: Date; waiting: boolean }>(
    `SELECT a.triggered_at AS "triggeredAt",
            EXISTS (
              SELECT FROM ops.outbox o
              WHERE o.target_topic = $2 AND o.source_topic || '/' || o.source_partition = a.origin
                AND a.position BETWEEN o.first_position AND o.last_position
            ) AS waiting
     FROM mart.mart_alerts a WHERE a.alert_id = $1 AND a.status <> 'SUPPRESSED'`,
    [alertId, ALERTS_TOPIC],
  );
  return rows[0] ?? null;
}
