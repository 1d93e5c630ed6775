/**
 * Claims and leases of the run ledger. A worker that holds a run's lease is the only one that executes it.
 * Must stay true: one run at a time per pipeline, in the order of dates; a lapsed lease is taken over as the next attempt of the same
 * run, and its fence row moves with it, so a publish of the attempt before cannot commit; time is the database's own.
 */
import pg from 'pg';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { type PipelineRunRow, RUN_COLUMNS, type RunStatus } from '../../src/store/pipelines/runs.js';

const LEASE_MS = 15_000;
const RENEW_MS = 5_000;

/** Why a run's signal fires: another worker has the run by now, or this one stops and leaves it to the next. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  constructor(readonly reason: 'lease lost' | 'stopping') {
    super(`the run was left: ${reason}`);
  }
}

/** The next run of the pipeline, or null while there is none, or while another worker executes one. */
export async function claimRun(db: Database, pipeline: string, owner: string): Promise<PipelineRunRow | null> {
  return db.transaction(async (tx) => {
    // Everybody who could claim waits here in turn: skipping locked rows would let two workers take two runs of one pipeline.
    const open = await tx.query(
      `SELECT FROM ops.pipeline_runs WHERE pipeline = $1 AND status IN ('QUEUED', 'RUNNING') ORDER BY id FOR UPDATE`,
      [pipeline],
    );
    if (open.rowCount === 0) return null;
    // A lease that ends later than any can was renewed before the database's clock was set back, and counts as lapsed.
    const claimed = await tx.query<PipelineRunRow>(
      `UPDATE ops.pipeline_runs
       SET attempt = attempt + (status = 'RUNNING')::integer, status = 'RUNNING', started_at = clock_timestamp(),
           lease_owner = $2, lease_expires_at = clock_timestamp() + $3 * interval '1 millisecond'
       WHERE id = (
         SELECT id FROM ops.pipeline_runs
         WHERE pipeline = $1 AND (status = 'RUNNING' AND lease_expires_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + 2 * $3 * interval '1 millisecond'
           OR status = 'QUEUED' AND NOT EXISTS (SELECT FROM ops.pipeline_runs WHERE pipeline = $1 AND status = 'RUNNING'))
         ORDER BY logical_date, id LIMIT 1)
       RETURNING ${RUN_COLUMNS}`,
      [pipeline, owner, LEASE_MS],
    );
    const run = claimed.rows[0];
    if (!run) return null;
    await tx.query(
      `INSERT INTO ops.run_fences (run_id, attempt) VALUES ($1, $2) ON CONFLICT (run_id) DO UPDATE SET attempt = excluded.attempt`,
      [run.id, run.attempt],
    );
    await tx.query(
      `UPDATE ops.task_runs SET status = 'FAILED', finished_at = clock_timestamp(), error = 'its worker stopped; the next attempt goes on'
       WHERE run_id = $1 AND run_attempt < $2 AND status IN ('QUEUED', 'RUNNING')`,
      [run.id, run.attempt],
    );
    return run;
  });
}

/** False where the run belongs to another attempt by now: nothing was written. */
export async function finishRun(
  db: Database,
  run: Pick<PipelineRunRow, 'id' | 'attempt'>,
  status: Exclude<RunStatus, 'QUEUED' | 'RUNNING'>,
  error: string | null,
): Promise<boolean> {
  const finished = await db.pool.query(
    `UPDATE ops.pipeline_runs SET status = $3, error = $4, finished_at = clock_timestamp(), lease_owner = NULL, lease_expires_at = NULL
     WHERE id = $1 AND attempt = $2 AND status = 'RUNNING'`,
    [run.id, run.attempt, status, error],
  );
  return finished.rowCount === 1;
}

/** Lets the next worker take the run over at once. */
export async function releaseRun(db: Database, run: Pick<PipelineRunRow, 'id' | 'attempt'>): Promise<void> {
  await db.pool.query(
    `UPDATE ops.pipeline_runs SET lease_expires_at = clock_timestamp() WHERE id = $1 AND attempt = $2 AND status = 'RUNNING'`,
    [run.id, run.attempt],
  );
}

export interface Leases {
  readonly owner: string;
  /** Renews the run's lease until `drop`; the signal fires when it could not be renewed in time. */
  hold(run: Pick<PipelineRunRow, 'id' | 'attempt'>): { signal: AbortSignal; drop(): void };
  stop(): Promise<void>;
}

interface Held {
  attempt: number;
  /** When the renewal that last succeeded was sent, by the monotonic clock. */
  renewedAt: number;
  controller: AbortController;
}

/** Renews every held lease every 5 s, on a connection of its own: a busy pool must not cost a lease. */
export function startLeases(db: Pick<Database, 'url'>, owner: string, logger: Logger): Leases {
  const held = new Map<bigint, Held>();
  let client: pg.Client | null = null;
  let renewing = Promise.resolve();

  async function connect(): Promise<pg.Client> {
    const fresh = new pg.Client({
      connectionString: db.url,
      application_name: 'cdp leases',
      connectionTimeoutMillis: 3_000,
      query_timeout: 3_000,
    });
    fresh.on('error', () => {
      if (client === fresh) client = null;
    });
    await fresh.connect();
    return fresh;
  }

  async function renew(): Promise<void> {
    if (held.size === 0) return;
    const sentAt = performance.now();
    const asked = [...held];
    try {
      client ??= await connect();
      const renewed = await client.query<{ id: string }>(
        `UPDATE ops.pipeline_runs r SET lease_expires_at = clock_timestamp() + $4 * interval '1 millisecond'
         FROM unnest($1::bigint[], $2::integer[]) AS h (id, attempt)
         WHERE r.id = h.id AND r.attempt = h.attempt AND r.status = 'RUNNING' AND r.lease_owner = $3
         RETURNING r.id::text`,
        [asked.map(([id]) => id), asked.map(([, lease]) => lease.attempt), owner, LEASE_MS],
      );
      const still = new Set(renewed.rows.map((row) => BigInt(row.id)));
      for (const [id, lease] of asked) {
        if (still.has(id)) lease.renewedAt = sentAt;
        else lose(id, lease);
      }
    } catch (error) {
      logger.warn({ err: error }, 'leases could not be renewed; trying again');
      client?.end().catch(() => {});
      client = null;
    }
    for (const [id, lease] of asked) if (performance.now() - lease.renewedAt > LEASE_MS) lose(id, lease);
  }

  function lose(id: bigint, lease: Held): void {
    if (held.get(id) !== lease) return;
    held.delete(id);
    lease.controller.abort(new RunAborted('lease lost'));
  }

  const timer = setInterval(() => {
    renewing = renewing.then(renew);
  }, RENEW_MS);
  return {
    owner,
    hold(run) {
      const lease: Held = { attempt: run.attempt, renewedAt: performance.now(), controller: new AbortController() };
      held.set(run.id, lease);
      return { signal: lease.controller.signal, drop: () => void (held.get(run.id) === lease && held.delete(run.id)) };
    },
    async stop() {
      clearInterval(timer);
      held.clear();
      await renewing;
      await client?.end();
    },
  };
}
