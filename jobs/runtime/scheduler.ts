/**
 * Asks the run ledger for what is due: at start, and whenever an entry's cron says so (UTC). Every worker schedules; the insert decides.
 * Must stay true: what is due follows from the ledger and the clock alone, so whatever was missed, by a downtime or a lost
 * connection, is asked for the next time.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import schedule from 'node-schedule';
import pRetry from 'p-retry';
import { addDays, type Clock, MINUTE, SECOND, type UtcDate } from '../../src/domain/time.js';
import { Complaint } from '../../src/platform/complaint.js';
import type { Heartbeat, Heartbeats } from '../../src/platform/heartbeats.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { findNewestDate, newestEndedDay, type PipelineName, requestRun } from '../../src/store/pipelines/runs.js';
import type { Pipeline } from './pipeline.js';

export interface ScheduleEntry {
  pipeline: Pipeline;
  /** Five or six fields, UTC. */
  cron: string;
  /** The dates that are due, in order; a pipeline without dates: [null] if a run is due. `atStart`: the worker has just started. */
  due(now: Date, atStart: boolean): Promise<(UtcDate | null)[]>;
}

interface SchedulerContext {
  db: Database;
  clock: Clock;
  logger: Logger;
  heartbeats?: Heartbeats;
}

/** One attempt to ask the ledger, with a pause after a failed one. */
const ASK_BOUND_MS = 360_000;
/** The clock that calls entries: the most frequent one is called every 15 s. */
const CLOCK_BOUND_MS = 5 * MINUTE;

/** Where the clock was set back, timers were set for an instant that is further away now: they are set anew. */
const CLOCK_LOOK_MS = 15 * SECOND;

/** A timer may fire a little early; the day that ends with it must have ended. */
const TIMER_SLACK_MS = 50;

/** Every ended day since the newest that was asked for, in order; at the very first start only the newest. */
export async function missedDates(db: Database, pipeline: PipelineName, now: Date): Promise<UtcDate[]> {
  const newestDue = newestEndedDay(now);
  const newestAsked = await findNewestDate(db.pool, pipeline);
  const dates: UtcDate[] = [];
  for (let date = newestAsked === null ? newestDue : addDays(newestAsked, 1); date <= newestDue; date = addDays(date, 1)) dates.push(date);
  return dates;
}

/** Queues what the entry finds due; returns how many runs that are. */
export async function requestDue({ db, clock }: SchedulerContext, entry: ScheduleEntry, atStart: boolean): Promise<number> {
  const now = clock.now();
  // Workers that ask in the same minute name the same run.
  const minute = new Date(Math.floor(now.getTime() / MINUTE) * MINUTE);
  let queued = 0;
  for (const logicalDate of await entry.due(now, atStart)) {
    const request = { pipeline: entry.pipeline.name, logicalDate, now: logicalDate === null ? minute : now, again: false };
    if ((await requestRun(db.pool, request)).queued) queued++;
  }
  return queued;
}

/** What was missed, and what every start asks for. */
export async function requestAtStart(context: SchedulerContext, entries: ScheduleEntry[], signal: AbortSignal): Promise<void> {
  await Promise.all(entries.map((entry) => askUntilAnswered(context, entry, true, signal)));
}

/** Asks for every entry when its cron says so, until the signal. */
export async function runScheduler(context: SchedulerContext, entries: ScheduleEntry[], signal: AbortSignal): Promise<void> {
  const underWay = new Map<ScheduleEntry, Promise<void>>();
  const frequent = entries.some(({ cron }) => cron.startsWith('*/') || cron.startsWith('* '));
  const clock = frequent ? context.heartbeats?.of('scheduler', CLOCK_BOUND_MS) : undefined;
  clock?.beat();
  const ask = (entry: ScheduleEntry) => {
    clock?.beat();
    if (underWay.has(entry)) return;
    const asked = askUntilAnswered(context, entry, false, signal);
    underWay.set(
      entry,
      asked.finally(() => underWay.delete(entry)),
    );
  };
  const begin = () => entries.map((entry) => schedule.scheduleJob({ rule: entry.cron, tz: 'Etc/UTC' }, () => ask(entry)));
  let jobs = begin();
  let seen = Date.now();
  const watch = setInterval(() => {
    const now = Date.now();
    if (now < seen) {
      for (const job of jobs) job.cancel();
      jobs = begin();
    }
    seen = now;
  }, CLOCK_LOOK_MS);
  if (!signal.aborted) await once(signal, 'abort');
  clearInterval(watch);
  for (const job of jobs) job.cancel();
  clock?.rest();
  await Promise.all(underWay.values());
}

/** Never rejects: an error of the ledger is tried again, anything else is a bug of one entry and is logged. */
async function askUntilAnswered(context: SchedulerContext, entry: ScheduleEntry, atStart: boolean, signal: AbortSignal): Promise<void> {
  const { name } = entry.pipeline;
  const { logger } = context;
  const complaint = new Complaint(logger, 'warn');
  const heartbeat = context.heartbeats?.of(`scheduling of ${name}`, ASK_BOUND_MS);
  try {
    if (!atStart) await sleep(TIMER_SLACK_MS, undefined, { signal });
    await pRetry(() => askOnce(context, entry, atStart, heartbeat), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: SECOND,
      maxTimeout: 30 * SECOND,
      randomize: true,
      signal,
      onFailedAttempt: ({ error }) => complaint.say(error, `${name} could not be scheduled; trying again: ${error.message}`),
    });
  } catch (error) {
    if (!signal.aborted) logger.error({ err: error }, `${name} could not be scheduled`);
  } finally {
    heartbeat?.rest();
  }
}

function askOnce(context: SchedulerContext, entry: ScheduleEntry, atStart: boolean, heartbeat: Heartbeat | undefined): Promise<number> {
  heartbeat?.beat();
  return requestDue(context, entry, atStart);
}
