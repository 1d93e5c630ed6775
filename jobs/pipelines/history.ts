/**
 * The pipeline `history`: finds what is missing, before a coin was tracked, while the platform was down, and of days whose snapshot was
 * missed, fetches what the source still offers of it, and publishes what that changes. Runs at start and hourly, and when a failed
 * interval's next attempt is due.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DAY, MINUTE, SECOND } from '../../src/domain/time.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Logger } from '../../src/platform/logger.js';
import { LOCKS } from '../../src/platform/postgres/locks.js';
import { getFilledTables } from '../../src/store/pipelines/filled-tables.js';
import { insertGap } from '../../src/store/pipelines/gaps.js';
import {
  findHistoryProgress,
  getDueIntervals,
  getFailingIntervals,
  getHoles,
  getMissedSnapshots,
  type HistoryInterval,
  type HistoryProgress,
  insertIntervals,
  type PlannedInterval,
} from '../../src/store/pipelines/history.js';
import { isDailyFetching, isFirstPublishUnderWay } from '../../src/store/pipelines/publishing.js';
import type { Pipeline, RunContext, TaskOutcome } from '../runtime/pipeline.js';
import { type HistoryDeps, type IntervalOutcome, loadInterval, usableHistoryDays } from './history-load.js';
import { planHole } from './history-plan.js';
import { publishDays } from './publishing.js';
import { waitForStream } from './stream-wait.js';

const SMALLEST_HOLE_MS = 10 * MINUTE;
/** Holes are found within the hour; a longer downtime counts from the last thing seen before it, however long ago. */
const LOOK_BACK_MS = 7 * DAY;
const CONCURRENCY = 6;
/** So many attempts in a row that came to nothing: the source is down, and the rest would fare no better. */
const FAILURES_TO_STOP = 10;
/** A next attempt that is due sooner is waited for; a later one is another run's. */
const LONGEST_WAIT_MS = 2 * MINUTE;
const POLL_MS = SECOND / 4;

export interface HistoryPipelineDeps extends HistoryDeps {
  log: EventLog;
  logger: Logger;
  retentionDays: number | null;
}

export function historyPipeline(deps: HistoryPipelineDeps): Pipeline {
  return {
    name: 'history',
    tasks: [
      {
        name: 'find_holes',
        async run({ signal }) {
          // What lies in the log is no hole: it is about to be stored.
          await waitForStream(deps, { until: deps.clock.now(), deadline: new Date(deps.clock.now().getTime() + 30 * SECOND) }, signal);
          return { rows: await queueHoles(deps) };
        },
      },
      {
        name: 'load',
        dependsOn: ['find_holes'],
        async run(context) {
          const outcome = await loadHistory(deps, context.signal, deps.logger);
          if ('rows' in outcome) await vacuumFilledTables(context);
          return outcome;
        },
      },
      { name: 'publish', after: ['load'], run: (context) => publishDays(context, { through: null, clock: deps.clock }) },
    ],
  };
}

/**
 * Enters into the ledger what has to be asked for; returns how many intervals are new. One at a time: what another found at another
 * instant has other ends, and only a look at the ledger tells that it is the same.
 */
export async function queueHoles({ db, source, clock, retentionDays }: HistoryDeps & { retentionDays: number | null }): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1, 0)', [LOCKS.holes]);
    const now = clock.now();
    const historyDays = usableHistoryDays(source);
    const keptSince = retentionDays === null ? null : new Date(now.getTime() - retentionDays * DAY);
    const asked = { source: source.name, historyDays, keptSince, now, lookBackMs: LOOK_BACK_MS, longerThanMs: SMALLEST_HOLE_MS };
    const plans = (await getHoles(tx, asked)).map((hole) => planHole(hole, now, historyDays));
    const intervals = plans.flatMap((plan) => plan.intervals);
    const queued = await insertIntervals(tx, source.name, intervals, now);
    // After those, which hold many of these days.
    const since = new Date(Math.max(now.getTime() - LOOK_BACK_MS, keptSince?.getTime() ?? 0));
    const missed = await getMissedSnapshots(tx, { source: source.name, since, now });
    const alone = missed.map((days): PlannedInterval => ({ ...days, grain: '1d' }));
    const more = await insertIntervals(tx, source.name, alone, now);
    for (const gap of plans.flatMap((plan) => plan.gaps)) {
      await insertGap(tx, { ...gap, source: source.name, reason: `further back than the ${historyDays} days that the plan gives` }, now);
    }
    return queued + more;
  });
}

/** Works off everything that is due. */
export async function loadHistory(deps: HistoryDeps, signal: AbortSignal, logger: Logger): Promise<TaskOutcome> {
  const progress = reportProgress(deps, logger);
  let done = 0;
  try {
    for (;;) {
      const due = await getDueIntervals(deps.db.pool, deps.source.name, deps.clock.now());
      if (due.length > 0) {
        const days = due.filter((interval) => interval.grain === '1d');
        // A newcomer waits for the first marts; what is finer than a day can wait for them.
        if (days.length === 0) await letPass(() => isFirstPublishUnderWay(deps.db.pool), signal);
        const loaded = await loadDue(deps, days.length > 0 ? days : due, signal, logger);
        done += loaded.done;
        if (loaded.stopped !== null) return { failed: loaded.stopped };
        continue;
      }
      const failing = await getFailingIntervals(deps.db.pool, deps.source.name);
      const soonest = failing[0];
      if (!soonest) return done > 0 ? { rows: done } : { skipped: 'nothing is missing' };
      const waitMs = soonest.retryAt.getTime() - deps.clock.now().getTime();
      if (waitMs > LONGEST_WAIT_MS) {
        return {
          failed: `${failing.length} intervals wait for another attempt, the next at ${soonest.retryAt.toISOString()}: ${soonest.error}`,
        };
      }
      await sleep(Math.min(Math.max(waitMs, 0), POLL_MS), undefined, { signal });
    }
  } finally {
    await progress.stop();
  }
}

/** Waits while `passing` says so. What it waits for never waits for history longer than a minute. */
async function letPass(passing: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (await passing()) await sleep(POLL_MS, undefined, { signal });
}

/**
 * What autovacuum would do within the minute, slowed down, table by table: it has a snapshot open all the while that it analyzes, and behind it
 * live rows bloat that are updated ten times a second. Where this cannot be done, autovacuum still will.
 */
async function vacuumFilledTables({ db, signal, logger }: RunContext): Promise<void> {
  try {
    for (const table of await getFilledTables(db.pool)) {
      signal.throwIfAborted();
      await db.pool.query(`VACUUM (ANALYZE, SKIP_LOCKED) ${table}`);
    }
  } catch (error) {
    signal.throwIfAborted();
    logger.warn({ err: error }, `a table that history has filled could not be vacuumed: ${(error as Error).message}`);
  }
}

/** Several at a time. `stopped`: why the rest was left alone. */
async function loadDue(
  deps: HistoryDeps,
  due: HistoryInterval[],
  signal: AbortSignal,
  logger: Logger,
): Promise<{ done: number; stopped: string | null }> {
  const giveUp = new AbortController();
  const stop = AbortSignal.any([signal, giveUp.signal]);
  const result: { done: number; stopped: string | null } = { done: 0, stopped: null };
  let next = 0;
  let failuresInARow = 0;
  const count = (outcome: IntervalOutcome) => {
    if (outcome.status === 'done') result.done++;
    if (outcome.status === 'done' || outcome.status === 'unavailable') failuresInARow = 0;
    else if (outcome.status === 'blocked') result.stopped = outcome.reason;
    else if (outcome.status === 'postponed' && ++failuresInARow === FAILURES_TO_STOP) {
      result.stopped = `${FAILURES_TO_STOP} calls in a row came to nothing, the rest waits for the next run: ${outcome.reason}`;
    }
  };
  const work = async () => {
    for (let interval = due[next++]; interval && result.stopped === null; interval = due[next++]) {
      // Where the plan gives few calls, the day's own come first.
      await letPass(() => isDailyFetching(deps.db.pool), stop);
      count(await loadInterval(deps, interval, stop, logger));
    }
  };
  const workers = Array.from({ length: CONCURRENCY }, () => work());
  for (const worker of workers) worker.catch((error: unknown) => giveUp.abort(error));
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return result;
}

/** A line every few seconds while there is progress, and one a minute where there is little. */
function reportProgress({ db, clock }: HistoryDeps, logger: Logger): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const report = async () => {
    let said = { done: -1, at: 0 };
    for (;;) {
      await sleep(3 * SECOND, undefined, { signal: stopping.signal });
      const progress = await findHistoryProgress(db.pool, clock.now());
      if (progress === null || (progress.intervalsDone === said.done && performance.now() - said.at < MINUTE)) continue;
      logger.info(describeProgress(progress, clock.now()));
      said = { done: progress.intervalsDone, at: performance.now() };
    }
  };
  const ended = report().catch((error: unknown) => {
    if (!stopping.signal.aborted) logger.warn({ err: error }, 'the progress of history could not be read');
  });
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

const GRAIN_NAMES = { '1d': 'daily', '1h': 'hourly', '5m': 'five-minute' } as const;

export function describeProgress(progress: HistoryProgress, now: Date): string {
  const coins = progress.grains.map(({ grain, done, total }) => `${GRAIN_NAMES[grain]} ${done}/${total} coins`).join(', ');
  const left =
    progress.estimatedFinishAt === null ? '' : `, about ${describeDuration(progress.estimatedFinishAt.getTime() - now.getTime())} left`;
  return `history: ${coins}, ${progress.rows.toLocaleString('en-US')} rows${left}`;
}

function describeDuration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / SECOND));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
