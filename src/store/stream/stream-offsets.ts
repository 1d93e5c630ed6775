/**
 * How far each partition of a consumed topic is committed. Grain: one (topic, partition).
 * Must stay true: next_offset moves only by compare-and-set, first in the transaction of the rows that it stands for. A position (base +
 * offset) never comes twice: whoever sets an offset back raises the base.
 */
import type { Queryable } from '../../platform/postgres/database.js';

/** What is known of the record before the next offset tells a recreated topic from the one that was read. */
export interface StreamPlace {
  partition: number;
  nextOffset: bigint;
  /** Of the topic, when this was recorded. */
  partitionCount: number;
  /** Null: nothing was read of the partition, or what was is gone. */
  lastFingerprint: string | null;
  /** The log's clock at the last record. */
  lastAppendedAt: Date | null;
  positionBase: bigint;
}

export interface OffsetMove {
  partition: number;
  from: bigint;
  to: bigint;
  /** As it was known on assignment: another one means that an operator has set the offset back meanwhile. */
  positionBase: bigint;
  /** Of the last record; null where it was not read. */
  fingerprint: string | null;
  appendedAt: Date | null;
}

const PLACE = `partition, next_offset AS "nextOffset", partition_count AS "partitionCount", last_fingerprint AS "lastFingerprint",
  last_appended_at AS "lastAppendedAt", position_base AS "positionBase"`;

/** Where the partition stands; one never seen before begins at the log's start, with the partition count that is recorded of the others. */
export async function takeUpPlace(
  db: Queryable,
  topic: string,
  partition: number,
  logStart: bigint,
  partitions: number,
): Promise<StreamPlace> {
  await insertPlace(db, topic, partition, logStart, (await findPartitionCount(db, topic)) ?? partitions);
  const { rows } = await db.query<StreamPlace>(`SELECT ${PLACE} FROM ops.stream_offsets WHERE topic = $1 AND partition = $2`, [
    topic,
    partition,
  ]);
  return rows[0] as StreamPlace;
}

/** In order; none before the first assignment. */
export async function getPlaces(db: Queryable, topic: string): Promise<StreamPlace[]> {
  const { rows } = await db.query<StreamPlace>(`SELECT ${PLACE} FROM ops.stream_offsets WHERE topic = $1 ORDER BY partition`, [topic]);
  return rows;
}

/** Null before the first assignment. */
export async function findPartitionCount(db: Queryable, topic: string): Promise<number | null> {
  const { rows } = await db.query<{ count: number | null }>(
    'SELECT max(partition_count) AS count FROM ops.stream_offsets WHERE topic = $1',
    [topic],
  );
  return rows[0]?.count ?? null;
}

export async function findOffset(db: Queryable, topic: string, partition: number): Promise<bigint | null> {
  const { rows } = await db.query('SELECT next_offset FROM ops.stream_offsets WHERE topic = $1 AND partition = $2', [topic, partition]);
  return rows[0]?.next_offset ?? null;
}

/** Whether the partition stands where the move was to bring it. */
export async function hasMoved(db: Queryable, topic: string, { partition, to, positionBase }: OffsetMove): Promise<boolean> {
  const { rowCount } = await db.query(
    'SELECT FROM ops.stream_offsets WHERE topic = $1 AND partition = $2 AND next_offset = $3 AND position_base = $4',
    [topic, partition, to, positionBase],
  );
  return rowCount === 1;
}

/** How many of the partitions stood where they were said to and moved; with fewer than all the caller's transaction must not commit. */
export async function compareAndSetOffsets(tx: Queryable, topic: string, moves: readonly OffsetMove[]): Promise<number> {
  const { rowCount } = await tx.query({
    name: 'compare-and-set-offsets',
    text: `WITH standing AS ( -- locked in ascending order, so that two who move the same ones do not wait for each other in a circle
             SELECT o.partition, m.next_offset, m.fingerprint, m.appended_at
             FROM ops.stream_offsets AS o
             JOIN unnest($2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[])
               AS m (partition, known_offset, known_base, next_offset, fingerprint, appended_at) USING (partition)
             WHERE o.topic = $1 AND o.next_offset = m.known_offset AND o.position_base = m.known_base
             ORDER BY o.partition
             FOR UPDATE OF o
           )
           UPDATE ops.stream_offsets AS o
           SET next_offset = s.next_offset, last_fingerprint = s.fingerprint, last_appended_at = s.appended_at, committed_at = clock_timestamp()
           FROM standing AS s
           WHERE o.topic = $1 AND o.partition = s.partition`,
    values: [
      topic,
      moves.map((move) => move.partition),
      moves.map((move) => move.from),
      moves.map((move) => move.positionBase),
      moves.map((move) => move.to),
      moves.map((move) => move.fingerprint),
      moves.map((move) => move.appendedAt),
    ],
  });
  return rowCount ?? 0;
}

/** An operator's word: reading goes on at `offset`. What is read from there on gets positions above all that came before. */
export async function resetPlace(tx: Queryable, topic: string, partition: number, offset: bigint, partitions: number): Promise<void> {
  await insertPlace(tx, topic, partition, offset, partitions);
  await tx.query(
    `UPDATE ops.stream_offsets
     SET position_base = position_base + greatest(next_offset - $3, 0), next_offset = $3, partition_count = $4,
         last_fingerprint = NULL, last_appended_at = NULL, committed_at = clock_timestamp()
     WHERE topic = $1 AND partition = $2`,
    [topic, partition, offset, partitions],
  );
}

/** The topic has another number of partitions now, and each that is new begins at its start. Those that are gone stay, for their positions. */
export async function recordPartitionCount(tx: Queryable, topic: string, starts: bigint[]): Promise<void> {
  for (const [partition, start] of starts.entries()) await insertPlace(tx, topic, partition, start, starts.length);
  await tx.query('UPDATE ops.stream_offsets SET partition_count = $2 WHERE topic = $1', [topic, starts.length]);
}

async function insertPlace(db: Queryable, topic: string, partition: number, offset: bigint, partitions: number): Promise<void> {
  await db.query(
    `INSERT INTO ops.stream_offsets (topic, partition, next_offset, partition_count, committed_at)
     VALUES ($1, $2, $3, $4, clock_timestamp()) ON CONFLICT DO NOTHING`,
    [topic, partition, offset, partitions],
  );
}
