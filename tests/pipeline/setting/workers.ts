/**
 * A database, a log and a clock of each test's own, and workers on them. Eight days of history are enough for every pipeline to have
 * something to do, and load in a moment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach } from '@jest/globals';
import type pg from 'pg';
import type { PriceSource } from '../../../jobs/sources/source.js';
import { startWorker, type Worker, type WorkerOptions } from '../../../jobs/worker.js';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { TOPICS } from '../../../src/platform/event-log/topics.js';
import { createLogger } from '../../../src/platform/logger.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { findPublishedThrough } from '../../../src/store/pipelines/datasets.js';
import { ensureMonthlyPartitions, priceWindow } from '../../../src/store/raw/partitions.js';
import { fixedClock } from '../../kit/clock.js';
import { openTestDatabase } from '../../kit/test-database.js';
import { type ScriptedSource, scriptedSource } from './scripted-source.js';

export const COINS = ['bitcoin', 'ethereum', 'tether'];
/** The 22nd has ended; nobody has fetched its end. */
export const NOW = '2026-11-23T07:00:00Z';
const MARTS = ['mart_coins', 'mart_crypto_performance', 'mart_market_overview'];
const logger = createLogger({ level: 'silent' });

type Overrides = Partial<WorkerOptions['config']>;

export function useWorkers() {
  let database: Database;
  const workers: Worker[] = [];
  /** The newest run when the workers before those of now had stopped. */
  let newestBefore = 0n;
  const clock = fixedClock(NOW);
  const query = <Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
    database.pool.query<Row>(sql, values);
  const openLog = (): EventLog => createPostgresEventLog(database, logger);

  beforeEach(async () => {
    clock.set(NOW);
    newestBefore = 0n;
    database = await openTestDatabase({ maxConnections: 30 });
    const { from, to } = priceWindow(clock.now(), null);
    await ensureMonthlyPartitions(database, from, to);
    await openLog().ensureTopics(TOPICS);
  });
  afterEach(async () => {
    await stopAll();
    await database.close();
  });

  function newSource(replaced: Partial<PriceSource> = {}): ScriptedSource {
    return scriptedSource(clock, COINS, { historyDays: 8, ...replaced });
  }

  function optionsWith(source: PriceSource, config: Overrides = {}): WorkerOptions {
    const given = { coins: { count: 3 }, batchCron: '0 0 * * *', retentionDays: null, kafka: null };
    return { db: database, log: openLog(), source, config: { ...given, ...config }, clock, logger };
  }

  function start(source: PriceSource, config: Overrides = {}): Worker {
    const worker = startWorker(optionsWith(source, config));
    workers.push(worker);
    return worker;
  }

  async function stopAll(): Promise<void> {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    const { rows } = await query<{ id: bigint }>('SELECT coalesce(max(id), 0) AS id FROM ops.pipeline_runs');
    newestBefore = rows[0]?.id as bigint;
  }

  /**
   * Resolves when the daily run of the date has ended, what the newest start asks for too, and nothing else is under way. Every start asks
   * for history, and executes none before it has asked for all the rest; but only one of another minute by the clock than the one before.
   */
  async function settled(date = '2026-11-22'): Promise<void> {
    for (;;) {
      const { rows } = await query<{ open: number; ended: number; started: number }>(
        `SELECT count(*) FILTER (WHERE status IN ('QUEUED', 'RUNNING'))::integer AS open,
           count(*) FILTER (WHERE finished_at IS NOT NULL AND logical_date = $1)::integer AS ended,
           count(*) FILTER (WHERE finished_at IS NOT NULL AND pipeline = 'history' AND id > $2)::integer AS started FROM ops.pipeline_runs`,
        [date, newestBefore],
      );
      const [found] = rows;
      if (found?.open === 0 && found.ended > 0 && found.started > 0) return;
      await sleep(20);
    }
  }

  return {
    clock,
    query,
    openLog,
    newSource,
    optionsWith,
    start,
    stopAll,
    settled,
    db: () => database,
    publishedThrough: () => findPublishedThrough(database.pool),
    /** A platform that has run until the 22nd, and stopped. */
    async published(): Promise<void> {
      start(newSource());
      await settled();
      await stopAll();
    },
    async runs(pipeline = 'daily') {
      const { rows } = await query(
        `SELECT logical_date AS date, attempt, status, error FROM ops.pipeline_runs WHERE pipeline = $1 ORDER BY started_at`,
        [pipeline],
      );
      return rows;
    },
    /** Every row of the marts to the last digit, clocks included. */
    async marts(names = MARTS): Promise<unknown[]> {
      return Promise.all(names.map(async (mart) => (await query(`SELECT t::text FROM mart.${mart} t ORDER BY 1`)).rows));
    },
  };
}
