/**
 * Brings a dataset's table to the rows that its SELECT gives, in the caller's transaction.
 * Must stay true: a row that is the same already is not written, so an unchanged dataset keeps its rows, their clocks and its version.
 */
import type { Queryable } from '../../src/platform/postgres/database.js';
import { type Dataset, type Landing, type Mart, readSql, tableOf } from '../transforms/transform.js';

export interface TransformResult {
  written: number;
  deleted: number;
}

/**
 * The rows of a mart that a publish makes anew, as a subselect: those of the table affected_<table>. OFFSET 0: the index is probed span
 * by span, whatever the planner believes about the table.
 */
export function affectedRows(mart: Pick<Mart, 'name' | 'reach'>): string {
  const affected = `affected_${tableOf(mart)}`;
  if (mart.reach.grain === 'whole') return mart.name;
  const sameCoin = mart.reach.grain === 'coin-day' ? 't.coin_id = a.coin_id AND ' : '';
  return `(SELECT r.* FROM ${affected} AS a CROSS JOIN LATERAL (
    SELECT * FROM ${mart.name} AS t WHERE ${sameCoin}t.day BETWEEN a.first_day AND a.last_day OFFSET 0) AS r)`;
}

/** Makes the affected rows of a mart anew: those that are no more are deleted. */
export async function applyMart(tx: Queryable, mart: Mart, now: Date): Promise<TransformResult> {
  return replaceRows(tx, mart, {
    select: readSql(mart.sql[0] as string),
    within: affectedRows(mart),
    values: [now],
    clock: '$1::timestamptz',
  });
}

/** Adds what one fetch brought; a row that is newer by the dataset's own measure stands. Returns the rows that changed. */
export async function applyLanding<Row extends Record<string, unknown>>(tx: Queryable, landing: Landing, origin: string): Promise<Row[]> {
  const columns = await getColumns(tx, landing);
  const newest = (row: string) => `(${landing.newest.map((column) => `${row}.${column}`).join(', ')})`;
  const { rows } = await tx.query<Row>(
    `INSERT INTO ${landing.name} AS t (${columns.join(', ')})
     SELECT ${columns.join(', ')} FROM (${readSql(landing.sql[0] as string)}) AS landed
     ON CONFLICT (${landing.key.join(', ')}) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}
     WHERE ${newest('excluded')} > ${newest('t')}
     RETURNING t.*`,
    [origin],
  );
  return rows;
}

/** Makes a dataset anew from all that raw holds. `keptOnly`: a condition on rows that raw no longer holds; they stay as they are. */
export async function rebuildLanding(tx: Queryable, landing: Landing, keptOnly = 'false'): Promise<TransformResult> {
  const within = `(SELECT * FROM ${landing.name} WHERE NOT (${keptOnly}))`;
  return replaceRows(tx, landing, { select: readSql(landing.sql[0] as string), within, values: [null], clock: null });
}

interface Replacement {
  select: string;
  /** The rows that may be deleted. */
  within: string;
  values: unknown[];
  /** What clock columns are set to. */
  clock: string | null;
}

/** Set operations and no joins: they are hashed whatever the planner believes, and compare rows as the rest of SQL does (1.0 is 1.00). */
async function replaceRows(tx: Queryable, dataset: Dataset, { select, within, values, clock }: Replacement): Promise<TransformResult> {
  const { name, key, clockColumns } = dataset;
  const columns = await getColumns(tx, dataset);
  const all = [...columns, ...clockColumns];
  const [keys, facts] = [key.join(', '), columns.join(', ')];
  const { rows } = await tx.query<{ written: number; deleted: number }>(
    `WITH next AS MATERIALIZED (${select}),
     present AS MATERIALIZED (SELECT ${facts} FROM ${within} AS within),
     gone AS (
       DELETE FROM ${name} AS t USING (SELECT ${keys} FROM present EXCEPT SELECT ${keys} FROM next) AS g
       WHERE ${key.map((column) => `t.${column} = g.${column}`).join(' AND ')} RETURNING 1
     ),
     written AS (
       INSERT INTO ${name} (${all.join(', ')})
       SELECT ${[facts, ...clockColumns.map(() => clock)].join(', ')} FROM (SELECT ${facts} FROM next EXCEPT SELECT ${facts} FROM present) AS changed
       ON CONFLICT (${keys}) DO UPDATE SET ${all.map((column) => `${column} = excluded.${column}`).join(', ')}
       RETURNING 1
     )
     SELECT (SELECT count(*) FROM written)::integer AS written, (SELECT count(*) FROM gone)::integer AS deleted`,
    values,
  );
  return rows[0] as TransformResult;
}

/** The table's columns but the clock columns, in its order. */
async function getColumns(db: Queryable, { name, clockColumns }: Pick<Dataset, 'name' | 'clockColumns'>): Promise<string[]> {
  const { rows } = await db.query<{ column: string }>({
    name: 'get-columns',
    text: `SELECT attname AS column FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    values: [name],
  });
  return rows.map((row) => row.column).filter((column) => !clockColumns.includes(column));
}
