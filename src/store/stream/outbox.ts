/**
 * What a committed batch has to say, ready to send, until it stands in the log. Grain: one record for one target topic.
 * Must stay true: published_position of a source partition moves by compare-and-set, after the log's acknowledgement:
 * a crash repeats records and never skips one.
 */
import type { Queryable } from '../../platform/postgres/database.js';

export interface OutboxRow {
  target: string;
  /** Of the record in the source partition that it comes from. */
  position: bigint;
  ordinal: number;
  key: string;
  value: string;
}

export interface OutboxPlace {
  target: string;
  sourceTopic: string;
  sourcePartition: number;
}

export async function insertOutbox(tx: Queryable, sourceTopic: string, sourcePartition: number, rows: OutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: 'insert-outbox',
    text: `INSERT INTO ops.outbox (source_topic, source_partition, target_topic, source_position, ordinal, key, value)
           SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[], $5::smallint[], $6::text[], $7::text[])`,
    values: [
      sourceTopic,
      sourcePartition,
      rows.map((row) => row.target),
      rows.map((row) => row.position),
      rows.map((row) => row.ordinal),
      rows.map((row) => row.key),
      rows.map((row) => row.value),
    ],
  });
}

/** The published position of one place, null before the first, and its oldest rows in order: whole source positions, about `limit` rows. */
export async function getUnpublished(
  db: Queryable,
  place: OutboxPlace,
  limit: number,
): Promise<{ published: bigint | null; rows: Omit<OutboxRow, 'target'>[] }> {
  const { rows } = await db.query({
    name: 'get-unpublished',
    text: `SELECT p.published_position AS published, o.*
           FROM (
             SELECT source_position AS position, ordinal, key, value FROM ops.outbox
             WHERE target_topic = $1 AND source_topic = $2 AND source_partition = $3
             ORDER BY source_position FETCH FIRST $4 ROWS WITH TIES
           ) AS o
           LEFT JOIN ops.outbox_progress AS p ON p.target_topic = $1 AND p.source_topic = $2 AND p.source_partition = $3
           ORDER BY position, ordinal`,
    values: [place.target, place.sourceTopic, place.sourcePartition, limit],
  });
  return { published: rows[0]?.published ?? null, rows };
}

/** Moves the published position from `from` and drops the rows up to `to`, in one statement. False: somebody else has moved it. */
export async function markPublished(db: Queryable, place: OutboxPlace, from: bigint | null, to: bigint): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'mark-published',
    text: `WITH moved AS (
             INSERT INTO ops.outbox_progress AS p (target_topic, source_topic, source_partition, published_position)
             SELECT $1, $2, $3, $5
             ON CONFLICT (target_topic, source_topic, source_partition) DO UPDATE SET published_position = excluded.published_position
             WHERE p.published_position = $4
             RETURNING 1
           ), dropped AS (
             DELETE FROM ops.outbox
             WHERE target_topic = $1 AND source_topic = $2 AND source_partition = $3 AND source_position <= $5 AND EXISTS (SELECT FROM moved)
           )
           SELECT FROM moved`,
    values: [place.target, place.sourceTopic, place.sourcePartition, from, to],
  });
  return rowCount === 1;
}
