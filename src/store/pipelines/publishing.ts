/** What waits to be published, and what is on its way to it. */
import type { Queryable } from '../../platform/postgres/database.js';

/**
 * Whether all rows are being made anew, or soon will be: a worker takes up what is queued, or was a dead one's, within the minute. A run
 * that the schedule asked for is of the minute's beginning.
 */
export async function isRebuildUnderWay(db: Queryable, now: Date): Promise<boolean> {
  const { rows } = await db.query<{ underWay: boolean }>(
    `SELECT EXISTS (SELECT FROM ops.pipeline_runs WHERE pipeline = 'rebuild' AND (
       status = 'QUEUED' AND requested_at > $1::timestamptz - interval '2 minutes'
       OR status = 'RUNNING' AND lease_expires_at > clock_timestamp() - interval '1 minute')) AS "underWay"`,
    [now],
  );
  return rows[0]?.underWay === true;
}

/** Whether a publish has something to make anew: a day that is published already changed over a minute ago. */
export async function hasOverdueMarks(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ overdue: boolean }>(
    `SELECT EXISTS (SELECT FROM ops.changed_days WHERE day <= (SELECT max(published_through) FROM ops.datasets)
                      AND marked_at < clock_timestamp() - interval '1 minute') AS overdue`,
  );
  return rows[0]?.overdue === true;
}

/** Whether a living worker makes the very first marts. */
export async function isFirstPublishUnderWay(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ underWay: boolean }>(
    `SELECT EXISTS (SELECT FROM ops.pipeline_runs WHERE pipeline = 'daily' AND status = 'RUNNING' AND lease_expires_at > clock_timestamp())
        AND NOT EXISTS (SELECT FROM ops.datasets WHERE published_through IS NOT NULL) AS "underWay"`,
  );
  return rows[0]?.underWay === true;
}

/** Whether a run of daily, of a living worker, is at its fetches. */
export async function isDailyFetching(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ fetching: boolean }>(
    `SELECT EXISTS (
       SELECT FROM ops.pipeline_runs r
       WHERE r.pipeline = 'daily' AND r.status = 'RUNNING' AND r.lease_expires_at > clock_timestamp() AND 2 > (
         SELECT count(*) FROM ops.task_runs t
         WHERE t.run_id = r.id AND t.run_attempt = r.attempt AND t.name IN ('fetch_markets', 'fetch_global') AND t.finished_at IS NOT NULL)
     ) AS fetching`,
  );
  return rows[0]?.fetching === true;
}

/** Whether history waits for a worker, or a living one loads it; and whether that one may still find holes. */
export async function findHistoryActivity(db: Queryable): Promise<{ queued: boolean; running: boolean; looking: boolean }> {
  const { rows } = await db.query<{ queued: boolean; running: boolean; looking: boolean }>(
    `SELECT coalesce(bool_or(status = 'QUEUED'), false) AS queued, coalesce(bool_or(alive), false) AS running,
       coalesce(bool_or(alive AND NOT EXISTS (
         SELECT FROM ops.task_runs t
         WHERE t.run_id = r.id AND t.run_attempt = r.attempt AND t.name = 'find_holes' AND t.finished_at IS NOT NULL)), false) AS looking
     FROM (SELECT *, status = 'RUNNING' AND lease_expires_at > clock_timestamp() AS alive
           FROM ops.pipeline_runs WHERE pipeline = 'history' AND status IN ('QUEUED', 'RUNNING')) AS r`,
  );
  return rows[0] as { queued: boolean; running: boolean; looking: boolean };
}
