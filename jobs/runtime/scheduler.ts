/**
 * Asks the run ledger for what is due: at start, and whenever an entry's cron says so (UTC). Every worker schedules; the insert decides.
 * Must stay true: what is due follows from the ledger and the clock alone, so whatever was missed, by a downtime or a lost
 * connection, is asked for the next time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import schedule from 'node-schedule';
import pRetry from 'p-retry';
import { addDays, type Clock, MINUTE, type UtcDate } from '../../src/domain/time.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { findNewestDate, newestEndedDay, type PipelineName, requestRun } from '../../src/store/runs.js';

export interface ScheduleEntry {
  pipeline: PipelineName;
  /** Six or five fields, UTC. */
  cron: string;
  /** The dates that are due, in order; a pipeline without dates: [null] if a run is due. `atStart`: the worker has just started. */
  due(now: Date, atStart: boolean): Promise<(UtcDate | null)[]>;
}

interface SchedulerContext {
  db: Database;
  clock: Clock;
  logger: Logger;
}

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
    const request = { pipeline: entry.pipeline, logicalDate, now: logicalDate === null ? minute : now, again: false };
    if ((await requestRun(db.pool, request)).queued) queued++;
  }
  return queued;
}

/** Asks once for every entry before it resolves, then as their crons say. */
export async function startScheduler(context: SchedulerContext, entries: ScheduleEntry[]): Promise<{ stop(): Promise<void> }> {
  const stopping = new AbortController();
  const underWay = new Map<ScheduleEntry, Promise<void>>();
  const ask = async (entry: ScheduleEntry, atStart: boolean) => {
    const onFailedAttempt = ({ error }: { error: Error }) =>
      context.logger.warn({ err: error }, `${entry.pipeline} could not be scheduled; trying again: ${error.message}`);
    const retry = { retries: Number.POSITIVE_INFINITY, minTimeout: 1_000, maxTimeout: 30_000, randomize: true, onFailedAttempt };
    await pRetry(() => requestDue(context, entry, atStart), { ...retry, signal: stopping.signal });
  };
  await Promise.all(entries.map((entry) => ask(entry, true)));
  const jobs = entries.map((entry) =>
    schedule.scheduleJob({ rule: entry.cron, tz: 'Etc/UTC' }, () => {
      if (underWay.has(entry)) return;
      const asked = sleep(TIMER_SLACK_MS)
        .then(() => ask(entry, false))
        .catch((error: unknown) => {
          if (!stopping.signal.aborted) context.logger.error({ err: error }, `${entry.pipeline} could not be scheduled`);
        })
        .finally(() => underWay.delete(entry));
      underWay.set(entry, asked);
    }),
  );
  return {
    async stop() {
      for (const job of jobs) job.cancel();
      stopping.abort();
      await Promise.all(underWay.values());
    },
  };
}
