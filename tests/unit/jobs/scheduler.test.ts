import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { runScheduler } from '../../../jobs/runtime/scheduler.js';
import { systemClock } from '../../../src/domain/time.js';
import { createLogger } from '../../../src/platform/logger.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { waitFor } from '../../kit/wait-for.js';

beforeEach(() => {
  jest.useFakeTimers({ now: new Date('2026-11-23T07:00:30Z'), doNotFake: ['performance'] });
});
afterEach(() => {
  jest.useRealTimers();
});

test('entries are called when their cron says so, also after the clock was set back', async () => {
  const called: string[] = [];
  const entry = {
    pipeline: { name: 'restate' as const, tasks: [] },
    cron: '* * * * *',
    async due(now: Date) {
      called.push(now.toISOString().slice(11, 16));
      return [];
    },
  };
  const stop = new AbortController();
  const context = { db: {} as Database, clock: systemClock, logger: createLogger({ level: 'silent' }) };
  const ended = runScheduler(context, [entry], stop.signal);
  const pass = async (ms: number, calls: number) => {
    jest.advanceTimersByTime(ms);
    await waitFor('the call', () => called.length === calls, { withinMs: 15_000 });
  };
  await pass(30_000, 1);
  jest.setSystemTime(new Date('2026-11-23T06:01:05Z'));
  await pass(60_000, 2);
  await pass(60_000, 3);
  expect(called).toEqual(['07:01', '06:02', '06:03']);
  stop.abort();
  await ended;
});
