/**
 * Executes what the run ledger holds: one loop per pipeline, each with one run at a time, all of them side by side.
 * Must stay true: an ended run is recorded only by the attempt that still owns it; a worker that stops leaves its runs to the next
 * one at once; no error of the ledger ends a loop.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Complaint } from '../../src/platform/complaint.js';
import type { Heartbeats } from '../../src/platform/heartbeats.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import type { PipelineRunRow } from '../../src/store/pipelines/runs.js';
import { claimRun, finishRun, type Leases, RunAborted, releaseRun } from './lease.js';
import type { RunEnd, RunMetrics } from './observation/run-metrics.js';
import { executeTasks, type Pipeline, type RunOutcome } from './pipeline.js';

const POLL_MS = 1_000;
/** Asking the ledger for a run. What executing one takes, its lease and its tasks' own time-outs watch. */
const CLAIM_BOUND_MS = 360_000;

export interface WorkerContext {
  db: Database;
  leases: Leases;
  logger: Logger;
  /** Stops claiming, and what is being executed. */
  signal: AbortSignal;
  metrics?: RunMetrics;
  heartbeats?: Heartbeats;
}

/** Claims and executes runs of the pipeline until the signal; resolves when the last one has ended. */
export async function workPipeline(context: WorkerContext, pipeline: Pipeline): Promise<void> {
  const heartbeat = context.heartbeats?.of(`runs of ${pipeline.name}`, CLAIM_BOUND_MS);
  const complaint = new Complaint(context.logger, 'error');
  while (!context.signal.aborted) {
    heartbeat?.beat();
    let worked: PipelineRunRow | null = null;
    try {
      worked = await workOnce(context, pipeline, heartbeat?.rest);
      complaint.end();
    } catch (error) {
      complaint.say(error, `${pipeline.name}: the run ledger did not answer; trying again`, { pipeline: pipeline.name });
    }
    if (!worked) await sleep(POLL_MS, undefined, { signal: context.signal }).catch(() => {});
  }
  heartbeat?.rest();
}

/** Claims and executes the next run, if there is one. */
export async function workOnce(context: WorkerContext, pipeline: Pipeline, onClaimed?: () => void): Promise<PipelineRunRow | null> {
  const run = await claimRun(context.db, pipeline.name, context.leases.owner);
  onClaimed?.();
  if (run) await executeRun(context, pipeline, run);
  return run;
}

async function executeRun(context: WorkerContext, pipeline: Pipeline, run: PipelineRunRow): Promise<void> {
  const { db, leases, logger, signal: stopping } = context;
  const lease = leases.hold(run);
  const signal = AbortSignal.any([lease.signal, stopping]);
  const runLogger = logger.child({ pipeline: run.pipeline, run: String(run.id), date: run.logicalDate ?? undefined, attempt: run.attempt });
  const startedAt = performance.now();
  runLogger.debug(`${run.pipeline} started`);
  let end: RunEnd = 'left';
  try {
    const fence = { runId: run.id, attempt: run.attempt };
    const outcome = await executeTasks(pipeline, { db, run, fence, signal, logger: runLogger });
    if (signal.aborted) return leave(db, run, signal.reason, runLogger);
    const owned = await finishRun(db, run, outcome.status, outcome.error);
    if (!owned) return runLogger.warn(`${run.pipeline}: another worker has taken this run over`);
    end = END[outcome.status];
    report(logger, run, outcome, performance.now() - startedAt);
  } catch (error) {
    if (signal.aborted) return leave(db, run, signal.reason, runLogger);
    runLogger.error({ err: error }, `${run.pipeline}: the run could not be recorded; it is left to the next attempt`);
    await releaseRun(db, run).catch(() => {}); // the ledger is away: the lease lapses by itself
  } finally {
    lease.drop();
    context.metrics?.ended(run.pipeline, end, performance.now() - startedAt);
  }
}

const END = { SUCCEEDED: 'succeeded', FAILED: 'failed', SKIPPED: 'skipped' } as const satisfies Record<RunOutcome['status'], RunEnd>;

async function leave(db: Database, run: PipelineRunRow, aborted: unknown, logger: Logger): Promise<void> {
  if (aborted instanceof RunAborted && aborted.reason === 'lease lost')
    return logger.warn(`${run.pipeline}: the lease was lost; another worker goes on`);
  await releaseRun(db, run);
  logger.info(`${run.pipeline}: left to the next worker`);
}

function report(logger: Logger, run: PipelineRunRow, outcome: RunOutcome, elapsedMs: number): void {
  const what = run.logicalDate ? `${run.pipeline} of ${run.logicalDate}` : run.pipeline;
  const seconds = (elapsedMs / 1_000).toFixed(1);
  if (outcome.status === 'FAILED') logger.error(`${what} failed after ${seconds} s: ${outcome.error}`);
  else logger[run.logicalDate ? 'info' : 'debug'](`${what}: ${outcome.status.toLowerCase()} in ${seconds} s`);
}
