/** Moments to strike at: any, or in the middle of a transaction that has written to a table. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../kit/wait-for.js';
import type { Scene } from '../scene.js';

const WITHIN = { withinMs: 30_000, everyMs: 2 };

/** Which table a transaction of each kind of work has written to when it is under way. */
const WRITTEN = {
  'a stream batch': 'mart.mart_latest_prices',
  'a history load': 'ops.history_intervals',
  'a publish': 'mart.mart_crypto_performance',
} as const;
export type Work = keyof typeof WRITTEN;

/** Batches and chunks take some ms, a publish takes longer: somewhere within. */
export async function inTheMiddleOf(work: Work, { platform, random, batch }: Scene): Promise<void> {
  await waitFor(
    `${work} is under way`,
    async () => {
      batch.followOneMore();
      const { rowCount } = await platform.db().pool.query(
        `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
         WHERE l.relation = $1::regclass AND l.mode = 'RowExclusiveLock' AND l.granted AND a.application_name LIKE 'cdp %'`,
        [WRITTEN[work]],
      );
      return rowCount !== 0;
    },
    WITHIN,
  );
  if (work === 'a publish') await sleep(random.int(0, 100));
}

/** While a history load and a run of `daily` are going on. */
export async function atAnyMoment({ platform, random, batch }: Scene): Promise<void> {
  await waitFor(
    'a run of history and one of daily are going on',
    async () => {
      batch.followOneMore(); // one coin is soon done
      const { rows } = await platform.db().pool.query(`SELECT DISTINCT pipeline FROM ops.pipeline_runs
        WHERE status = 'RUNNING' AND lease_expires_at > clock_timestamp() AND pipeline IN ('history', 'daily')`);
      return rows.length === 2;
    },
    WITHIN,
  );
  await sleep(random.int(0, 500));
}

/** The process that holds the lease of a run, by its pid. */
export async function findLeaseHolder({ platform }: Scene): Promise<number> {
  return waitFor(
    'a run is going on',
    async () => {
      const { rows } = await platform
        .db()
        .pool.query<{ lease_owner: string }>(
          `SELECT lease_owner FROM ops.pipeline_runs WHERE status = 'RUNNING' AND pipeline IN ('history', 'daily') ORDER BY id DESC LIMIT 1`,
        );
      return Number(rows[0]?.lease_owner.split('/')[1]) || null;
    },
    WITHIN,
  );
}
