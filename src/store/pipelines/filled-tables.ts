/** Tables that a load has filled: of the layers, those of which much is new since they were last vacuumed. */
import type { Queryable } from '../../platform/postgres/database.js';

/** As SQL names them. Much: a fifth of the rows, and a thousand; autovacuum measures alike, and what is small it has done in no time. */
export async function getFilledTables(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables
     WHERE schemaname IN ('raw', 'raw_partitions', 'staging', 'mart') AND n_ins_since_vacuum > greatest(1000, n_live_tup / 5)
     ORDER BY name`,
  );
  return rows.map(({ name }) => name);
}
