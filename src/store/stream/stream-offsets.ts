/**
 * How far each partition of a consumed topic is committed. Grain: one (topic, partition).
 * Must stay true: next_offset moves only by compare-and-set, first in the transaction of the rows that it stands for.
 */
import type { Queryable } from '../../platform/postgres/database.js';

export interface OffsetMove {
  topic: string;
  partition: number;
  from: bigint;
  to: bigint;
  /** Of the last record: tells a recreated topic from the one that was read. */
  fingerprint: string;
  /** The log's clock at the last record. */
  appendedAt: Date;
}

/** The offset to read from; a partition never seen before begins at the log's start. */
export async function startOffsetAt(
  db: Queryable,
  topic: string,
  partition: number,
  logStart: bigint,
  partitions: number,
): Promise<bigint> {
  await db.query(
    `INSERT INTO ops.stream_offsets (topic, partition, next_offset, partition_count, committed_at)
     VALUES ($1, $2, $3, $4, clock_timestamp()) ON CONFLICT DO NOTHING`,
    [topic, partition, logStart, partitions],
  );
  return (await findOffset(db, topic, partition)) as bigint;
}

export async function findOffset(db: Queryable, topic: string, partition: number): Promise<bigint | null> {
  const { rows } = await db.query('SELECT next_offset FROM ops.stream_offsets WHERE topic = $1 AND partition = $2', [topic, partition]);
  return rows[0]?.next_offset ?? null;
}

/** False: the offset is not `from` any more, and the caller's transaction must not commit. */
export async function compareAndSetOffset(tx: Queryable, move: OffsetMove): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'compare-and-set-offset',
    text: `UPDATE ops.stream_offsets
           SET next_offset = $4, last_fingerprint = $5, last_appended_at = $6, committed_at = clock_timestamp()
           WHERE topic = $1 AND partition = $2 AND next_offset = $3`,
    values: [move.topic, move.partition, move.from, move.to, move.fingerprint, move.appendedAt],
  });
  return rowCount === 1;
}
