/** One run per pipeline and date, executed by one worker at a time: a run is taken over only from a worker that was harmed. */
import type { Queryable } from '../../../src/platform/postgres/database.js';
import { PIPELINES } from '../../../src/store/pipelines/runs.js';

/** A worker that is killed, frozen or cut off may lose a run of each pipeline. */
export async function judgeLedger(db: Queryable, injections: number): Promise<string[]> {
  const { rows } = await db.query<{ pipeline: string; run_id: bigint; attempt: number }>(
    `SELECT DISTINCT r.pipeline, t.run_id, t.run_attempt AS attempt FROM ops.task_runs t JOIN ops.pipeline_runs r ON r.id = t.run_id
     WHERE t.error LIKE 'its worker stopped%'`,
  );
  const most = injections * Object.keys(PIPELINES).length;
  const twice = await db.query<{ run_id: bigint; name: string }>(
    `SELECT a.run_id, a.name FROM ops.task_runs a JOIN ops.task_runs b ON b.run_id = a.run_id AND b.name = a.name AND b.run_attempt > a.run_attempt
     WHERE b.started_at < a.finished_at OR a.finished_at IS NULL`,
  );
  if (twice.rows.length > 0) return twice.rows.map((row) => `${row.name} of run ${row.run_id} was executed by two workers at a time`);
  if (rows.length <= most) return [];
  const some = rows.slice(0, 3).map((row) => `attempt ${row.attempt} of run ${row.run_id} (${row.pipeline})`);
  return [`${rows.length} attempts were taken over after ${injections} faults, ${some.join(', ')} among them`];
}
