/**
 * How a group of records is stored: in one statement, or, where they are many, with COPY, in three round trips.
 * Must stay true: both lock the partition heads in ascending order, so appenders never deadlock, and hold them until they commit, so an
 * offset is visible only after all below it; the clock is read under these locks, so instants rise with offsets.
 */
import { copyBytes, copyIn, copyText } from '../postgres/copy.js';
import type { Database, Queryable } from '../postgres/database.js';
import type { NewRecord } from './event-log.js';
import { CHANNEL } from './log-signals.js';

/** `place`: among those of its partition. */
export interface PlacedRecord {
  record: NewRecord;
  partition: number;
  place: number;
}

export interface Head {
  partition: number;
  first_offset: bigint;
  next_offset: bigint;
}

/** From here on COPY is faster. */
const MANY = 200;

/** How many records each partition gets. */
type Counts = ReadonlyMap<number, number>;

/** `counts` grows with each record. */
export function placeRecord(record: NewRecord, partition: number, counts: Map<number, number>): PlacedRecord {
  const place = counts.get(partition) ?? 0;
  counts.set(partition, place + 1);
  return { record, partition, place };
}

/** In a transaction of its own. */
export async function storeRecords(
  db: Pick<Database, 'pool' | 'transaction'>,
  topic: string,
  counts: Counts,
  rows: readonly PlacedRecord[],
): Promise<Head[]> {
  return rows.length < MANY ? insert(db.pool, topic, counts, rows) : db.transaction((tx) => copy(tx, topic, counts, rows));
}

/** In the caller's transaction, as its last locks: whoever else appends to these partitions waits for its end. */
export async function storeRecordsWithin(tx: Queryable, topic: string, counts: Counts, rows: readonly PlacedRecord[]): Promise<Head[]> {
  return tx.pipeline === true || rows.length < MANY ? insert(tx, topic, counts, rows) : copy(tx, topic, counts, rows);
}

/** $1 topic, $2 partitions, $3 how many records each gets. */
const MOVE_HEADS = `locked AS MATERIALIZED (
    SELECT partition FROM ops.log_partitions WHERE topic = $1 AND partition = ANY($2::int[]) ORDER BY partition FOR UPDATE
  ), heads AS (
    UPDATE ops.log_partitions p SET next_offset = p.next_offset + c.count
    FROM locked JOIN unnest($2::int[], $3::int[]) AS c(partition, count) USING (partition)
    WHERE p.topic = $1 AND p.partition = locked.partition
    RETURNING p.partition, p.next_offset - c.count AS first_offset, p.next_offset
  )`;
/** Who waits for the topic is told as the transaction commits. */
const NOTIFY = `pg_notify('${CHANNEL}', $1 || ' ' || partition || ' ' || next_offset)`;

/** Then the records: $4 partition, $5 place among those of its partition, ... */
const INSERT = `
  WITH ${MOVE_HEADS}, stored AS (
    INSERT INTO ops.log_records (topic, partition, "offset", key, value, headers, appended_at)
    SELECT $1, r.partition, h.first_offset + r.place, r.key, r.value, r.headers, clock_timestamp()
    FROM unnest($4::int[], $5::int[], $6::text[], $7::bytea[], $8::jsonb[]) AS r(partition, place, key, value, headers)
    JOIN heads h USING (partition)
  )
  SELECT partition, first_offset, next_offset, ${NOTIFY} FROM heads`;

async function insert(db: Queryable, topic: string, counts: Counts, rows: readonly PlacedRecord[]): Promise<Head[]> {
  const { rows: heads } = await db.query<Head>({
    name: 'event_log_append',
    text: INSERT,
    values: [
      topic,
      [...counts.keys()],
      [...counts.values()],
      rows.map((row) => row.partition),
      rows.map((row) => row.place),
      rows.map((row) => row.record.key),
      rows.map((row) => row.record.value),
      rows.map((row) => JSON.stringify(row.record.headers ?? {})),
    ],
  });
  requireAll(topic, counts, heads);
  return heads;
}

function requireAll(topic: string, counts: Counts, heads: readonly Head[]): void {
  if (heads.length !== counts.size) throw new Error(`${topic} has lost partitions: it was deleted while this process ran`);
}

const OPEN = `WITH ${MOVE_HEADS} SELECT partition, first_offset, next_offset, clock_timestamp()::text AS at, ${NOTIFY} FROM heads`;
const COPY = 'COPY ops.log_records (topic, partition, "offset", key, value, headers, appended_at) FROM STDIN';

async function copy(tx: Queryable, topic: string, counts: Counts, rows: readonly PlacedRecord[]): Promise<Head[]> {
  const { rows: heads } = await tx.query<Head & { at: string }>({
    name: 'event_log_open',
    text: OPEN,
    values: [topic, [...counts.keys()], [...counts.values()]],
  });
  requireAll(topic, counts, heads);
  const firsts = new Map(heads.map((head) => [head.partition, head.first_offset]));
  const at = heads[0]?.at;
  const name = copyText(topic);
  const lines = rows.map(({ record, partition, place }) => {
    const headers = record.headers === undefined ? '{}' : copyText(JSON.stringify(record.headers));
    const offset = (firsts.get(partition) ?? 0n) + BigInt(place);
    return `${name}\t${partition}\t${offset}\t${copyText(record.key)}\t${copyBytes(record.value)}\t${headers}\t${at}\n`;
  });
  await copyIn(tx, COPY, lines.join(''));
  return heads;
}
