/**
 * How far a reader of updates or alerts has come, and the cursor that says so to a client.
 * Must stay true: publication is at least once, so a record is news only above the last one of its source partition; a cursor holds all
 * that is needed to go on without a gap and without a repeat, in any process.
 */
import type { SourcePosition } from '../../../src/domain/updates.js';

const ORDINAL_BITS = 15n;

/** Orders the records of one source partition. */
function sourceMark({ sourcePosition, ordinal }: SourcePosition): bigint {
  return (sourcePosition << ORDINAL_BITS) | BigInt(ordinal);
}

export class Progress {
  constructor(
    /** Per partition of the log: the next offset to read. */
    readonly next: bigint[],
    /** Per source partition: the mark of the last record delivered or skipped. */
    readonly last: Map<number, bigint>,
  ) {}

  /** Takes note of the record; false: it stands behind this progress, or repeats what came before. */
  advance(partition: number, offset: bigint, record: SourcePosition): boolean {
    if (!this.pass(partition, offset)) return false;
    const mark = sourceMark(record);
    if (mark <= (this.last.get(record.sourcePartition) ?? -1n)) return false;
    this.last.set(record.sourcePartition, mark);
    return true;
  }

  /** Passes over a record, whatever it holds; false: it stands behind this progress. */
  pass(partition: number, offset: bigint): boolean {
    if (offset < (this.next[partition] ?? 0n)) return false;
    this.#set(partition, offset + 1n);
    return true;
  }

  /** Partitions may have been added, and the first news come from the last of them: the others are read from their start. */
  #set(partition: number, offset: bigint): void {
    while (this.next.length < partition) this.next.push(0n);
    this.next[partition] = offset;
  }

  /** Passes over what the other one has passed over. */
  skipTo(next: readonly bigint[]): void {
    for (const [partition, offset] of next.entries()) {
      if (offset > (this.next[partition] ?? 0n)) this.#set(partition, offset);
    }
  }

  /** Records that this one has passed and the other one has not. */
  ahead(other: Progress): bigint {
    let records = 0n;
    for (const [partition, offset] of this.next.entries()) {
      const more = offset - (other.next[partition] ?? 0n);
      if (more > 0n) records += more;
    }
    return records;
  }

  equals(other: Progress): boolean {
    return (
      this.next.length === other.next.length &&
      this.next.every((offset, partition) => offset === other.next[partition]) &&
      this.last.size === other.last.size &&
      [...this.last].every(([partition, mark]) => other.last.get(partition) === mark)
    );
  }
}

export interface Cursor {
  logId: string;
  progress: Progress;
}

const PART = /^([0-9a-f]{1,16})\.([0-9a-f]{1,16})?$/;
const LONGEST = 8_192;

/**
 * '<log id>|<next offset>.<last source position>,…' per partition, in hexadecimal, as base64url.
 * For a topic whose partitions are the source's, and whose source positions give rise to one record each.
 */
export function encodeCursor(logId: string, { next, last }: Progress): string {
  const parts = next.map((offset, partition) => {
    const mark = last.get(partition);
    return `${offset.toString(16)}.${mark === undefined ? '' : (mark >> ORDINAL_BITS).toString(16)}`;
  });
  return Buffer.from(`${logId}|${parts.join(',')}`).toString('base64url');
}

/** Null where the text was never a cursor. */
export function decodeCursor(text: string): Cursor | null {
  if (text.length > LONGEST) return null;
  const [, logId, list] = /^([^|]+)\|(.+)$/.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (logId === undefined || list === undefined) return null;
  const progress = new Progress([], new Map());
  for (const [partition, part] of list.split(',').entries()) {
    const [, next, last] = PART.exec(part) ?? [];
    if (next === undefined) return null;
    progress.next.push(BigInt(`0x${next}`));
    if (last !== undefined) progress.last.set(partition, BigInt(`0x${last}`) << ORDINAL_BITS);
  }
  return { logId, progress };
}
