/** ops.datasets. Grain: one dataset of the platform: what it is, what made its rows, and what was published of it. */
import type { UtcDate } from '../../domain/time.js';
import type { Queryable } from '../../platform/postgres/database.js';
import { LOCKS } from '../../platform/postgres/locks.js';

export interface DatasetRow {
  name: string;
  grain: string;
  /** Names of the datasets that it is computed from. */
  dependsOn: string[];
  /** Counts publications. */
  version: string;
  updatedAt: Date | null;
}

/** By name. */
export async function getDatasets(db: Queryable): Promise<DatasetRow[]> {
  const { rows } = await db.query<DatasetRow>({
    name: 'get-datasets',
    text: `SELECT name, grain, depends_on AS "dependsOn", version::text AS version, updated_at AS "updatedAt"
           FROM ops.datasets ORDER BY name COLLATE "C"`,
  });
  return rows;
}

export interface DatasetDefinition {
  name: string;
  grain: string;
  dependsOn: readonly string[];
  definitionHash: string;
}

/**
 * Makes the rows of new datasets and brings words up to date. A hash stays as it is: its rows are still what that definition made.
 * Returns the names of those with another hash than the given one; a dataset that is new where others have been published is one.
 */
export async function upsertDatasets(tx: Queryable, definitions: readonly DatasetDefinition[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ name: string }>(
    `WITH given AS (
       SELECT name, grain, ARRAY(SELECT json_array_elements_text(depends_on)) AS depends_on, hash
       FROM unnest($1::text[], $2::text[], $3::json[], $4::text[]) AS d (name, grain, depends_on, hash)
     ),
     before AS (
       SELECT EXISTS (SELECT FROM ops.datasets WHERE published_through IS NOT NULL) AS published
     ),
     written AS (
       INSERT INTO ops.datasets AS d (name, grain, depends_on, definition_hash)
       SELECT name, grain, depends_on, CASE WHEN published THEN 'never built' ELSE hash END FROM given CROSS JOIN before
       ON CONFLICT (name) DO UPDATE SET grain = excluded.grain, depends_on = excluded.depends_on
       RETURNING d.name, d.definition_hash
     )
     SELECT written.name FROM written JOIN given USING (name) WHERE written.definition_hash <> given.hash`,
    [
      definitions.map((definition) => definition.name),
      definitions.map((definition) => definition.grain),
      definitions.map((definition) => JSON.stringify(definition.dependsOn)),
      definitions.map((definition) => definition.definitionHash),
    ],
  );
  return new Set(rows.map((row) => row.name));
}

/** The rows of these datasets are made by these definitions now. */
export async function recordDefinitions(tx: Queryable, hashes: ReadonlyMap<string, string>): Promise<void> {
  await tx.query(
    `UPDATE ops.datasets AS d SET definition_hash = given.hash
     FROM unnest($1::text[], $2::text[]) AS given (name, hash) WHERE d.name = given.name AND d.definition_hash <> given.hash`,
    [[...hashes.keys()], [...hashes.values()]],
  );
}

/** No row counts as made by today's definitions any more, so the next rebuild makes all of them anew. Waits for a publish that is under way. */
export async function forgetDefinitions(db: Queryable): Promise<void> {
  await db.query(
    `WITH no_publish AS MATERIALIZED (SELECT pg_advisory_xact_lock($1, 0))
     UPDATE ops.datasets SET definition_hash = 'to be made anew' FROM no_publish`,
    [LOCKS.publish],
  );
}

/** The newest day that the marts were published for; null before the first publish. */
export async function findPublishedThrough(db: Queryable): Promise<UtcDate | null> {
  const { rows } = await db.query<{ through: UtcDate | null }>('SELECT max(published_through) AS through FROM ops.datasets');
  return rows[0]?.through ?? null;
}

/** Raises the versions of the changed datasets and moves all to the day. */
export async function recordPublication(
  tx: Queryable,
  publication: { marts: readonly string[]; changed: readonly string[]; through: UtcDate; now: Date },
): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE ops.datasets
     SET published_through = greatest(published_through, $3::date),
         version = version + (name = ANY ($2))::integer,
         updated_at = CASE WHEN name = ANY ($2) THEN $4 ELSE updated_at END
     WHERE name = ANY ($1)`,
    [publication.marts, publication.changed, publication.through, publication.now],
  );
  if (rowCount !== publication.marts.length)
    throw new Error('ops.datasets does not know every mart: registerDatasets runs at the start of a worker');
}
