/** One run per pipeline and date, whoever asks, however many workers race and whenever one of them dies. */
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { claimRun, finishRun, RunAborted } from '../../jobs/runtime/lease.js';
import { workOnce, workPipeline } from '../../jobs/runtime/worker.js';
import type { UtcDate } from '../../src/domain/time.js';
import { findRun, getRuns, loadTaskRuns, type PipelineRunRow, requestRun, requestRunByHand } from '../../src/store/pipelines/runs.js';
import { waitFor } from '../kit/wait-for.js';
import { daily, now, useRuns } from './setting/runs.js';

const { query, db, worker, request, claim, lapse } = useRuns();

describe('asking for a run', () => {
  test('many ask for one date at once: one run', async () => {
    const answers = await Promise.all(Array.from({ length: 16 }, () => request('2026-11-22')));
    expect(answers.filter((answer) => answer.queued)).toHaveLength(1);
    expect(new Set(answers.map((answer) => answer.run.id)).size).toBe(1);
  });

  test('a schedule does not repeat an ended run; a person gets its next attempt', async () => {
    const { run } = await request('2026-11-22');
    const claimed = await claim('a');
    expect(await finishRun(db(), claimed, 'SUCCEEDED', null)).toBe(true);
    expect(await request('2026-11-22')).toMatchObject({ queued: false, run: { id: run.id, status: 'SUCCEEDED', attempt: 1 } });
    expect(await request('2026-11-22', true)).toMatchObject({ queued: true, run: { id: run.id, status: 'QUEUED', attempt: 2 } });
    expect(await request('2026-11-22', true)).toMatchObject({ queued: false, run: { id: run.id, status: 'QUEUED', attempt: 2 } });
  });

  test('a run without a date is not queued beside an open one of its pipeline', async () => {
    const ask = (at: Date) => requestRun(db().pool, { pipeline: 'restate', logicalDate: null, now: at, again: false });
    const first = await ask(now);
    const second = await ask(new Date(now.getTime() + 60_000));
    expect(second).toMatchObject({ queued: false, run: { id: first.run.id } });
    await finishRun(db(), await claim('a', 'restate'), 'SUCCEEDED', null);
    expect(await ask(new Date(now.getTime() + 120_000))).toMatchObject({ queued: true });
  });

  test.each([
    ['', '"" is no date; write it YYYY-MM-DD, such as 2026-11-22'],
    ['2026-02-30', '"2026-02-30" is no date; write it YYYY-MM-DD, such as 2026-11-22'],
    ['yesterday', '"yesterday" is no date; write it YYYY-MM-DD, such as 2026-11-22'],
    ['2026-11-23', '2026-11-23 has not ended yet (UTC); the newest day that has is 2026-11-22'],
    ['2027-01-01', '2027-01-01 has not ended yet (UTC); the newest day that has is 2026-11-22'],
    ['2010-01-01', 'there are no prices of 2010-01-01; the oldest are of 2026-10-01: name a day from then on'],
  ])('by hand for the date %p: says what to do instead', async (logicalDate, message) => {
    await query(
      `INSERT INTO mart.mart_price_candles VALUES ('bitcoin', '1d', '2026-10-01', 1, 1, 1, 1, 1, false, '2026-10-01 12:00', '2026-10-01 12:00', now())`,
    );
    await expect(requestRunByHand(db().pool, { pipeline: 'daily', logicalDate, now })).rejects.toThrow(message);
    expect(await getRuns(db().pool, { first: 10 })).toEqual([]);
  });

  test('by hand: unknown pipelines and superfluous dates are refused, the rest is queued', async () => {
    const ask = (pipeline: string, logicalDate: string | null) => requestRunByHand(db().pool, { pipeline, logicalDate, now });
    await expect(ask('weekly', null)).rejects.toThrow('there is no pipeline "weekly"; there are daily, restate, history, housekeeping');
    await expect(ask('toString', null)).rejects.toThrow('there is no pipeline "toString"');
    await expect(ask('history', '2026-11-22')).rejects.toThrow('history has no date; leave it out');
    expect(await ask('history', null)).toMatchObject({ queued: true, run: { logicalDate: null } });
    expect(await ask('daily', '2026-11-22')).toMatchObject({ queued: true, run: { logicalDate: '2026-11-22' } });
    expect(await ask('daily', null)).toMatchObject({ queued: false, run: { logicalDate: '2026-11-22' } });
  });
});

describe('a rebuild by hand', () => {
  const ask = () => requestRunByHand(db().pool, { pipeline: 'rebuild', logicalDate: null, now });
  /** As the stage of a rebuild does that it is past. */
  const make = () =>
    query(`INSERT INTO ops.datasets (name, grain, depends_on, definition_hash) VALUES ('mart.example', 'one', '{}', 'made')
           ON CONFLICT (name) DO UPDATE SET definition_hash = excluded.definition_hash`);
  const isMade = async () => (await query(`SELECT FROM ops.datasets WHERE definition_hash = 'made'`)).rowCount === 1;

  test('joins one that has not begun, and is refused while one runs: that one is past some rows already', async () => {
    const { run } = await ask();
    expect(await ask()).toMatchObject({ queued: false, run: { id: run.id } });
    await claim('a', 'rebuild');
    await make();
    await expect(ask()).rejects.toThrow('a rebuild is running');
    expect(await isMade()).toBe(true);
  });

  test('takes up that of a worker that died, from the beginning', async () => {
    const { run } = await ask();
    await claim('a', 'rebuild');
    await make();
    await lapse(run.id);
    expect(await ask()).toMatchObject({ queued: false, run: { id: run.id } });
    expect(await isMade()).toBe(false);
  });
});

describe('executing', () => {
  test('four workers race for three dates: each runs once, one at a time, in the order of dates', async () => {
    for (const day of ['2026-11-22', '2026-11-20', '2026-11-21']) await request(day);
    const started: string[] = [];
    let atOnce = 0;
    const stop = new AbortController();
    const pipeline = daily(async ({ run }) => {
      expect(++atOnce).toBe(1);
      started.push(`${run.logicalDate}/${run.attempt}`);
      await query('SELECT pg_sleep(0.02)');
      atOnce--;
      if (started.length === 3) stop.abort(new RunAborted('stopping'));
      return { rows: 1 };
    });
    // The signal stops the claiming; what runs ends by itself here.
    const claimUntilEmpty = async (name: string) => {
      const context = worker(name);
      while (!stop.signal.aborted) await workOnce(context, pipeline);
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(claimUntilEmpty));
    expect(started).toEqual(['2026-11-20/1', '2026-11-21/1', '2026-11-22/1']);
    const runs = await getRuns(db().pool, { first: 10 }, { status: 'SUCCEEDED' });
    expect(runs.map((run) => [run.logicalDate, run.attempt])).toEqual([
      ['2026-11-21', 1],
      ['2026-11-20', 1],
      ['2026-11-22', 1],
    ]);
  });

  test('a lapsed lease is taken over as the next attempt; the one before can neither finish nor publish', async () => {
    const { run } = await request('2026-11-22');
    const first = await claim('a');
    expect(await claimRun(db(), 'daily', 'b')).toBeNull();
    const publish = await db().pool.connect();
    await publish.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await publish.query(`INSERT INTO ops.changed_days (coin_id, day) VALUES ('bitcoin', '2026-11-22')`);

    await lapse(run.id);
    const second = await claim('b');
    expect(second).toMatchObject({ id: run.id, attempt: 2, status: 'RUNNING' });

    await expect(publish.query('SELECT attempt FROM ops.run_fences WHERE run_id = $1 FOR SHARE', [run.id])).rejects.toMatchObject({
      code: '40001',
    });
    await publish.query('ROLLBACK');
    publish.release();
    expect((await query('SELECT FROM ops.changed_days')).rowCount).toBe(0);
    expect(await finishRun(db(), first, 'SUCCEEDED', null)).toBe(false);
    expect(await finishRun(db(), second, 'SUCCEEDED', null)).toBe(true);
    expect(await findRun(db().pool, run.id)).toMatchObject({ attempt: 2, status: 'SUCCEEDED' });
  });

  test('a run whose worker died goes before the later dates of its pipeline', async () => {
    const { run } = await request('2026-11-20');
    await claimRun(db(), 'daily', 'a');
    await request('2026-11-21');
    await lapse(run.id);
    expect(await claimRun(db(), 'daily', 'b')).toMatchObject({ logicalDate: '2026-11-20', attempt: 2 });
    expect(await claimRun(db(), 'daily', 'c')).toBeNull();
  });

  test('a dead worker’s run is taken over also where the database’s clock was set back meanwhile', async () => {
    const { run } = await request('2026-11-20');
    await claim('a');
    await query(`UPDATE ops.pipeline_runs SET lease_expires_at = lease_expires_at + interval '1 hour'`);
    expect(await claimRun(db(), 'daily', 'b')).toMatchObject({ id: run.id, attempt: 2 });
    expect(await claimRun(db(), 'daily', 'c')).toBeNull();
  });

  test('two workers take a lapsed lease over at once: one gets it', async () => {
    for (let round = 0; round < 5; round++) {
      const { run } = await requestRun(db().pool, { pipeline: 'daily', logicalDate: `2026-11-1${round}` as UtcDate, now, again: false });
      await claimRun(db(), 'daily', 'a');
      await lapse(run.id);
      const taken = await Promise.all(['b', 'c', 'd', 'e'].map((name) => claimRun(db(), 'daily', name)));
      const winners = taken.filter((claimed) => claimed !== null);
      expect(winners).toHaveLength(1);
      await finishRun(db(), winners[0] as PipelineRunRow, 'SUCCEEDED', null);
    }
  });

  test('a worker whose run was taken over notices when it renews its lease; one that owns its run keeps it', async () => {
    const { run } = await request('2026-11-22');
    const own = worker('a');
    const lost = own.leases.hold(await claim('a'));
    const noticed = once(lost.signal, 'abort');
    const other = worker('b');
    const taken = await waitFor(
      'the claim of the lapsed run, unless it is renewed just then',
      async () => {
        await lapse(run.id);
        return claimRun(db(), 'daily', 'b');
      },
      { withinMs: 10_000 },
    );
    const lease = async () => {
      const { rows } = await query<{ owner: string; until: Date }>(
        'SELECT lease_owner AS owner, lease_expires_at AS until FROM ops.pipeline_runs',
      );
      return rows[0] as (typeof rows)[0];
    };
    const { until } = await lease();
    const kept = other.leases.hold(taken);
    await noticed;
    expect(lost.signal.reason).toEqual(new RunAborted('lease lost'));
    await waitFor('the renewal', async () => (await lease()).until > until, { withinMs: 10_000 });
    expect([kept.signal.aborted, (await lease()).owner]).toEqual([false, 'b']);
  });

  test('a worker that stops aborts its task and leaves the run to the next worker at once', async () => {
    const { run: asked } = await request('2026-11-22');
    const stopping = new AbortController();
    const seen: string[] = [];
    const endless = daily(async ({ run, signal }) => {
      seen.push(`attempt ${run.attempt}`);
      if (run.attempt === 2) return { rows: 5 };
      stopping.abort(new RunAborted('stopping'));
      return new Promise((_, reject) =>
        signal.aborted ? reject(signal.reason) : signal.addEventListener('abort', () => reject(signal.reason)),
      );
    });
    await workPipeline(worker('a', stopping.signal), endless);
    expect((await getRuns(db().pool, { first: 1 }))[0]).toMatchObject({ status: 'RUNNING', attempt: 1 });
    await workOnce(worker('b'), endless);
    expect(seen).toEqual(['attempt 1', 'attempt 2']);
    const [run] = await getRuns(db().pool, { first: 1 });
    expect(run).toMatchObject({ status: 'SUCCEEDED', attempt: 2 });
    expect((await loadTaskRuns(db().pool, [asked.id])).get(asked.id)).toMatchObject([
      { name: 'work', status: 'SUCCEEDED', rowsWritten: 5n },
    ]);
  });
});

test('an outage of the ledger is said once, however often it is asked, and the next one again', async () => {
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });
  const complaints = () => lines.filter(({ msg }) => msg.includes('the run ledger did not answer')).map(({ level }) => level);
  const stopping = new AbortController();
  const done = Promise.withResolvers<void>();
  const working = workPipeline(
    { ...worker('a', stopping.signal), logger },
    daily(async () => {
      done.resolve();
      return { rows: 0 };
    }),
  );
  const away = () => query('ALTER TABLE ops.pipeline_runs RENAME TO away');
  const back = () => query('ALTER TABLE IF EXISTS ops.away RENAME TO pipeline_runs');
  const { error, debug } = logger.levels.values;
  try {
    await away();
    await waitFor('three complaints', () => complaints().length >= 3, { withinMs: 10_000 });
    expect(complaints().slice(0, 3)).toEqual([error, debug, debug]);
    await back();
    await request('2026-11-22');
    await done.promise;
    const before = complaints().length;
    await away();
    await waitFor('the next outage', () => complaints().length > before, { withinMs: 10_000 });
    expect(complaints()[before]).toBe(error);
  } finally {
    await back();
    stopping.abort(new RunAborted('stopping'));
    await working;
  }
});

test('pages of runs are newest first and hold each once', async () => {
  for (let day = 10; day < 17; day++) await request(`2026-11-${day}`);
  const first = await getRuns(db().pool, { first: 3 });
  await request('2026-11-17');
  const second = await getRuns(db().pool, { first: 10, after: first.at(-1)?.id ?? null });
  expect([...first, ...second].map((run) => run.logicalDate)).toEqual(
    ['16', '15', '14', '13', '12', '11', '10'].map((day) => `2026-11-${day}`),
  );
  expect(await getRuns(db().pool, { first: 10 }, { pipeline: 'restate' })).toEqual([]);
});
