/** When daily fetches the end of its day: by the clock of the worker that executes it. */
import { expect, test } from '@jest/globals';
import { dailyPipeline } from '../../jobs/pipelines/daily.js';
import { workOnce } from '../../jobs/runtime/worker.js';
import type { Clock } from '../../src/domain/time.js';
import { createPostgresEventLog } from '../../src/platform/event-log/postgres-event-log.js';
import { loadTaskRuns, type PipelineRunRow } from '../../src/store/pipelines/runs.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { fixedClock } from '../kit/clock.js';
import { logger, now, useRuns } from './setting/runs.js';
import { scriptedSource } from './setting/scripted-source.js';

const { db, worker, request } = useRuns();

/** Executes the fetches of the 23rd. */
async function fetchWith(clock: Clock) {
  await trackCoins(db().pool, ['bitcoin'], 'simulator', now);
  await request('2026-11-23');
  const source = scriptedSource(fixedClock('2026-11-24T00:00:00.100Z'), ['bitcoin']);
  const { name, tasks } = dailyPipeline({ db: db(), log: createPostgresEventLog(db(), logger), source, clock });
  const fetches = tasks.filter((task) => task.name.startsWith('fetch_'));
  const run = (await workOnce(worker('b'), { name, tasks: fetches })) as PipelineRunRow;
  const ended = (await loadTaskRuns(db().pool, [run.id])).get(run.id) ?? [];
  return { calls: source.calls.sort(), tasks: ended.map(({ status, error }) => ({ status, error })) };
}

test('a worker whose clock is a moment behind that of the one that asked waits for the end of the day', async () => {
  let looks = 0;
  const clock = { now: () => new Date(++looks < 6 ? '2026-11-23T23:59:59.900Z' : '2026-11-24T00:00:00.100Z') };
  const fetched = { status: 'SUCCEEDED', error: null };
  expect(await fetchWith(clock)).toEqual({ calls: ['global', 'marketSnapshot'], tasks: [fetched, fetched] });
});

test('one whose clock is hours behind does not', async () => {
  const error = 'what the market is today says nothing about 2026-11-23';
  const skipped = { status: 'SKIPPED', error };
  expect(await fetchWith(fixedClock('2026-11-23T20:00:00Z'))).toEqual({ calls: [], tasks: [skipped, skipped] });
});
