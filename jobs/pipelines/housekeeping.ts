/**
 * The pipeline `housekeeping`: what keeps a database that nobody looks after in order. Hourly; each task stands alone.
 * Must stay true: nothing that a consumer, a cursor or a rebuild still needs is removed.
 */
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import { type Clock, DAY } from '../../src/domain/time.js';
import type { TopicSpec } from '../../src/platform/event-log/event-log.js';
import { trimLog } from '../../src/platform/event-log/trim-log.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { findNewestObservation } from '../../src/store/mart/latest-prices.js';
import { isRebuildUnderWay } from '../../src/store/pipelines/publishing.js';
import { deleteOldCheckResults, deleteOldRuns, isCheckOfAllDue } from '../../src/store/pipelines/retention.js';
import { dropMonthlyPartitions, ensureMonthlyPartitions, priceWindow } from '../../src/store/raw/partitions.js';
import { runAllChecks } from '../runtime/check.js';
import type { Pipeline, RunContext, TaskOutcome } from '../runtime/pipeline.js';
import { compactChangedDays } from '../runtime/publish.js';

export interface HousekeepingDeps {
  db: Database;
  clock: Clock;
  /** Days that raw is kept; null: for ever. */
  retentionDays: number | null;
  /** Topics of the log in Postgres; empty where the log is Kafka, which trims itself. */
  trimmedTopics: readonly TopicSpec[];
}

/** Runs of dates are kept for ever: one a day. */
const RUNS_KEPT_DAYS = 30;

export function housekeepingPipeline(deps: HousekeepingDeps): Pipeline {
  const { db, clock, trimmedTopics } = deps;
  return {
    name: 'housekeeping',
    tasks: [
      { name: 'make_months', run: () => makeMonths(deps) },
      { name: 'drop_months', run: () => dropMonths(deps) },
      {
        name: 'trim_log',
        async run() {
          let trimmed = 0n;
          for (const topic of trimmedTopics) trimmed += await trimLog(db, topic, topic.topic === PRICES_TOPIC);
          return { rows: Number(trimmed) };
        },
      },
      { name: 'compact_marks', run: async () => ({ rows: await compactChangedDays(db) }) },
      { name: 'check_all', run: (context) => checkAll(deps, context) },
      {
        name: 'forget_old_runs',
        after: ['check_all'],
        async run() {
          const before = new Date(clock.now().getTime() - RUNS_KEPT_DAYS * DAY);
          return { rows: (await deleteOldRuns(db.pool, before)) + (await deleteOldCheckResults(db.pool, before)) };
        },
      },
    ],
  };
}

async function makeMonths({ db, clock, retentionDays }: HousekeepingDeps): Promise<TaskOutcome> {
  const { from, to } = priceWindow(clock.now(), retentionDays);
  return { rows: (await ensureMonthlyPartitions(db, from, to)).length };
}

/** Nothing brings them back, so a clock that is ahead must not decide: the source's own, at the newest price, has a say. */
async function dropMonths({ db, clock, retentionDays }: HousekeepingDeps): Promise<TaskOutcome> {
  if (retentionDays === null) return { skipped: 'raw is kept for ever (RETENTION_DAYS is not set)' };
  const newest = await findNewestObservation(db.pool);
  if (newest === null) return { skipped: 'there is no price yet' };
  if (await isRebuildUnderWay(db.pool, clock.now())) return { skipped: 'a rebuild reads what is to go' };
  const now = Math.min(clock.now().getTime(), newest.getTime());
  return { rows: (await dropMonthlyPartitions(db, new Date(now - retentionDays * DAY))).length };
}

/** Whole tables, once a day: that reads everything there is. */
async function checkAll({ db, clock }: HousekeepingDeps, { run, signal, logger }: RunContext): Promise<TaskOutcome> {
  if (!(await isCheckOfAllDue(db.pool, clock.now()))) return { skipped: 'whole tables were checked within the last day' };
  const results = await runAllChecks(db, run.id, clock, signal);
  for (const check of results.filter((result) => result.status === 'WARNED')) logger.warn(`${check.dataset}: ${check.message}`);
  const broken = results.filter((result) => result.status === 'FAILED');
  if (broken.length === 0) return { rows: null };
  return { failed: broken.map((check) => `${check.dataset}: ${check.message}`).join('; ') };
}
