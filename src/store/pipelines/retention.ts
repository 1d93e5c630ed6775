/** What of the platform's own records is old enough to go. */
import type { Queryable } from '../../platform/postgres/database.js';

/** Ended runs without a date, and their tasks. Returns how many runs. */
export async function deleteOldRuns(db: Queryable, before: Date): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM ops.pipeline_runs WHERE logical_date IS NULL AND status NOT IN ('QUEUED', 'RUNNING') AND finished_at < $1`,
    [before],
  );
  return rowCount ?? 0;
}

/** Results of checks, but for the newest of each check and those of runs that have a date. Returns how many. */
export async function deleteOldCheckResults(db: Queryable, before: Date): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM ops.check_results AS c
     WHERE c.checked_at < $1
       AND EXISTS (SELECT FROM ops.check_results n WHERE n.dataset = c.dataset AND n.name = c.name AND n.checked_at > c.checked_at)
       AND NOT EXISTS (SELECT FROM ops.pipeline_runs r WHERE r.id = c.run_id AND r.logical_date IS NOT NULL)`,
    [before],
  );
  return rowCount ?? 0;
}

/** Whether the last run that checked whole tables is over a day old. A check that was cut off, whose run has gone on since, is none. */
export async function isCheckOfAllDue(db: Queryable, now: Date): Promise<boolean> {
  const { rows } = await db.query<{ due: boolean }>(
    `SELECT NOT EXISTS (
       SELECT FROM ops.task_runs t JOIN ops.pipeline_runs r ON r.id = t.run_id AND r.pipeline = 'housekeeping'
       WHERE t.name = 'check_all' AND (t.status = 'SUCCEEDED' OR (t.status = 'FAILED' AND t.run_attempt = r.attempt))
         AND r.requested_at > $1::timestamptz - interval '23 hours 30 minutes'
     ) AS due`,
    [now],
  );
  return rows[0]?.due === true;
}
