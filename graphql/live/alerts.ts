/** Subscriptions to alerts, in the order in which they were sent, from now on or from the last one seen. */
import { ALERTS_TOPIC } from '../../src/domain/prices.js';
import { HOUR } from '../../src/domain/time.js';
import { type AlertRecord, type AlertSeverity, decodeAlert } from '../../src/domain/updates.js';
import { OffsetOutOfRange } from '../../src/platform/event-log/event-log.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { ALERT_SEVERITIES, findSentAlert } from '../../src/store/mart/alerts.js';
import { clientError } from '../errors.js';
import { Feed } from './reading/feed.js';
import type { Past } from './reading/past.js';
import { Progress } from './reading/progress.js';
import { type Delivery, type LiveTopic, TAIL_RECORDS } from './reading/tail.js';

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
/** Clocks disagree, and an alert may be sent long after it was triggered: it stands in the log among others of about its time. */
const MARGIN = HOUR;
/** Alerts of clearly later than the one looked for: after so many it is not to come. */
const MOST_LATER = 2_000;

export async function openAlertFeed(
  db: Database,
  past: Past<AlertRecord>,
  request: AlertsRequest,
  signal: AbortSignal,
): Promise<Feed<AlertRecord>> {
  const coins = request.coinIds == null ? null : new Set(request.coinIds);
  const least = request.minSeverity == null ? 0 : ALERT_SEVERITIES.indexOf(request.minSeverity);
  const matches = (alert: AlertRecord) => (coins === null || coins.has(alert.coinId)) && ALERT_SEVERITIES.indexOf(alert.severity) >= least;
  const from = request.after == null ? null : await findPlace(db, past, { alertId: request.after, signal });
  return new Feed({ past, from, matches, expired: alertExpired });
}

interface Search {
  alertId: string;
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
}

async function findPlace(db: Database, past: Past<AlertRecord>, search: Search): Promise<Progress> {
  const { log } = past;
  const alert = await findSentAlert(db.pool, search.alertId);
  if (alert === null) throw alertExpired();
  const [bounds] = await log.bounds(ALERTS.name);
  if (bounds === undefined) throw new Error(`${ALERTS.name} has no partition`);
  // One that waits to be sent may have been appended a moment ago: then it stands among the last.
  const near = alert.waiting
    ? bounds.end - BigInt(TAIL_RECORDS)
    : await log.offsetAt(ALERTS.name, PARTITION, new Date(alert.triggeredAt.getTime() - MARGIN));
  const range = { from: near > bounds.start ? near : bounds.start, later: new Date(alert.triggeredAt.getTime() + MARGIN) };
  const { found, progress } = await scan(past, search, range).catch((error: Error) => {
    throw error instanceof OffsetOutOfRange || search.signal.aborted ? alertExpired(error) : error;
  });
  if (!found && !alert.waiting) throw alertExpired();
  return progress;
}

/** The progress of a reader that has just read the alert, or all among which it could stand. */
async function scan(
  { log, tail }: Past<AlertRecord>,
  { alertId, signal }: Search,
  { from, later }: { from: bigint; later: Date },
): Promise<{ found: boolean; progress: Progress }> {
  const progress = new Progress([from], new Map());
  let passed = 0;
  for await (const records of log.replay(ALERTS.name, new Map([[PARTITION, from]]), signal)) {
    for (const { partition, offset, value } of records) {
      const alert = tail.decode(partition, offset, value);
      if (alert === null) continue;
      progress.advance(partition, offset, alert);
      if (alert.alertId === alertId) return { found: true, progress };
      if (alert.triggeredAt > later && ++passed === MOST_LATER) return { found: false, progress };
    }
  }
  return { found: false, progress };
}

function alertExpired(cause?: Error): Error {
  return clientError(
    'CURSOR_EXPIRED',
    'after: no alert with this id is kept (alerts can be resumed from for 30 days); ask for alerts in a query, and subscribe without it',
    { originalError: cause },
  );
}
