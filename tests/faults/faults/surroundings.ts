/** Faults of what the platform stands on: Postgres, the disk, the clock, the source. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { FaultRates } from '../../../jobs/sources/simulator/faults.js';
import { HOUR, MINUTE, toUtcDate } from '../../../src/domain/time.js';
import { findPublishedThrough } from '../../../src/store/pipelines/datasets.js';
import { waitFor } from '../../kit/wait-for.js';
import { type Platform, thatAre } from '../platform/platform.js';
import type { Fault } from './fault.js';
import { atAnyMoment } from './moments.js';

/** Something that it needs is away: it asks to be started again. */
const TRY_AGAIN = 75;
/** Starting again does not help before somebody makes room. */
const NO_ROOM = 1;

export const postgresKilled: Fault = {
  name: 'Postgres killed (immediate) and restarted',
  times: 2,
  harmsWorkers: ({ platform }) => thatAre('worker', platform).length,
  leasesLapse: true,
  mayEnd: ({ platform }) => (platform.endsWithPostgres ? [TRY_AGAIN] : []),
  async inject(scene) {
    await atAnyMoment(scene);
    await scene.platform.killPostgres();
    await scene.platform.restorePostgres();
  },
};

/** Long enough that writes fail, whatever was set aside. */
const FULL_FOR_MS = 6_000;

export const diskFull: Fault = {
  name: 'disk of the data directory full',
  times: 1,
  leasesLapse: true,
  impossible: ({ platform }) =>
    platform.directory.fill === null ? 'no file system of its own could be mounted (needs root on Linux)' : null,
  async inject(scene) {
    await atAnyMoment(scene);
    const refused = scene.ticks.repeats;
    const free = scene.platform.directory.fill?.();
    try {
      await sleep(FULL_FOR_MS);
      await waitFor('the log refuses to append', () => scene.ticks.repeats > refused, { withinMs: 20_000 });
    } finally {
      free?.();
    }
  },
};

/** Where no new segment of the write-ahead log can be made, Postgres has no choice but to panic; and it cannot recover before there is room. */
export const diskFullToTheLog: Fault = {
  name: 'disk full, the write-ahead log too',
  times: 1,
  impossible: diskFull.impossible,
  leasesLapse: true,
  mayEnd: () => [TRY_AGAIN, NO_ROOM],
  async inject(scene) {
    await atAnyMoment(scene);
    const { platform } = scene;
    const { pool } = platform.db();
    const isGone = platform.watchPostgres();
    const free = platform.directory.fill?.();
    try {
      await waitFor('Postgres finds no room for its log', () => useUpSegment(pool).then(() => false, isCrash), {
        withinMs: 30_000,
        everyMs: 1,
      });
      await waitFor('Postgres is gone', isGone, { withinMs: 10_000 });
      await sleep(FULL_FOR_MS);
    } finally {
      free?.();
    }
  },
};

/** Segments that were set aside are used up one by one. */
async function useUpSegment(pool: pg.Pool): Promise<void> {
  await pool.query(`SELECT pg_logical_emit_message(true, 'fault suite', 'x')`);
  await pool.query('SELECT pg_switch_wal()');
}

/** The server has gone down, or just this connection with it; a statement that is refused, or a time-out, is none. */
const isCrash = ({ code, message }: Error & { code?: string }) =>
  ['57P02', '57P03', 'ECONNRESET', 'ECONNREFUSED'].includes(code ?? '') || message === 'Connection terminated unexpectedly';

/** Further back than a few minutes validation refuses what others have received: a clock that wrong is refused, not lost. */
const DAY_AHEAD = 26 * HOUR;
const STEPS_MS = [2 * HOUR, -4 * MINUTE, DAY_AHEAD, 0];
const STEPPED_FOR_MS = 4_000;

export const clockStepped: Fault = {
  name: 'clock stepped forward and back',
  times: 1,
  harmsWorkers: ({ platform }) => thatAre('worker', platform).length,
  async inject(scene) {
    await atAnyMoment(scene);
    const { platform } = scene;
    for (const step of STEPS_MS) {
      platform.stepClock(step);
      if (step === 0) break;
      await sleep(STEPPED_FOR_MS);
      if (step === DAY_AHEAD) await startedAnew(platform);
    }
  },
};

/** A worker looks for missed days when it starts: with that clock it has a day published that has not ended. */
async function startedAnew({ processes, db }: Platform): Promise<void> {
  for (const each of processes) {
    await each.terminate();
    await waitFor(`${each.name} is ready again`, () => each.isReady(), { withinMs: 60_000 });
  }
  const today = toUtcDate(new Date());
  const isPublished = async () => ((await findPublishedThrough(db().pool)) ?? '') >= today;
  await waitFor('the day that has not ended is published', isPublished, { withinMs: 60_000 });
}

const RESPONSES = [
  'rateLimited',
  'rateLimitedSilently',
  'rateLimitedAsSuccess',
  'serverError',
  'slow',
  'hang',
  'malformed',
  'truncated',
  'html',
  'empty',
] as const;
const OBSERVATIONS: FaultRates = { late: 0.2, duplicate: 0.2, corrected: 0.2, corrupt: 0.2 };
/** A poll comes every 2 s. */
const EACH_FOR_MS = 2_200;

export const sourceMisbehaves: Fault = {
  name: 'the source answers with each of its faults',
  times: 1,
  harmsWorkers: () => 0,
  async inject({ source }) {
    for (const fault of RESPONSES) {
      await source.misbehave({ [fault]: 1 });
      await sleep(EACH_FOR_MS);
    }
    await source.misbehave({ ...OBSERVATIONS, malformed: 0.1, serverError: 0.1 });
    await sleep(4 * EACH_FOR_MS);
    await source.goAway();
    await sleep(EACH_FOR_MS);
    await source.misbehave({});
  },
};
