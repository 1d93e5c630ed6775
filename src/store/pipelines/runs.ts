/**
 * ops.pipeline_runs and ops.task_runs: what ran, runs and waits to run. Grain: one run of a pipeline; one task of one attempt of it.
 * Must stay true: one run per pipeline and slot (the insert decides, whoever asks); an ended run starts again only when a person asks;
 * a run that has no date is not queued beside an open one of its pipeline.
 */
import { OperatorError } from '../../domain/errors.js';
import { addDays, endOfDay, parseUtcDate, toUtcDate, type UtcDate } from '../../domain/time.js';
import type { Queryable } from '../../platform/postgres/database.js';
import { forgetDefinitions } from './datasets.js';

/** Every pipeline that can be asked for; a dated one describes a UTC day. */
export const PIPELINES = {
  daily: { dated: true, does: 'Fetches the market after midnight UTC, and publishes the marts of the day that ended' },
  restate: { dated: false, does: 'Publishes late prices and filled holes of days that were published before' },
  history: { dated: false, does: 'Fetches past prices that are missing, and publishes them' },
  housekeeping: { dated: false, does: 'Checks whole tables, makes and drops months, trims the log' },
  rebuild: { dated: false, does: 'Makes every derived dataset anew from raw' },
} as const;
export type PipelineName = keyof typeof PIPELINES;

export type RunStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'SKIPPED';

export interface PipelineRunRow {
  id: bigint;
  pipeline: string;
  /** The logical date, or the instant of a run that has none. */
  slot: string;
  logicalDate: UtcDate | null;
  attempt: number;
  status: RunStatus;
  requestedAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  error: string | null;
}

export interface TaskRunRow {
  runId: bigint;
  name: string;
  attempt: number;
  status: RunStatus;
  startedAt: Date | null;
  finishedAt: Date | null;
  rowsWritten: bigint | null;
  error: string | null;
}

export const RUN_COLUMNS = `id, pipeline, slot, logical_date AS "logicalDate", attempt, status, requested_at AS "requestedAt",
  started_at AS "startedAt", finished_at AS "finishedAt", error`;

export function isPipelineName(name: string): name is PipelineName {
  return Object.hasOwn(PIPELINES, name);
}

export interface RunRequest {
  pipeline: PipelineName;
  /** The day that a dated pipeline describes; null for the others. */
  logicalDate: UtcDate | null;
  /** When it is asked for; the slot of a run without a date. */
  now: Date;
  /** A person asks: an ended run is queued again, as its next attempt. */
  again: boolean;
}

/** The queued or running run of that pipeline and date, or a new one, or what became of it. `queued`: this call queued it. */
export async function requestRun(db: Queryable, request: RunRequest): Promise<{ run: PipelineRunRow; queued: boolean }> {
  const slot = request.logicalDate ?? request.now.toISOString();
  const inserted = await db.query<PipelineRunRow>(
    `INSERT INTO ops.pipeline_runs (pipeline, slot, logical_date, status, requested_at)
     SELECT $1, $2, $3::date, 'QUEUED', $4
     WHERE $3::date IS NOT NULL
        OR NOT EXISTS (SELECT FROM ops.pipeline_runs WHERE pipeline = $1 AND status IN ('QUEUED', 'RUNNING'))
     ON CONFLICT (pipeline, slot) DO NOTHING
     RETURNING ${RUN_COLUMNS}`,
    [request.pipeline, slot, request.logicalDate, request.now],
  );
  if (inserted.rows[0]) return { run: inserted.rows[0], queued: true };
  if (request.again) {
    const requeued = await db.query<PipelineRunRow>(
      `UPDATE ops.pipeline_runs
       SET status = 'QUEUED', attempt = attempt + 1, requested_at = $3, started_at = NULL, finished_at = NULL, error = NULL
       WHERE pipeline = $1 AND slot = $2 AND status NOT IN ('QUEUED', 'RUNNING')
       RETURNING ${RUN_COLUMNS}`,
      [request.pipeline, slot, request.now],
    );
    if (requeued.rows[0]) return { run: requeued.rows[0], queued: true };
  }
  const existing = await db.query<PipelineRunRow>(
    `SELECT ${RUN_COLUMNS} FROM ops.pipeline_runs
     WHERE pipeline = $1 AND (slot = $2 OR ($3::date IS NULL AND status IN ('QUEUED', 'RUNNING')))
     ORDER BY status IN ('QUEUED', 'RUNNING') DESC, id DESC LIMIT 1`,
    [request.pipeline, slot, request.logicalDate],
  );
  // The open run that stopped the insert has ended since: ask again.
  return existing.rows[0] ? { run: existing.rows[0], queued: false } : requestRun(db, request);
}

/**
 * What a person asks for, checked: the run that will answer it; of a dated pipeline, without a date, that for the newest day that has ended.
 * @throws OperatorError with what to do instead: no such pipeline, an empty or malformed date, a day that has not ended or has no data, a
 * rebuild while one runs.
 */
export async function requestRunByHand(
  db: Queryable,
  asked: { pipeline: string; logicalDate: string | null; now: Date },
): Promise<{ run: PipelineRunRow; queued: boolean }> {
  const { pipeline, now } = asked;
  if (!isPipelineName(pipeline)) {
    throw new OperatorError(`there is no pipeline "${pipeline}"; there are ${Object.keys(PIPELINES).join(', ')}`);
  }
  if (!PIPELINES[pipeline].dated) {
    if (asked.logicalDate !== null) throw new OperatorError(`${pipeline} has no date; leave it out`);
    // One that runs is past some of the rows already, and they are what is asked for.
    if (pipeline === 'rebuild' && (await isRebuilding(db)))
      throw new OperatorError('a rebuild is running, and would not make anew what it has made already: ask again when it has ended');
    // Whoever asks doubts the rows, and not only their definitions. Before the run: one that is cut off here is begun by the next worker.
    if (pipeline === 'rebuild') await forgetDefinitions(db);
    return requestRun(db, { pipeline, logicalDate: null, now, again: true });
  }
  const logicalDate = parseLogicalDate(asked.logicalDate, now);
  const oldest = await db.query<{ day: UtcDate | null }>(
    `SELECT ((min(bucket_start)) AT TIME ZONE 'UTC')::date AS day FROM mart.mart_price_candles WHERE interval = '1d'`,
  );
  const firstDay = oldest.rows[0]?.day ?? null;
  // Without any prices yet the run itself says what is missing; a day before them all can only be a slip.
  if (firstDay !== null && logicalDate < firstDay) {
    throw new OperatorError(`there are no prices of ${logicalDate}; the oldest are of ${firstDay}: name a day from then on`);
  }
  return requestRun(db, { pipeline, logicalDate, now, again: true });
}

/** Whether a living worker executes one. */
async function isRebuilding(db: Queryable): Promise<boolean> {
  const { rowCount } = await db.query(
    `SELECT FROM ops.pipeline_runs WHERE pipeline = 'rebuild' AND status = 'RUNNING' AND lease_expires_at > clock_timestamp()`,
  );
  return rowCount !== 0;
}

function parseLogicalDate(text: string | null, now: Date): UtcDate {
  const newest = newestEndedDay(now);
  if (text === null) return newest;
  const date = parseUtcDate(text);
  if (date === null) throw new OperatorError(`"${text}" is no date; write it YYYY-MM-DD, such as ${newest}`);
  if (endOfDay(date) > now) throw new OperatorError(`${date} has not ended yet (UTC); the newest day that has is ${newest}`);
  return date;
}

/** The day before the one that the instant is in: yesterday, and at 00:00 sharp the day that ends there. */
export function newestEndedDay(now: Date): UtcDate {
  return addDays(toUtcDate(now), -1);
}

export interface RunFilter {
  pipeline?: string | null;
  status?: RunStatus | null;
}

/** Newest first; after: the id of the last run of the page before. */
export async function getRuns(
  db: Queryable,
  page: { first: number; after?: bigint | null },
  filter: RunFilter = {},
): Promise<PipelineRunRow[]> {
  const { rows } = await db.query<PipelineRunRow>(
    `SELECT ${RUN_COLUMNS} FROM ops.pipeline_runs
     WHERE ($2::bigint IS NULL OR id < $2) AND ($3::text IS NULL OR pipeline = $3) AND ($4::text IS NULL OR status = $4)
     ORDER BY id DESC LIMIT $1`,
    [page.first, page.after ?? null, filter.pipeline ?? null, filter.status ?? null],
  );
  return rows;
}

export async function findRun(db: Queryable, id: bigint): Promise<PipelineRunRow | null> {
  const { rows } = await db.query<PipelineRunRow>(`SELECT ${RUN_COLUMNS} FROM ops.pipeline_runs WHERE id = $1`, [id]);
  return rows[0] ?? null;
}

/** The newest date that a dated pipeline was ever asked for. */
export async function findNewestDate(db: Queryable, pipeline: PipelineName): Promise<UtcDate | null> {
  const { rows } = await db.query<{ day: UtcDate | null }>('SELECT max(logical_date) AS day FROM ops.pipeline_runs WHERE pipeline = $1', [
    pipeline,
  ]);
  return rows[0]?.day ?? null;
}

/** When the pipeline was last asked for; ahead of now where the clock was set back since. */
export async function findNewestRequest(db: Queryable, pipeline: PipelineName): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date }>(
    'SELECT requested_at AS at FROM ops.pipeline_runs WHERE pipeline = $1 ORDER BY id DESC LIMIT 1',
    [pipeline],
  );
  return rows[0]?.at ?? null;
}

/** Tasks of the runs' newest attempts, in the order in which they started. */
export async function loadTaskRuns(db: Queryable, runIds: readonly bigint[]): Promise<Map<bigint, TaskRunRow[]>> {
  const { rows } = await db.query<TaskRunRow>(
    `SELECT t.run_id AS "runId", t.name, t.attempt, t.status, t.started_at AS "startedAt", t.finished_at AS "finishedAt",
       t.rows_written AS "rowsWritten", t.error
     FROM ops.task_runs t JOIN ops.pipeline_runs r ON r.id = t.run_id AND r.attempt = t.run_attempt
     WHERE t.run_id = ANY($1)
     ORDER BY t.run_id, t.started_at NULLS LAST, t.name`,
    [runIds],
  );
  return Map.groupBy(rows, (row) => row.runId);
}
