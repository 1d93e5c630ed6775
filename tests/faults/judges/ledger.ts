/** One run of a pipeline at a time, executed by one worker at a time: a run is taken over only from a worker that was harmed. */
import type { Queryable } from '../../../src/platform/postgres/database.js';
import { PIPELINES } from '../../../src/store/pipelines/runs.js';
import type { Platform } from '../platform/platform.js';

export interface Harm {
  /** Each may lose a run of each pipeline. */
  workers: number;
  /** Who goes on may have lost runs to others. */
  leasesLapse: boolean;
}

/** Before a fault: what has happened by then is none of its doing. The result judges what came since. */
export async function openLedger(platform: Platform, harm: Harm): Promise<() => Promise<string[]>> {
  const before = new Set(await findTakeovers(platform.db().pool));
  for (const each of platform.processes) each.hearAnew();
  return () => judgeLedger(platform, before, harm);
}

async function judgeLedger(platform: Platform, before: ReadonlySet<string>, { workers, leasesLapse }: Harm): Promise<string[]> {
  const { pool } = platform.db();
  const wrong = await findOverlaps(pool);
  // A worker goes on until it looks or is told: that another one has the run by then means that both had it.
  for (const { name, said } of leasesLapse ? [] : platform.processes)
    wrong.push(...robberies(said).map((line) => `a run was taken over from ${name}, which was at work on it: ${line}`));
  const takeovers = (await findTakeovers(pool)).filter((each) => !before.has(each));
  const most = workers * Object.keys(PIPELINES).length;
  if (takeovers.length > most)
    wrong.push(`${takeovers.length} attempts were taken over while ${workers} workers were harmed: ${takeovers.slice(0, 3).join(', ')}`);
  return wrong;
}

const robberies = (said: string) =>
  said.split('\n').filter((line) => /the lease was lost|another worker has taken this run over/.test(line));

async function findTakeovers(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ takeover: string }>(
    `SELECT DISTINCT format('attempt %s of run %s (%s)', t.run_attempt, t.run_id, r.pipeline) AS takeover
     FROM ops.task_runs t JOIN ops.pipeline_runs r ON r.id = t.run_id WHERE t.error LIKE 'its worker stopped%'`,
  );
  return rows.map((row) => row.takeover);
}

async function findOverlaps(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ overlap: string }>(
    `SELECT format('run %s of %s began while run %s was executed', b.id, b.pipeline, a.id) AS overlap
     FROM ops.pipeline_runs a JOIN ops.pipeline_runs b ON b.pipeline = a.pipeline AND b.id <> a.id
     WHERE b.started_at > a.started_at AND b.started_at < coalesce(a.finished_at, 'infinity')`,
  );
  return rows.map((row) => row.overlap);
}
