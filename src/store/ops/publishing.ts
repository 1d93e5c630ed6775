/** What waits to be published. */
import type { Queryable } from '../../platform/postgres/database.js';

/** Whether a publish has something to make anew: a day that is published already changed over a minute ago. */
export async function hasOverdueMarks(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ overdue: boolean }>(
    `SELECT EXISTS (SELECT FROM ops.changed_days WHERE day <= (SELECT max(published_through) FROM ops.datasets)
                      AND marked_at < clock_timestamp() - interval '1 minute') AS overdue`,
  );
  return rows[0]?.overdue === true;
}

/** Whether the very first marts are being made. */
export async function isFirstPublishUnderWay(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ underWay: boolean }>(
    `SELECT EXISTS (SELECT FROM ops.pipeline_runs WHERE pipeline = 'daily' AND status IN ('QUEUED', 'RUNNING'))
        AND NOT EXISTS (SELECT FROM ops.datasets WHERE published_through IS NOT NULL) AS "underWay"`,
  );
  return rows[0]?.underWay === true;
}
