/** Tables filled without their indexes, which are made again as they were. */
import type { Database } from '../../../src/platform/postgres/database.js';

/** What is lost of the database when the work throws is lost: it was made to be thrown away. */
export async function withoutIndexes(db: Database, tables: readonly string[], work: () => Promise<void>): Promise<void> {
  const { rows } = await db.pool.query<{ drop: string; make: string }>(
    `SELECT coalesce('ALTER TABLE ' || i.indrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(c.conname), 'DROP INDEX ' || i.indexrelid::regclass) AS drop,
       coalesce('ALTER TABLE ' || i.indrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid),
         pg_get_indexdef(i.indexrelid)) AS make
     FROM pg_index AS i LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype = 'p'
     WHERE i.indrelid = ANY ($1::text[]::regclass[])`,
    [tables],
  );
  for (const { drop } of rows) await db.pool.query(drop);
  await work();
  // pg_get_indexdef says ON ONLY of a partitioned table, whose partitions would go without.
  for (const { make } of rows) await db.pool.query(make.replace(' ON ONLY ', ' ON '));
}
