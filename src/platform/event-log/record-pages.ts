/**
 * Reads the Postgres log by primary key, in pages bounded in records and in bytes.
 * Must stay true: a page begins exactly at the offset asked for. A reader that trimming overtook gets OffsetOutOfRange, never a silent gap.
 */
import type { Database } from '../postgres/database.js';
import { type LogRecord, OffsetOutOfRange, type PartitionBounds, UnknownTopic } from './event-log.js';

/** A page ends before the record that would take it past this, unless it is the first. */
export const PAGE_BYTES = 1024 * 1024;

export interface Page {
  records: LogRecord[];
  /** The partition's end when the page was read. */
  end: bigint;
  /** Of the topic as it was then. */
  logId: string;
}

// The upper bound on the offset keeps every plan cheap, whatever the statistics were when the statement was planned.
const READ_PAGE = `
  SELECT p.start_offset, p.next_offset, (SELECT log_id FROM ops.log_topics WHERE topic = $1) AS log_id, r."offset", r.key, r.value, r.headers, r.appended_at
  FROM ops.log_partitions p
  LEFT JOIN LATERAL (
    SELECT * FROM (
      SELECT "offset", key, value, headers, appended_at, sum(octet_length(value)) OVER (ORDER BY "offset") AS bytes
      FROM ops.log_records
      WHERE topic = p.topic AND partition = p.partition AND "offset" >= $3 AND "offset" < $3 + $4::bigint
    ) sized
    WHERE bytes <= $5::bigint OR "offset" = $3
  ) r ON true
  WHERE p.topic = $1 AND p.partition = $2
  ORDER BY r."offset"`;

interface PageRow {
  start_offset: bigint;
  next_offset: bigint;
  log_id: string;
  /** Null: no record there. */
  offset: bigint | null;
  key: string | null;
  value: Buffer;
  headers: Record<string, string>;
  appended_at: Date;
}

/** Empty where nothing has been appended at `offset` yet. */
export async function readPage(
  db: Pick<Database, 'pool'>,
  topic: string,
  partition: number,
  offset: bigint,
  maxRecords: number,
): Promise<Page> {
  const { rows } = await db.pool.query<PageRow>({
    name: 'event_log_page',
    text: READ_PAGE,
    values: [topic, partition, offset, maxRecords, PAGE_BYTES],
  });
  const [first] = rows;
  if (first === undefined) throw new Error(`the event log has no partition ${topic}/${partition}`);
  const bounds = { start: first.start_offset, end: first.next_offset };
  if (offset < bounds.start || offset > bounds.end) throw new OffsetOutOfRange(topic, partition, offset, bounds);
  return {
    records:
      first.offset === null
        ? []
        : rows.map((row, place) => ({
            topic,
            partition,
            offset: offset + BigInt(place), // contiguous by contract
            key: row.key,
            value: row.value,
            headers: row.headers,
            appendedAt: row.appended_at,
          })),
    end: bounds.end,
    logId: first.log_id,
  };
}

export async function readBounds(db: Pick<Database, 'pool'>, topic: string): Promise<PartitionBounds[]> {
  const { rows } = await db.pool.query<{ partition: number; start_offset: bigint; next_offset: bigint }>({
    name: 'event_log_bounds',
    text: 'SELECT partition, start_offset, next_offset FROM ops.log_partitions WHERE topic = $1 ORDER BY partition',
    values: [topic],
  });
  if (rows.length === 0) throw new UnknownTopic(topic);
  return rows.map((row) => ({ partition: row.partition, start: row.start_offset, end: row.next_offset }));
}

// Offsets are contiguous and instants rise with them, so the first one at or after an instant is found by halving.
const OFFSET_AT = `
  WITH RECURSIVE search(low, high) AS (
    SELECT start_offset, next_offset FROM ops.log_partitions WHERE topic = $1 AND partition = $2
    UNION ALL
    SELECT CASE WHEN earlier THEN middle + 1 ELSE low END, CASE WHEN earlier THEN high ELSE middle END
    FROM (SELECT low, high, (low + high) / 2 AS middle FROM search WHERE low < high) half
    CROSS JOIN LATERAL (
      SELECT r.appended_at < $3 AS earlier FROM ops.log_records r WHERE r.topic = $1 AND r.partition = $2 AND r."offset" = middle
    ) probe
  )
  SELECT low FROM search WHERE low = high`;

export async function findOffsetAt(db: Pick<Database, 'pool'>, topic: string, partition: number, instant: Date): Promise<bigint> {
  const { rows } = await db.pool.query<{ low: bigint }>({
    name: 'event_log_offset_at',
    text: OFFSET_AT,
    values: [topic, partition, instant],
  });
  const [found] = rows;
  if (found === undefined) throw new Error(`the event log has no partition ${topic}/${partition}`);
  return found.low;
}
