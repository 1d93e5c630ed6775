/** Tables are filled without their indexes, which are made again as they were. */
import type { Database } from '../../../src/platform/postgres/database.js';

export interface DroppedIndexes {
  restore(table: string): Promise<void>;
}

export async function dropIndexes(db: Database, tables: readonly string[]): Promise<DroppedIndexes> {
  const { rows } = await db.pool.query<{ table: string; drop: string; make: string }>(
    `SELECT name AS table,
       coalesce('ALTER TABLE ' || name || ' DROP CONSTRAINT ' || quote_ident(c.conname), 'DROP INDEX ' || i.indexrelid::regclass) AS drop,
       coalesce('ALTER TABLE ' || name || ' ADD CONSTRAINT ' || quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid),
         pg_get_indexdef(i.indexrelid)) AS make
     FROM unnest($1::text[]) AS name JOIN pg_index AS i ON i.indrelid = name::regclass
     LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype = 'p'`,
    [tables],
  );
  for (const { drop } of rows) await db.pool.query(drop);
  return {
    async restore(table) {
      // pg_get_indexdef says ON ONLY of a partitioned table, whose partitions would go without.
      for (const row of rows) if (row.table === table) await db.pool.query(row.make.replace(' ON ONLY ', ' ON '));
    },
  };
}
