/**
 * Retention of the Postgres log (Kafka has its own): forgets a topic's records that are older than its retention.
 * Must stay true: the partition's start moves first, so a reader below it is told so and never meets a hole; nothing that the consumer
 * has yet to commit is forgotten, however old, not even when it has never run.
 */
import type { Database } from '../postgres/database.js';
import type { TopicSpec } from './event-log.js';
import { findOffsetAt, readBounds } from './record-pages.js';

/** Small enough that a delete is over in milliseconds. */
const DELETE_RECORDS = 5_000n;

/** `consumed`: ops.stream_offsets says how far the topic has been taken over. Returns how many records were forgotten. */
export async function trimLog(db: Database, { topic, retentionMs }: TopicSpec, consumed: boolean): Promise<bigint> {
  // By the clock that the records were appended by: a process whose own is a day ahead must not forget what is minutes old.
  const { rows } = await db.pool.query<{ oldest: Date }>(`SELECT clock_timestamp() - $1 * interval '1 millisecond' AS oldest`, [
    retentionMs,
  ]);
  const { oldest } = rows[0] as { oldest: Date };
  let forgotten = 0n;
  for (const { partition } of await readBounds(db, topic)) {
    const expired = await findOffsetAt(db, topic, partition, oldest);
    const keepFrom = consumed ? await committed(db, topic, partition, expired) : expired;
    await db.pool.query('UPDATE ops.log_partitions SET start_offset = $3 WHERE topic = $1 AND partition = $2 AND start_offset < $3', [
      topic,
      partition,
      keepFrom,
    ]);
    forgotten += await deleteBelowStart(db, topic, partition);
  }
  return forgotten;
}

async function committed(db: Database, topic: string, partition: number, expired: bigint): Promise<bigint> {
  const { rows } = await db.pool.query<{ next_offset: bigint }>(
    'SELECT least(next_offset, $3) AS next_offset FROM ops.stream_offsets WHERE topic = $1 AND partition = $2',
    [topic, partition, expired],
  );
  return rows[0]?.next_offset ?? 0n;
}

/** Also what an earlier trim that died half-way left behind. */
async function deleteBelowStart(db: Database, topic: string, partition: number): Promise<bigint> {
  let forgotten = 0n;
  for (;;) {
    const { rowCount } = await db.pool.query(
      `DELETE FROM ops.log_records WHERE topic = $1 AND partition = $2 AND "offset" < least(
         (SELECT start_offset FROM ops.log_partitions WHERE topic = $1 AND partition = $2),
         (SELECT min("offset") FROM ops.log_records WHERE topic = $1 AND partition = $2) + $3::bigint)`,
      [topic, partition, DELETE_RECORDS],
    );
    if (!rowCount) return forgotten;
    forgotten += BigInt(rowCount);
  }
}
