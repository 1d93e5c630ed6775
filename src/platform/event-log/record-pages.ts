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

interface Asked {
  partition: number;
  offset: bigint;
  maxRecords: number;
  resolve(page: Page): void;
  reject(error: unknown): void;
}

/** One append wakes readers of several partitions: what they ask for in the same turn of the event loop is one statement. */
export class PageReader {
  readonly #asked = new Map<string, Asked[]>();

  constructor(private readonly db: Pick<Database, 'pool'>) {}

  /** Empty where nothing has been appended at `offset` yet. */
  read(topic: string, partition: number, offset: bigint, maxRecords: number): Promise<Page> {
    return new Promise((resolve, reject) => {
      const together = this.#asked.get(topic) ?? [];
      if (together.push({ partition, offset, maxRecords, resolve, reject }) > 1) return;
      this.#asked.set(topic, together);
      setImmediate(() => {
        this.#asked.delete(topic);
        this.#read(topic, together).catch((error: unknown) => {
          for (const each of together) each.reject(error);
        });
      });
    });
  }

  async #read(topic: string, asked: readonly Asked[]): Promise<void> {
    const { rows } = await this.db.pool.query<PageRow>({
      name: 'event_log_page',
      text: READ_PAGES,
      values: [
        topic,
        asked.map(({ partition }) => partition),
        asked.map(({ offset }) => offset),
        asked.map(({ maxRecords }) => maxRecords),
        PAGE_BYTES,
      ],
    });
    const found = Map.groupBy(rows, (row) => Number(row.number) - 1);
    for (const [number, each] of asked.entries()) {
      try {
        each.resolve(toPage(topic, each, found.get(number) ?? []));
      } catch (error) {
        each.reject(error);
      }
    }
  }
}

// The upper bound on the offset keeps every plan cheap, whatever the statistics were when the statement was planned.
const READ_PAGES = `
  SELECT asked.number, p.start_offset, p.next_offset, (SELECT log_id FROM ops.log_topics WHERE topic = $1) AS log_id,
    r."offset", r.key, r.value, r.headers, r.appended_at
  FROM unnest($2::integer[], $3::bigint[], $4::integer[]) WITH ORDINALITY AS asked (partition, "offset", records, number)
  JOIN ops.log_partitions AS p ON p.topic = $1 AND p.partition = asked.partition
  LEFT JOIN LATERAL (
    SELECT * FROM (
      SELECT "offset", key, value, headers, appended_at, sum(octet_length(value)) OVER (ORDER BY "offset") AS bytes
      FROM ops.log_records
      WHERE topic = $1 AND partition = asked.partition AND "offset" >= asked."offset" AND "offset" < asked."offset" + asked.records
    ) AS sized
    WHERE bytes <= $5::bigint OR sized."offset" = asked."offset"
  ) AS r ON true
  ORDER BY asked.number, r."offset"`;

interface PageRow {
  /** Of the page among those asked for, from 1. */
  number: bigint;
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

function toPage(topic: string, { partition, offset }: Asked, rows: readonly PageRow[]): Page {
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
