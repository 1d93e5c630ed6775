/** How a run executes its tasks, and when runs are asked for. */
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { claimRun } from '../../jobs/runtime/lease.js';
import type { RunContext, Task } from '../../jobs/runtime/pipeline.js';
import { missedDates, requestDue } from '../../jobs/runtime/scheduler.js';
import { workOnce } from '../../jobs/runtime/worker.js';
import { findRun, getRuns, loadTaskRuns, type PipelineRunRow } from '../../src/store/pipelines/runs.js';
import { fixedClock } from '../kit/clock.js';
import { daily, logger, now, useRuns } from './setting/runs.js';

const { db, worker, request, lapse } = useRuns();

describe('tasks', () => {
  async function execute(tasks: Task[]) {
    await request('2026-11-22', true);
    const run = (await workOnce(worker('a'), { name: 'daily', tasks })) as PipelineRunRow;
    const ended = (await findRun(db().pool, run.id)) as PipelineRunRow;
    const rows = (await loadTaskRuns(db().pool, [run.id])).get(run.id) ?? [];
    return {
      ...ended,
      tasks: Object.fromEntries(rows.map((row) => [row.name, { status: row.status, attempt: row.attempt, error: row.error }])),
    };
  }
  const retry = { retries: 2, minTimeout: 1, maxTimeout: 2 };

  test('run after what they depend on, side by side where nothing stands between', async () => {
    const order: string[] = [];
    const step = (name: string) => async (_: RunContext) => {
      order.push(name);
      return { rows: null };
    };
    let arrived = 0;
    let open: () => void;
    const both = new Promise<void>((resolve) => (open = resolve));
    const meet = async () => {
      if (++arrived === 2) open();
      await both; // would never end if they ran one after the other
      return { rows: null };
    };
    const ended = await execute([
      { name: 'last', dependsOn: ['left', 'right'], run: step('last') },
      { name: 'left', dependsOn: ['first'], run: meet },
      { name: 'right', dependsOn: ['first'], run: meet },
      { name: 'first', run: step('first') },
    ]);
    expect(ended.status).toBe('SUCCEEDED');
    expect(order).toEqual(['first', 'last']);
  });

  test('are tried again after an error, and keep how often', async () => {
    let tries = 0;
    const ended = await execute([
      {
        name: 'flaky',
        retry,
        run: async () => {
          if (++tries < 3) throw new Error('connection reset');
          return { rows: 7 };
        },
      },
    ]);
    expect(ended).toMatchObject({ status: 'SUCCEEDED', error: null, tasks: { flaky: { status: 'SUCCEEDED', attempt: 3, error: null } } });
  });

  test('that fail for good stop what depends on them, not what only comes after them, and the run says why', async () => {
    const ended = await execute([
      { name: 'fetch', retry, run: () => Promise.reject(new Error('503 from the source')) },
      { name: 'check', run: async () => ({ failed: '3 rows break a rule' }), retry },
      { name: 'report', dependsOn: ['check'], run: async () => ({ rows: 1 }) },
      { name: 'mail', dependsOn: ['report'], run: async () => ({ rows: 1 }) },
      { name: 'publish', after: ['fetch'], run: async () => ({ rows: 1 }) },
    ]);
    expect(ended).toMatchObject({
      status: 'FAILED',
      error: 'fetch: 503 from the source; check: 3 rows break a rule',
      tasks: {
        fetch: { status: 'FAILED', attempt: 3 },
        check: { status: 'FAILED', attempt: 1 },
        report: { status: 'SKIPPED', error: 'check did not succeed' },
        mail: { status: 'SKIPPED', error: 'report did not succeed' },
        publish: { status: 'SUCCEEDED', attempt: 1 },
      },
    });
  });

  test('that must end within a time are aborted then, and say what failed before', async () => {
    let tries = 0;
    const ended = await execute([
      {
        name: 'fetch',
        retry: { ...retry, retries: Infinity, withinMs: 3_000 },
        run: async ({ signal }) => {
          if (++tries === 1) throw new Error('503 from the source');
          if (!signal.aborted) await once(signal, 'abort'); // would never end
          throw signal.reason;
        },
      },
      { name: 'publish', after: ['fetch'], run: async () => ({ rows: 1 }) },
    ]);
    expect(ended.tasks).toMatchObject({
      fetch: { status: 'FAILED', attempt: 2, error: 'given up after 3 s: 503 from the source' },
      publish: { status: 'SUCCEEDED' },
    });
  });

  test('that skip themselves let the next ones run; a run in which all did is skipped', async () => {
    const skip = { name: 'fetch', run: async () => ({ skipped: 'not of yesterday' }) };
    expect(await execute([skip, { name: 'publish', dependsOn: ['fetch'], run: async () => ({ rows: 1 }) }])).toMatchObject({
      status: 'SUCCEEDED',
      tasks: { fetch: { status: 'SKIPPED', error: 'not of yesterday' }, publish: { status: 'SUCCEEDED' } },
    });
    expect(await execute([skip])).toMatchObject({ status: 'SKIPPED' });
  });

  test('write nothing after another attempt has taken their run over', async () => {
    await request('2026-11-22');
    const context = worker('a');
    await workOnce(
      context,
      daily(async ({ run }) => {
        await lapse(run.id);
        await claimRun(db(), 'daily', 'b');
        return { rows: 1 };
      }),
    );
    expect((await getRuns(db().pool, { first: 1 }))[0]).toMatchObject({ status: 'RUNNING', attempt: 2 });
  });
});

describe('scheduling', () => {
  const clock = fixedClock(now);
  const entry = () => ({
    pipeline: daily(async () => ({ rows: null })),
    cron: '0 0 * * *',
    due: (at: Date) => missedDates(db(), 'daily', at),
  });
  const dates = async () => (await getRuns(db().pool, { first: 20 })).map((run) => run.logicalDate).reverse();

  test('the first start asks for yesterday, a later one for every date since, in order, four workers as one', async () => {
    clock.set('2026-11-23T00:00:00Z');
    expect(await requestDue({ db: db(), clock, logger }, entry(), true)).toBe(1);
    clock.set('2026-11-26T05:00:00Z');
    const queued = await Promise.all(Array.from({ length: 4 }, () => requestDue({ db: db(), clock, logger }, entry(), true)));
    expect(queued.reduce((sum, count) => sum + count)).toBe(3);
    expect([...(await dates())].sort()).toEqual(['2026-11-22', '2026-11-23', '2026-11-24', '2026-11-25']);
    expect((await claimRun(db(), 'daily', 'a'))?.logicalDate).toBe('2026-11-22');
  });

  test('a moment before midnight the day has not ended', async () => {
    clock.set('2026-11-22T23:59:59.999Z');
    await requestDue({ db: db(), clock, logger }, entry(), true);
    expect(await dates()).toEqual(['2026-11-21']);
  });
});
