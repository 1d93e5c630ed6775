/** Subscriptions to alerts, in the order in which they were sent, from now on or from the last one seen. */
import { ALERTS_TOPIC } from '../../src/domain/prices.js';
import { MINUTE } from '../../src/domain/time.js';
import { type AlertRecord, type AlertSeverity, decodeAlert } from '../../src/domain/updates.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { ALERT_SEVERITIES, findAlert } from '../../src/store/mart/alerts.js';
import { clientError } from '../errors.js';
import { Feed } from './feed.js';
import { Progress } from './progress.js';
import type { Delivery, LiveTopic, Tail } from './tail.js';

export type AlertEvent = Delivery<AlertRecord>;

export interface AlertsRequest {
  /** All coins if left out. */
  coinIds?: readonly string[] | null;
  minSeverity?: AlertSeverity | null;
  /** The id of the last alert seen. */
  after?: string | null;
}

/** One partition: its offset is the order of alerts, and an alert's id is all the cursor that a client needs. */
export const ALERTS: LiveTopic<AlertRecord> = { name: ALERTS_TOPIC, decode: decodeAlert, cursorOf: () => '' };
const PARTITION = 0;
/** An alert is sent after it was triggered, but by two clocks. */
const CLOCK_MARGIN = 10 * MINUTE;

export async function openAlertFeed(
  log: EventLog,
  db: Database,
  tail: Tail<AlertRecord>,
  request: AlertsRequest,
): Promise<Feed<AlertRecord>> {
  const coins = request.coinIds == null ? null : new Set(request.coinIds);
  const least = request.minSeverity == null ? 0 : ALERT_SEVERITIES.indexOf(request.minSeverity);
  const matches = (alert: AlertRecord) => (coins === null || coins.has(alert.coinId)) && ALERT_SEVERITIES.indexOf(alert.severity) >= least;
  const from = request.after == null ? null : await findPlace(log, db, tail, request.after);
  return new Feed({ log, tail, from, matches, expired: alertExpired });
}

async function findPlace(log: EventLog, db: Database, tail: Tail<AlertRecord>, alertId: string): Promise<Progress> {
  const alert = await findAlert(db.pool, alertId);
  if (alert === null) throw alertExpired();
  const near = await log.offsetAt(ALERTS.name, PARTITION, new Date(alert.triggeredAt.getTime() - CLOCK_MARGIN));
  const [bounds] = await log.bounds(ALERTS.name);
  const start = bounds?.start ?? 0n;
  // A clock that runs fast (a simulated one) makes the nearer place a wrong one: then all of the log is searched.
  const place = (await scan(log, tail, alertId, near)) ?? (near > start ? await scan(log, tail, alertId, start) : null);
  if (place === null) throw alertExpired();
  return place;
}

/** The progress of a reader that has just read the alert. */
async function scan(log: EventLog, tail: Tail<AlertRecord>, alertId: string, from: bigint): Promise<Progress | null> {
  const progress = new Progress([from], new Map());
  for await (const records of log.replay(ALERTS.name, new Map([[PARTITION, from]]))) {
    for (const { partition, offset, value } of records) {
      const alert = tail.decode(partition, offset, value);
      if (alert === null) continue;
      progress.advance(partition, offset, alert);
      if (alert.alertId === alertId) return progress;
    }
  }
  return null;
}

function alertExpired(cause?: Error): Error {
  return clientError(
    'CURSOR_EXPIRED',
    'after: no alert with this id is kept (alerts can be resumed from for 30 days); ask for alerts in a query, and subscribe without it',
    { originalError: cause },
  );
}
