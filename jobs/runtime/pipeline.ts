/**
 * A pipeline as data, and the engine that executes one run of it: tasks in the order of what they depend on, each with its retries.
 * Must stay true: a task's row says what happened to it in this attempt; when the signal fires nothing more is written for the run,
 * for somebody else may own it by then.
 */
import pRetry, { type Options as RetryOptions } from 'p-retry';
import type { UtcDate } from '../../src/domain/time.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import type { PipelineName, PipelineRunRow } from '../../src/store/pipelines/runs.js';

export interface RunContext {
  db: Database;
  run: PipelineRunRow;
  /** What a publish of this run must still find when it ends. */
  fence: { runId: bigint; attempt: number };
  signal: AbortSignal;
  logger: Logger;
}

/** What a task came to. `failed`: it will not get better by trying again; anything thrown is tried again. */
export type TaskOutcome = { rows: number | null } | { skipped: string } | { failed: string };

/** Waits double from minTimeout up to maxTimeout (ms), each drawn up to twice as long, so that what failed together comes back apart. */
export type RetryPolicy = Required<Pick<RetryOptions, 'retries' | 'minTimeout' | 'maxTimeout'>> & {
  /** For all attempts and waits together, in ms: what is under way then is aborted. */
  withinMs?: number;
};
const DEFAULT_RETRY: RetryPolicy = { retries: 4, minTimeout: 1_000, maxTimeout: 30_000 };

export interface Task {
  name: string;
  /** Tasks that must have succeeded, or skipped themselves. */
  dependsOn?: string[];
  /** Tasks that must have ended, well or not. */
  after?: string[];
  retry?: RetryPolicy;
  run(context: RunContext): Promise<TaskOutcome>;
}

export interface Pipeline {
  name: PipelineName;
  tasks: Task[];
}

/** The date of a run of a dated pipeline. */
export function logicalDateOf(run: PipelineRunRow): UtcDate {
  if (run.logicalDate === null) throw new Error(`run ${run.id} of ${run.pipeline} has no date`);
  return run.logicalDate;
}

export type RunOutcome = { status: 'SUCCEEDED' | 'FAILED' | 'SKIPPED'; error: string | null };

/** Executes every task; settles when all have ended, also after the signal (the outcome means nothing then). */
export async function executeTasks(pipeline: Pipeline, context: RunContext): Promise<RunOutcome> {
  const tasks = new Map(pipeline.tasks.map((task) => [task.name, task]));
  const results = new Map<string, Promise<TaskResult>>();
  const resultOf = (name: string): Promise<TaskResult> => {
    const task = tasks.get(name);
    if (!task) throw new Error(`pipeline ${pipeline.name} has no task ${name}`);
    const known = results.get(name);
    if (known) return known;
    const result = executeAfter(task, resultOf, context);
    results.set(name, result);
    return result;
  };
  await Promise.allSettled(pipeline.tasks.map((task) => resultOf(task.name)));
  const ended = await Promise.all(pipeline.tasks.map(async (task) => ({ task, result: await resultOf(task.name) })));
  const failed = ended.filter(({ result }) => result.status === 'FAILED');
  if (failed.length > 0) {
    return { status: 'FAILED', error: failed.map(({ task, result }) => `${task.name}: ${result.error}`).join('; ') };
  }
  if (ended.every(({ result }) => result.status === 'SKIPPED')) return { status: 'SKIPPED', error: ended[0]?.result.error ?? null };
  return { status: 'SUCCEEDED', error: null };
}

interface TaskResult {
  status: 'SUCCEEDED' | 'FAILED' | 'SKIPPED';
  /** The reason where it did not succeed. */
  error: string | null;
  /** Skipped because something before it failed. */
  blocked?: boolean;
}

async function executeAfter(task: Task, resultOf: (name: string) => Promise<TaskResult>, context: RunContext): Promise<TaskResult> {
  const needed = await Promise.all((task.dependsOn ?? []).map(async (name) => ({ name, result: await resultOf(name) })));
  await Promise.all((task.after ?? []).map(resultOf));
  const blocker = needed.find(({ result }) => result.status === 'FAILED' || result.blocked);
  if (!blocker) return executeTask(task, context);
  const error = `${blocker.name} did not succeed`;
  await recordTask(context, { name: task.name, attempt: 0, status: 'SKIPPED', error, rows: null });
  return { status: 'SKIPPED', error, blocked: true };
}

async function executeTask(task: Task, context: RunContext): Promise<TaskResult> {
  const logger = context.logger.child({ task: task.name });
  const { withinMs, ...retry } = task.retry ?? DEFAULT_RETRY;
  const deadline = withinMs === undefined ? null : AbortSignal.timeout(withinMs);
  const signal = deadline === null ? context.signal : AbortSignal.any([context.signal, deadline]);
  let attempt = 0;
  let failure = 'it did not end';
  const tryOnce = async () => {
    attempt++;
    await recordTask(context, { name: task.name, attempt, status: 'RUNNING', error: null, rows: null });
    return task.run({ ...context, signal, logger });
  };
  const onFailedAttempt = ({ error, retriesLeft }: { error: Error; retriesLeft: number }) => {
    if (signal.aborted) return;
    failure = error.message;
    logger.warn({ err: error, attempt, retriesLeft }, `${task.name} failed: ${error.message}`);
  };
  try {
    const outcome = await pRetry(tryOnce, { ...retry, randomize: true, signal, onFailedAttempt });
    const result = toResult(outcome);
    await recordTask(context, { name: task.name, attempt, ...result, rows: 'rows' in outcome ? outcome.rows : null });
    return result;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const message = deadline?.aborted ? `given up after ${Number(withinMs) / 1_000} s: ${failure}` : words;
    if (!context.signal.aborted) await recordTask(context, { name: task.name, attempt, status: 'FAILED', error: message, rows: null });
    return { status: 'FAILED', error: message };
  }
}

function toResult(outcome: TaskOutcome): TaskResult {
  if ('failed' in outcome) return { status: 'FAILED', error: outcome.failed };
  if ('skipped' in outcome) return { status: 'SKIPPED', error: outcome.skipped };
  return { status: 'SUCCEEDED', error: null };
}

interface TaskRecord {
  name: string;
  attempt: number;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'SKIPPED';
  error: string | null;
  rows: number | null;
}

/** Of a run that another worker has taken over, this one has nothing more to say. */
async function recordTask(context: RunContext, task: TaskRecord): Promise<void> {
  context.signal.throwIfAborted();
  const ended = task.status !== 'RUNNING';
  await context.db.pool.query(
    `INSERT INTO ops.task_runs (run_id, run_attempt, name, attempt, status, started_at, finished_at, rows_written, error)
     SELECT r.id, r.attempt, $3::text, $4::integer, $5::text, clock_timestamp(), CASE WHEN $6::boolean THEN clock_timestamp() END, $7::bigint, $8::text
     FROM ops.pipeline_runs r WHERE r.id = $1 AND r.attempt = $2 FOR SHARE
     ON CONFLICT (run_id, run_attempt, name) DO UPDATE
       SET attempt = excluded.attempt, status = excluded.status, finished_at = excluded.finished_at,
           rows_written = excluded.rows_written, error = excluded.error`,
    [context.run.id, context.run.attempt, task.name, task.attempt, task.status, ended, task.rows, task.error],
  );
}
