/** All marts made anew from a year of history, against COPY of the same raw rows. */
import { rebuildPipeline } from '../../../jobs/pipelines/rebuild.js';
import { rebuildLanded } from '../../../jobs/runtime/land.js';
import { startLeases } from '../../../jobs/runtime/lease.js';
import { workOnce } from '../../../jobs/runtime/worker.js';
import { rebuildPrices } from '../../../jobs/streams/rebuild-prices.js';
import { datasets } from '../../../jobs/transforms/registry.js';
import { addDays, type Clock, endOfDay, type UtcDate } from '../../../src/domain/time.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { loadTaskRuns, requestRun } from '../../../src/store/pipelines/runs.js';
import { fixedClock } from '../../kit/clock.js';
import type { Benchmark, Figure } from '../benchmark.js';
import { prepareBareCopy } from '../market/bare-copy.js';
import { openMarket, publishAll } from '../market/market.js';
import { LOAD_HISTORY, LOAD_SNAPSHOTS } from '../market/market-sql.js';
import { type Cost, compareCosts, costOf, meanCost, ofLimit, readable, spreadOf } from '../measure.js';
import { silent } from '../setting/logger.js';
import { openBenchDatabase } from '../setting/postgres.js';
import { coinIds } from '../setting/ticks.js';

const COINS = 100;
const NEWEST = '2026-03-09' as UtcDate;
/** All that is derived from raw by a transform. */
const DERIVED = datasets.filter(({ sql }) => sql.length > 0).map(({ name }) => name);

export const rebuild: Benchmark = {
  name: 'rebuild',
  about:
    'What a first history load stores of 100 coins (daily points of 400 days, hourly ones of 90, five-minute ones of one: 284,800 raw rows). ' +
    'Staging and marts are emptied, then the pipeline `rebuild` runs, ledger and all: staging, candles, snapshots, and the publish of every day ' +
    'with its checks. The limit is one COPY of the same raw rows into a bare table.',
  async run({ smoke, postgres, say }) {
    const coins = coinIds(smoke ? 5 : COINS);
    const server = await postgres();
    const db = openBenchDatabase(await server.createDatabase('bench_rebuild'));
    const clock = fixedClock(endOfDay(addDays(NEWEST, 1)));
    await loadHistory(db, coins, clock);
    const copy = await prepareBareCopy(db, 'true');
    const parts = new Map<string, number[]>();
    let before: Cost | null = null;
    const { clock: compared, cpu } = await compareCosts(
      smoke ? 1 : 3,
      (seconds) => seconds,
      async (round) => {
        before = await copy.run(server.cpuSeconds);
        await db.pool.query(`TRUNCATE ${DERIVED.join(', ')}`);
        let tasks = new Map<string, number>();
        const cost = await costOf(server.cpuSeconds, async () => {
          tasks = await runRebuild(db, clock);
        });
        say(`rebuild: ${readable(cost.seconds)} s: ${[...tasks].map(([task, took]) => `${task} ${readable(took)}`).join(', ')}`);
        if (round > 0) for (const [task, took] of tasks) parts.set(task, [...(parts.get(task) ?? []), took]);
        clock.advance(1_000);
        return cost;
      },
      // Before and after: the rebuild takes long enough for the machine to change.
      async () => meanCost([before as Cost, await copy.run(server.cpuSeconds)]),
    );
    await checkMarts(db, coins.length);
    await db.close();
    const shares = [...parts].map(([task, took]) => `${task} ${readable(spreadOf(took).median)} s`).join(', ');
    const figure: Figure = {
      what: `rebuild of all marts from ${copy.rows.toLocaleString('en')} raw rows, time, of one COPY of them`,
      value: compared.ratio,
      unit: 'x',
      limit: { atMost: 20 },
      from: `${ofLimit(compared, 's')}; ${shares}`,
    };
    const inCpu: Figure[] =
      cpu === null ? [] : [{ what: 'the same in CPU time of server and client', value: cpu.ratio, unit: 'x', from: ofLimit(cpu, 's') }];
    return [figure, ...inCpu];
  },
};

async function loadHistory(db: Database, coins: readonly string[], clock: Clock): Promise<void> {
  const trackedAt = endOfDay(NEWEST);
  await openMarket(db, coins, { firstDay: addDays(NEWEST, -400), lastDay: NEWEST, trackedAt });
  await db.pool.query(LOAD_HISTORY, [trackedAt]);
  await db.pool.query(LOAD_SNAPSHOTS, [endOfDay(addDays(NEWEST, -1)), NEWEST]);
  await rebuildLanded(db);
  await rebuildPrices(db, coins, clock);
  await publishAll(db, NEWEST);
  await db.pool.query('VACUUM (ANALYZE)');
}

/** Seconds that each task took. */
async function runRebuild(db: Database, clock: Clock): Promise<Map<string, number>> {
  await db.pool.query(`UPDATE ops.datasets SET definition_hash = 'another one' WHERE name = ANY ($1)`, [DERIVED]);
  const { run } = await requestRun(db.pool, { pipeline: 'rebuild', logicalDate: null, now: clock.now(), again: false });
  const leases = startLeases(db, 'bench', silent);
  await workOnce({ db, leases, logger: silent, signal: new AbortController().signal }, rebuildPipeline({ db, clock }));
  await leases.stop();
  const tasks = (await loadTaskRuns(db.pool, [run.id])).get(run.id) ?? [];
  for (const task of tasks) if (task.status !== 'SUCCEEDED') throw new Error(`${task.name} ${task.status}: ${task.error}`);
  return new Map(
    tasks.map(({ name, startedAt, finishedAt }) => [name, ((finishedAt as Date).getTime() - (startedAt as Date).getTime()) / 1_000]),
  );
}

async function checkMarts(db: Database, coins: number): Promise<void> {
  const { rows } = await db.pool.query<{ complete: boolean }>(
    'SELECT count(*) = 400 * $1::integer AS complete FROM mart.mart_crypto_performance',
    [coins],
  );
  if (rows[0]?.complete !== true) throw new Error('the rebuild left out days');
}
