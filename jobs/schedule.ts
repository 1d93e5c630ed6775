/** Every pipeline, and when it runs. A new one is a file in jobs/pipelines, a name in src/store/pipelines/runs.ts and a line here. */
import { HOUR, MINUTE } from '../src/domain/time.js';
import type { Database } from '../src/platform/postgres/database.js';
import { getFailingIntervals } from '../src/store/pipelines/history.js';
import { hasOverdueMarks, isRebuildUnderWay } from '../src/store/pipelines/publishing.js';
import { findNewestRequest } from '../src/store/pipelines/runs.js';
import { type DailyDeps, dailyPipeline } from './pipelines/daily.js';
import { type HistoryPipelineDeps, historyPipeline } from './pipelines/history.js';
import { type HousekeepingDeps, housekeepingPipeline } from './pipelines/housekeeping.js';
import { rebuildPipeline } from './pipelines/rebuild.js';
import { restatePipeline } from './pipelines/restate.js';
import { missedDates, type ScheduleEntry } from './runtime/scheduler.js';
import { registerDatasets } from './transforms/registry.js';

export type ScheduleDeps = DailyDeps & HistoryPipelineDeps & HousekeepingDeps & { batchCron: string };

const ONCE = [null];
const NOT_NOW: null[] = [];

export function createSchedule(deps: ScheduleDeps): ScheduleEntry[] {
  const { db, source, batchCron } = deps;
  return [
    { pipeline: dailyPipeline(deps), cron: batchCron, due: (now) => missedDates(db, 'daily', now) },
    { pipeline: restatePipeline(deps), cron: '*/15 * * * * *', due: (now) => restateDue(db, now) },
    {
      pipeline: historyPipeline(deps),
      cron: '* * * * *',
      async due(now, atStart) {
        const last = await findNewestRequest(db.pool, 'history');
        // One from ahead was asked for before the clock was set back; by a minute workers may disagree.
        const age = last === null ? HOUR : now.getTime() - last.getTime();
        if (atStart || age >= HOUR || age < -MINUTE) return ONCE;
        const [soonest] = await getFailingIntervals(db.pool, source.name);
        return soonest && soonest.retryAt <= now ? ONCE : NOT_NOW;
      },
    },
    { pipeline: housekeepingPipeline(deps), cron: '17 * * * *', due: async (_, atStart) => (atStart ? NOT_NOW : ONCE) },
    rebuildEntry(deps),
  ];
}

async function restateDue({ pool }: Database, now: Date): Promise<null[]> {
  return (await hasOverdueMarks(pool)) && !(await isRebuildUnderWay(pool, now)) ? ONCE : NOT_NOW;
}

/**
 * Asked for until the rows are made by this version's definitions: while versions take turns, a worker of the old one may take the run
 * up and find nothing to do. That one, which was content at its start, does not ask.
 */
function rebuildEntry(deps: ScheduleDeps): ScheduleEntry {
  let wanted = false;
  return {
    pipeline: rebuildPipeline(deps),
    cron: '*/15 * * * *',
    async due(_, atStart) {
      if (atStart || wanted) wanted = (await registerDatasets(deps.db)).length > 0;
      return wanted ? ONCE : NOT_NOW;
    },
  };
}
