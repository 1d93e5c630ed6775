/**
 * The worker: prepares the database, then schedules and executes pipelines. Any number of workers may run; the run ledger decides.
 * runPipelineOnce asks for one run by hand and sees it through.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../src/domain/time.js';
import type { Config } from '../src/platform/config.js';
import type { EventLog } from '../src/platform/event-log/event-log.js';
import { TOPICS } from '../src/platform/event-log/topics.js';
import type { Heartbeats } from '../src/platform/heartbeats.js';
import type { Logger } from '../src/platform/logger.js';
import type { Metrics } from '../src/platform/metrics/metrics.js';
import type { Database } from '../src/platform/postgres/database.js';
import {
  findRun,
  isPipelineName,
  loadTaskRuns,
  type PipelineRunRow,
  requestRunByHand,
  type TaskRunRow,
} from '../src/store/pipelines/runs.js';
import { getTrackedCoins } from '../src/store/tracked-coins.js';
import { trackConfiguredCoins } from './pipelines/bootstrap.js';
import { queueHoles } from './pipelines/history.js';
import { RunAborted, startLeases } from './runtime/lease.js';
import { createRunMetrics } from './runtime/observation/run-metrics.js';
import { requestAtStart, runScheduler } from './runtime/scheduler.js';
import { workOnce, workPipeline } from './runtime/worker.js';
import { createSchedule } from './schedule.js';
import type { PriceSource } from './sources/source.js';
import { registerDatasets } from './transforms/registry.js';

export interface WorkerOptions {
  db: Database;
  log: EventLog;
  source: PriceSource;
  config: Pick<Config, 'coins' | 'batchCron' | 'retentionDays' | 'kafka'>;
  clock: Clock;
  logger: Logger;
  metrics?: Metrics;
  heartbeats?: Heartbeats;
}

export interface Worker {
  /** Leaves what it executes to the next worker. */
  stop(): Promise<void>;
  /** Rejects when the worker cannot go on: with an OperatorError where COINS is wrong. */
  readonly ended: Promise<void>;
}

/** Returns at once: preparing takes as long as the source takes to answer. */
export function startWorker(options: WorkerOptions): Worker {
  const stopping = new AbortController();
  const ended = run(options, stopping.signal);
  ended.catch(() => {});
  return {
    ended,
    async stop() {
      stopping.abort(new RunAborted('stopping'));
      await ended.catch(() => {});
    },
  };
}

async function run(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const { db, clock, logger, heartbeats } = options;
  const metrics = options.metrics === undefined ? undefined : createRunMetrics(options.metrics);
  await prepare(options, signal);
  const entries = scheduleOf(options);
  const leases = startLeases(db, workerName(), logger);
  try {
    await requestAtStart({ db, clock, logger, heartbeats }, entries, signal);
    await Promise.all([
      runScheduler({ db, clock, logger, heartbeats }, entries, signal),
      ...entries.map(({ pipeline }) => workPipeline({ db, leases, logger, signal, metrics, heartbeats }, pipeline)),
    ]);
  } finally {
    await leases.stop();
  }
}

/** What pipelines take for granted, beside the months of raw prices. Doing it again changes nothing. */
async function prepare(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const { db, source, clock, logger, config } = options;
  const stale = await registerDatasets(db);
  if (stale.length > 0) logger.info(`made by other definitions than today's, so the pipeline rebuild makes them anew: ${stale.join(', ')}`);
  const added = await trackConfiguredCoins({ db, source, clock, logger, coins: config.coins }, signal);
  // At once, so that the first daily run knows that a year is on its way.
  if (added > 0) await queueHoles({ db, source, clock, retentionDays: config.retentionDays });
}

/** Where coins are followed, COINS of whoever asks by hand is not what the worker was told: it adds none. */
async function prepareByHand(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  if ((await getTrackedCoins(options.db.pool)).length === 0) await prepare(options, signal);
  else await registerDatasets(options.db);
}

function scheduleOf({ config, ...options }: WorkerOptions) {
  const { retentionDays, batchCron, kafka } = config;
  return createSchedule({ ...options, retentionDays, batchCron, trimmedTopics: kafka === null ? TOPICS : [] });
}

function workerName(): string {
  return `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;
}

export interface RunReport {
  run: PipelineRunRow;
  tasks: TaskRunRow[];
}

/** A worker has this long to take the run up before it is executed here. */
const WORKER_GRACE_MS = 2_000;
const POLL_MS = 250;

/**
 * Asks the ledger for a run and resolves when it has ended. A living worker executes it; where none does, this process.
 * @throws OperatorError where the request makes no sense: no such pipeline, no date, a malformed one, a day that has not ended.
 */
export async function runPipelineOnce(
  options: WorkerOptions,
  asked: { pipeline: string; date: string | null },
  signal: AbortSignal,
): Promise<RunReport> {
  const { db, clock, logger } = options;
  const { run: requested, queued } = await requestRunByHand(db.pool, {
    pipeline: asked.pipeline,
    logicalDate: asked.date,
    now: clock.now(),
  });
  if (!queued) logger.info(`${asked.pipeline}: this run is ${requested.status.toLowerCase()} already; waiting for it`);
  const leases = startLeases(db, workerName(), logger);
  const entry = isPipelineName(asked.pipeline) && scheduleOf(options).find(({ pipeline }) => pipeline.name === asked.pipeline);
  if (!entry) throw new Error(`pipeline ${asked.pipeline} is not in the schedule`);
  let untilHere = performance.now() + WORKER_GRACE_MS;
  try {
    for (;;) {
      const run = await findRun(db.pool, requested.id);
      if (run === null) throw new Error(`run ${requested.id} is gone from the ledger`);
      if (run.status !== 'QUEUED' && run.status !== 'RUNNING')
        return { run, tasks: (await loadTaskRuns(db.pool, [run.id])).get(run.id) ?? [] };
      if (performance.now() >= untilHere) {
        if (Number.isFinite(untilHere)) await prepareByHand(options, signal);
        untilHere = Number.NEGATIVE_INFINITY;
        await workOnce({ db, leases, logger, signal }, entry.pipeline);
      }
      await sleep(POLL_MS, undefined, { signal });
    }
  } finally {
    await leases.stop();
  }
}
