/**
 * Appends to one topic of the Postgres log, one statement at a time: what comes in meanwhile shares the next one (group commit).
 * Must stay true: the statement locks partition heads in ascending order, so appenders of any process never deadlock, and holds them
 * until it commits, so an offset is visible only after all below it; an append is durable as a whole, or absent as a whole.
 */
import { keyHash } from '../../domain/murmur2.js';
import type { Database } from '../postgres/database.js';
import { isTransient } from '../postgres/errors.js';
import type { LogPosition, NewRecord } from './event-log.js';
import { CHANNEL, type LogSignals } from './log-signals.js';

/** Most records that share a statement; a larger append has one to itself. */
const MAX_GROUPED = 2_000;

/** $1 topic, $2 partitions, $3 how many records each gets; then the records: $4 partition, $5 place among those of its partition, ... */
const APPEND = `
  WITH locked AS MATERIALIZED (
    SELECT partition FROM ops.log_partitions WHERE topic = $1 AND partition = ANY($2::int[]) ORDER BY partition FOR UPDATE
  ), heads AS (
    UPDATE ops.log_partitions p SET next_offset = p.next_offset + c.count
    FROM locked JOIN unnest($2::int[], $3::int[]) AS c(partition, count) USING (partition)
    WHERE p.topic = $1 AND p.partition = locked.partition
    RETURNING p.partition, p.next_offset - c.count AS first_offset, p.next_offset
  ), stored AS (
    INSERT INTO ops.log_records (topic, partition, "offset", key, value, headers, appended_at)
    SELECT $1, r.partition, h.first_offset + r.place, r.key, r.value, r.headers, clock_timestamp()
    FROM unnest($4::int[], $5::int[], $6::text[], $7::bytea[], $8::jsonb[]) AS r(partition, place, key, value, headers)
    JOIN heads h USING (partition)
  )
  SELECT partition, first_offset, next_offset, pg_notify('${CHANNEL}', $1 || ' ' || partition || ' ' || next_offset) FROM heads`;

interface Append {
  records: NewRecord[];
  resolve(positions: LogPosition[]): void;
  reject(error: unknown): void;
}

export class AppendQueue {
  readonly #waiting: Append[] = [];
  #draining: Promise<void> | undefined;

  constructor(
    private readonly db: Pick<Database, 'pool'>,
    private readonly signals: LogSignals,
    private readonly topic: string,
    private readonly partitions: number,
  ) {}

  append(records: NewRecord[]): Promise<LogPosition[]> {
    const astray = records.find(({ partition = 0 }) => partition < 0 || partition >= this.partitions);
    if (astray !== undefined) throw new RangeError(`${this.topic} has no partition ${astray.partition}: it has ${this.partitions}`);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async idle(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    for (let group = this.#nextGroup(); group.length > 0; group = this.#nextGroup()) {
      try {
        await this.#store(group);
      } catch (error) {
        if (group.length === 1 || isTransient(error)) for (const append of group) append.reject(error);
        // One of them cannot be stored (a NUL in a key): the others must not suffer.
        else for (const append of group) await this.#store([append]).catch((own: unknown) => append.reject(own));
      }
    }
    this.#draining = undefined;
  }

  #nextGroup(): Append[] {
    let count = 0;
    for (let records = 0; count < this.#waiting.length; count++) {
      records += this.#waiting[count]?.records.length ?? 0;
      if (count > 0 && records > MAX_GROUPED) break;
    }
    return this.#waiting.splice(0, count);
  }

  async #store(group: Append[]): Promise<void> {
    const counts = new Map<number, number>();
    const placed = group.map((append) => ({ append, rows: append.records.map((record) => this.#place(record, counts)) }));
    const rows = placed.flatMap((each) => each.rows);
    const { rows: heads } = await this.db.pool.query<{ partition: number; first_offset: bigint; next_offset: bigint }>({
      name: 'event_log_append',
      text: APPEND,
      values: [
        this.topic,
        [...counts.keys()],
        [...counts.values()],
        rows.map((row) => row.partition),
        rows.map((row) => row.place),
        rows.map((row) => row.record.key),
        rows.map((row) => row.record.value),
        rows.map((row) => JSON.stringify(row.record.headers ?? {})),
      ],
    });
    if (heads.length !== counts.size) throw new Error(`${this.topic} has lost partitions: it was deleted while this process ran`);
    const firsts = new Map(heads.map((head) => [head.partition, head.first_offset]));
    for (const each of placed) {
      each.append.resolve(each.rows.map(({ partition, place }) => ({ partition, offset: (firsts.get(partition) ?? 0n) + BigInt(place) })));
    }
    for (const head of heads) this.signals.raise(this.topic, head.partition, head.next_offset);
  }

  #place(record: NewRecord, counts: Map<number, number>): { record: NewRecord; partition: number; place: number } {
    const partition = record.partition ?? keyHash(record.key) % this.partitions;
    const place = counts.get(partition) ?? 0;
    counts.set(partition, place + 1);
    return { record, partition, place };
  }
}
