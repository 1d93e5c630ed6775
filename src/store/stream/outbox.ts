/**
 * What committed batches have to say, ready to send, until it stands in the log. Grain: one batch of a source partition and one target.
 * Must stay true: published_position of a source partition moves by compare-and-set, after the log's acknowledgement:
 * a crash repeats records and never skips one.
 */
import type { Queryable } from '../../platform/postgres/database.js';

export interface OutboxRecord {
  target: string;
  sourcePartition: number;
  /** Of the record in the source partition that it comes from. */
  position: bigint;
  key: string;
  /** JSON without line breaks. */
  value: string;
}

export interface OutboxPlace {
  target: string;
  sourceTopic: string;
  sourcePartition: number;
}

/** One transaction's records, those of each source partition in the order of their positions. */
export async function insertOutbox(tx: Queryable, sourceTopic: string, records: OutboxRecord[]): Promise<void> {
  if (records.length === 0) return;
  const batches = [...Map.groupBy(records, ({ target, sourcePartition }) => `${target} ${sourcePartition}`).values()];
  await tx.query({
    name: 'insert-outbox',
    text: `INSERT INTO ops.outbox (target_topic, source_topic, source_partition, first_position, last_position, records)
           SELECT target, $1, partition, first, last, records
           FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::text[]) AS batch (target, partition, first, last, records)`,
    values: [
      sourceTopic,
      batches.map((batch) => batch[0]?.target),
      batches.map((batch) => batch[0]?.sourcePartition),
      batches.map((batch) => batch[0]?.position),
      batches.map((batch) => batch.at(-1)?.position),
      batches.map((batch) => batch.map(({ key, value }) => `${JSON.stringify(key)}\t${value}`).join('\n')),
    ],
  });
}

export interface OutboxPage {
  /** The published position of the place, null before the first. */
  published: bigint | null;
  /** Of the newest record on the page. */
  last: bigint;
  records: { key: string; value: string }[];
}

/** The oldest batches of one place, in order: about `bytes`, at least one batch. Null: nothing waits. */
export async function findUnpublished(db: Queryable, place: OutboxPlace, bytes: number): Promise<OutboxPage | null> {
  const { rows } = await db.query<{ published: bigint | null; last: bigint; records: string }>({
    name: 'find-unpublished',
    text: `SELECT p.published_position AS published, o.last_position AS last, o.records
           FROM (
             SELECT *, sum(octet_length(records)) OVER (ORDER BY first_position) - octet_length(records) AS before
             FROM (
               SELECT * FROM ops.outbox
               WHERE target_topic = $1 AND source_topic = $2 AND source_partition = $3
               ORDER BY first_position LIMIT 1000
             ) AS oldest
           ) AS o
           LEFT JOIN ops.outbox_progress AS p ON p.target_topic = $1 AND p.source_topic = $2 AND p.source_partition = $3
           WHERE o.before < $4
           ORDER BY o.first_position`,
    values: [place.target, place.sourceTopic, place.sourcePartition, bytes],
  });
  const last = rows.at(-1);
  if (last === undefined) return null;
  return { published: last.published, last: last.last, records: rows.flatMap((row) => row.records.split('\n').map(readLine)) };
}

function readLine(line: string): { key: string; value: string } {
  const tab = line.indexOf('\t'); // JSON writes a tab within a text as \\t
  return { key: JSON.parse(line.slice(0, tab)) as string, value: line.slice(tab + 1) };
}

/** Moves the published position from `from` and drops the batches up to `to`, in one statement. False: somebody else has moved it. */
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
             WHERE target_topic = $1 AND source_topic = $2 AND source_partition = $3 AND first_position <= $5 AND EXISTS (SELECT FROM moved)
           )
           SELECT FROM moved`,
    values: [place.target, place.sourceTopic, place.sourcePartition, from, to],
  });
  return rowCount === 1;
}
