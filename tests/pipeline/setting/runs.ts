/** A database with an empty run ledger before each test, and workers' hands on it. */
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type pg from 'pg';
import { claimRun, type Leases, startLeases } from '../../../jobs/runtime/lease.js';
import type { Pipeline, Task } from '../../../jobs/runtime/pipeline.js';
import type { UtcDate } from '../../../src/domain/time.js';
import { createLogger } from '../../../src/platform/logger.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { type PipelineRunRow, requestRun } from '../../../src/store/pipelines/runs.js';
import { openTestDatabase } from '../../kit/test-database.js';

export const now = new Date('2026-11-23T07:00:00Z');
export const logger = createLogger({ level: 'silent' });

/** A pipeline of one task that is not tried again. */
export function daily(task: Task['run']): Pipeline {
  return { name: 'daily', tasks: [{ name: 'work', retry: { retries: 0, minTimeout: 1, maxTimeout: 1 }, run: task }] };
}

export function useRuns() {
  let database: Database;
  const leases: Leases[] = [];
  const query = <Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
    database.pool.query<Row>(sql, values);

  beforeAll(async () => {
    database = await openTestDatabase({ maxConnections: 20 });
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await query('TRUNCATE ops.pipeline_runs, ops.changed_days, mart.mart_price_candles CASCADE');
  });
  afterEach(async () => {
    await Promise.all(leases.splice(0).map((each) => each.stop()));
  });

  return {
    query,
    db: () => database,
    worker(name: string, signal = new AbortController().signal) {
      const own = startLeases(database, name, logger);
      leases.push(own);
      return { db: database, leases: own, logger, signal };
    },
    request: (day: string, again = false) => requestRun(database.pool, { pipeline: 'daily', logicalDate: day as UtcDate, now, again }),
    async claim(owner: string, pipeline = 'daily'): Promise<PipelineRunRow> {
      const run = await claimRun(database, pipeline, owner);
      if (run === null) throw new Error(`no run of ${pipeline} to claim`);
      return run;
    },
    /** As a worker that froze: its lease has run out, and it does not know. */
    async lapse(runId: bigint) {
      await query(`UPDATE ops.pipeline_runs SET lease_expires_at = clock_timestamp() - interval '1 second' WHERE id = $1`, [runId]);
    },
  };
}
