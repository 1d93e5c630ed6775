/**
 * Appends to one topic of the Postgres log, one group at a time: what comes in meanwhile shares the next (group commit).
 * Must stay true: an append is durable as a whole, or absent as a whole; what was appended first gets the lower offsets.
 */
import { keyHash } from '../../domain/murmur2.js';
import type { Database } from '../postgres/database.js';
import { isTransient } from '../postgres/errors.js';
import { type PlacedRecord, storeRecords } from './append-statements.js';
import type { LogPosition, NewRecord } from './event-log.js';
import type { LogSignals } from './log-signals.js';

/** Most records that share a group; a larger append has one to itself. */
const MAX_GROUPED = 2_000;

interface Append {
  records: NewRecord[];
  resolve(positions: LogPosition[]): void;
  reject(error: unknown): void;
}

export class AppendQueue {
  readonly #waiting: Append[] = [];
  #draining: Promise<void> | undefined;

  constructor(
    private readonly db: Pick<Database, 'pool' | 'transaction'>,
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
    const heads = await storeRecords(this.db, this.topic, counts, rows);
    const firsts = new Map(heads.map((head) => [head.partition, head.first_offset]));
    for (const each of placed) {
      each.append.resolve(each.rows.map(({ partition, place }) => ({ partition, offset: (firsts.get(partition) ?? 0n) + BigInt(place) })));
    }
    for (const head of heads) this.signals.raise(this.topic, head.partition, head.next_offset);
  }

  #place(record: NewRecord, counts: Map<number, number>): PlacedRecord {
    const partition = record.partition ?? keyHash(record.key) % this.partitions;
    const place = counts.get(partition) ?? 0;
    counts.set(partition, place + 1);
    return { record, partition, place };
  }
}
