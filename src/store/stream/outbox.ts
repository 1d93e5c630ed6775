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
           FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[]) WITH ORDINALITY AS batch (target, partition, first, last, number)
           JOIN string_to_table($6, E'\\n\\n') WITH ORDINALITY AS line (records, number) USING (number)`,
    values: [
      sourceTopic,
      batches.map((batch) => batch[0]?.target),
      batches.map((batch) => batch[0]?.sourcePartition),
      batches.map((batch) => batch[0]?.position),
      batches.map((batch) => batch.at(-1)?.position),
      // As one text: each element of an array would be escaped here and read again there.
      batches.map((batch) => batch.map(({ key, value }) => `${JSON.stringify(key)}\t${value}`).join('\n')).join('\n\n'),
    ],
  });
}

export interface OutboxPage extends OutboxPlace {
  /** The published position of the place, null before the first. */
  published: bigint | null;
  /** Of the newest record on the page. */
  last: bigint;
  records: { key: string; value: string }[];
  /** Batches that were left for the next page. */
  more: boolean;
}

const PAGE_BATCHES = 1_000;

interface BatchRow {
  place: bigint;
  published: bigint | null;
  last: bigint;
  records: string;
  count: bigint;
  more: boolean;
}

/** The oldest batches of each place, in order: about `bytes`, at least one batch. Places where nothing waits have no page. */
export async function getUnpublished(db: Queryable, sourceTopic: string, places: OutboxPlace[], bytes: number): Promise<OutboxPage[]> {
  const { rows } = await db.query<BatchRow>({
    name: 'get-unpublished',
    text: `SELECT place.number AS place, p.published_position AS published, o.last_position AS last, o.records,
                  o.count = $5 OR o.bytes_until_end > $4 AS more
           FROM unnest($2::text[], $3::integer[]) WITH ORDINALITY AS place (target, partition, number)
           CROSS JOIN LATERAL (
             SELECT *, sum(octet_length(records)) OVER (ORDER BY first_position) - octet_length(records) AS bytes_before,
                    sum(octet_length(records)) OVER () AS bytes_until_end, count(*) OVER () AS count
             FROM (
               SELECT first_position, last_position, records FROM ops.outbox
               WHERE target_topic = place.target AND source_topic = $1 AND source_partition = place.partition
               ORDER BY first_position LIMIT $5
             ) AS oldest
           ) AS o
           LEFT JOIN ops.outbox_progress AS p
             ON p.target_topic = place.target AND p.source_topic = $1 AND p.source_partition = place.partition
           WHERE o.bytes_before < $4
           ORDER BY place.number, o.first_position`,
    values: [sourceTopic, places.map((place) => place.target), places.map((place) => place.sourcePartition), bytes, PAGE_BATCHES],
  });
  return [...Map.groupBy(rows, (row) => row.place)].map(([number, batches]) => {
    const newest = batches.at(-1) as BatchRow;
    return {
      ...(places[Number(number) - 1] as OutboxPlace),
      published: newest.published,
      last: newest.last,
      records: batches.flatMap((batch) => batch.records.split('\n').map(readLine)),
      more: newest.more,
    };
  });
}

function readLine(line: string): { key: string; value: string } {
  const tab = line.indexOf('\t'); // JSON writes a tab within a text as \\t
  return { key: JSON.parse(line.slice(0, tab)) as string, value: line.slice(tab + 1) };
}

/**
 * Moves the published position of each page's place, if it still stands where the page says, and drops the batches of the page. The pages
 * are of one target; returns the source partitions that moved.
 */
export async function markPublished(
  db: Queryable,
  sourceTopic: string,
  pages: Pick<OutboxPage, 'target' | 'sourcePartition' | 'published' | 'last'>[],
): Promise<ReadonlySet<number>> {
  const { rows } = await db.query<{ source_partition: number }>({
    name: 'mark-published',
    text: `WITH page AS (
             SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[]) AS page (target, partition, known, last)
           ), moved AS (
             UPDATE ops.outbox_progress AS p SET published_position = page.last
             FROM page
             WHERE p.target_topic = page.target AND p.source_topic = $1 AND p.source_partition = page.partition
               AND p.published_position = page.known
             RETURNING p.target_topic, p.source_partition, p.published_position
           ), begun AS (
             INSERT INTO ops.outbox_progress (target_topic, source_topic, source_partition, published_position)
             SELECT target, $1, partition, last FROM page WHERE known IS NULL
             ON CONFLICT DO NOTHING
             RETURNING target_topic, source_partition, published_position
           ), ahead AS (
             SELECT * FROM moved UNION ALL SELECT * FROM begun
           ), dropped AS (
             DELETE FROM ops.outbox -- by place, whatever the planner believes about the table
             WHERE ctid = ANY (ARRAY(
               SELECT o.ctid
               FROM ahead AS m
               CROSS JOIN LATERAL (
                 SELECT o.ctid FROM ops.outbox AS o
                 WHERE o.target_topic = m.target_topic AND o.source_topic = $1 AND o.source_partition = m.source_partition
                   AND o.first_position <= m.published_position
                 OFFSET 0
               ) AS o
             ))
           )
           SELECT source_partition FROM ahead`,
    values: [
      sourceTopic,
      pages.map((page) => page.target),
      pages.map((page) => page.sourcePartition),
      pages.map((page) => page.published),
      pages.map((page) => page.last),
    ],
  });
  return new Set(rows.map((row) => row.source_partition));
}
