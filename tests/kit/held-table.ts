/** Statements that take long without any work: they wait for a table. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/platform/postgres/database.js';

/** Holds the table until a statement of `work` has waited for it for so long, and resolves or rejects as `work` does. */
export async function whileHeld<T>(db: Database, table: string, ms: number, work: () => Promise<T>): Promise<T> {
  const holder = await db.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    let ended = false;
    const working = work().finally(() => (ended = true));
    working.catch(() => {});
    // Asked outside of the transaction, in which this view would not change.
    const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                   AND query_start < clock_timestamp() - $1 * interval '1 millisecond'`;
    while (!ended && (await db.pool.query(waits, [ms])).rowCount === 0) await sleep(10);
    await holder.query('ROLLBACK');
    return await working;
  } finally {
    holder.release();
  }
}
