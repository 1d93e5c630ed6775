/** How often marts were published with a change, so far. */
import type { Queryable } from '../../../src/platform/postgres/database.js';

export async function findDatasetVersions(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ version: number }>(
    `SELECT version::integer FROM ops.datasets WHERE name = 'mart.mart_crypto_performance'`,
  );
  return rows[0]?.version ?? 0;
}
