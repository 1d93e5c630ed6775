/**
 * Appends to one topic of the Postgres log.
 * Must stay true: an append is durable as a whole, or absent as a whole; what was appended first gets the lower offsets.
 */
import { partitionOf } from '../../domain/murmur2.js';
import type { Database } from '../postgres/database.js';
import { isTransient } from '../postgres/errors.js';
import { placeRecord, storeRecords } from './append-statements.js';
import type { LogPosition, NewRecord } from './event-log.js';
import { type Append, GroupCommit, refuseAstray } from './group-commit.js';
import type { LogSignals } from './log-signals.js';

export class AppendQueue {
  readonly #commit: GroupCommit;

  constructor(
    private readonly db: Pick<Database, 'pool' | 'transaction'>,
    private readonly signals: LogSignals,
    private readonly topic: string,
    private readonly partitions: number,
  ) {
    this.#commit = new GroupCommit((group) => this.#store(group), isTransient);
  }

  append(records: NewRecord[]): Promise<LogPosition[]> {
    refuseAstray(this.topic, this.partitions, records);
    return this.#commit.append(records);
  }

  idle(): Promise<void> {
    return this.#commit.idle();
  }

  async #store(group: Append[]): Promise<void> {
    const counts = new Map<number, number>();
    const placed = group.map((append) => ({
      append,
      rows: append.records.map((record) => placeRecord(record, record.partition ?? partitionOf(record.key, this.partitions), counts)),
    }));
    const rows = placed.flatMap((each) => each.rows);
    const heads = await storeRecords(this.db, this.topic, counts, rows);
    const firsts = new Map(heads.map((head) => [head.partition, head.first_offset]));
    for (const each of placed) {
      each.append.resolve(each.rows.map(({ partition, place }) => ({ partition, offset: (firsts.get(partition) ?? 0n) + BigInt(place) })));
    }
    for (const head of heads) this.signals.raise(this.topic, head.partition, head.next_offset);
  }
}
