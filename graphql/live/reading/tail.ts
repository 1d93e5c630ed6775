/**
 * A part of one topic as it grows at its end: what came last, or what a lane has read last. Many read it, each at a place of its own.
 * Must stay true: entries stand in the order in which they were told, each source record once; what is forgotten is forgotten from the
 * front, and `covers` never says yes to a reader that would miss something.
 */

import type { SourcePosition } from '../../../src/domain/updates.js';
import type { LogRecord } from '../../../src/platform/event-log/event-log.js';
import type { Logger } from '../../../src/platform/logger.js';
import { Progress } from './progress.js';

/** A record, and the cursor that stands behind it. What subscriptions deliver. */
export interface Delivery<T> {
  record: T;
  cursor: string;
}

export interface Entry<T> extends Delivery<T> {
  partition: number;
  offset: bigint;
}

export interface LiveTopic<T> {
  name: string;
  /** Throws for what was never such a record. */
  decode(text: string): T;
  /** Names a progress in this topic for a client. */
  cursorOf(logId: string, progress: Progress): string;
}

/** Records that stay at hand: a reader that falls further behind has lost its place. */
export const TAIL_RECORDS = 10_000;

export class Tail<T extends SourcePosition> {
  readonly progress: Progress;
  /** Told after each batch of records, and once when the tail has ended. */
  readonly listeners = new Set<() => void>();
  /** True once nothing comes any more. */
  ended = false;
  readonly #entries: Entry<T>[] = [];
  #end = 0;
  /** Per partition: from here on the tail has everything. */
  readonly #floor: bigint[];

  constructor(
    readonly topic: LiveTopic<T>,
    readonly logId: string,
    from: bigint[],
    private readonly logger: Logger,
    private readonly capacity = TAIL_RECORDS,
  ) {
    this.progress = new Progress([...from], new Map());
    this.#floor = [...from];
  }

  /** Places are numbers that rise for ever: entries stand at [start, end). */
  get end(): number {
    return this.#end;
  }

  get start(): number {
    return Math.max(0, this.#end - this.capacity);
  }

  at(place: number): Entry<T> | undefined {
    return place >= this.start && place < this.#end ? this.#entries[place % this.capacity] : undefined;
  }

  /** Whether a reader that has come so far finds here all that it lacks. */
  covers(progress: Progress): boolean {
    return this.#floor.every((offset, partition) => (progress.next[partition] ?? 0n) >= offset);
  }

  /** The record, or null where it was no news. */
  add({ partition, offset, value }: LogRecord): T | null {
    const record = this.decode(partition, offset, value);
    if (record === null) this.progress.pass(partition, offset);
    if (record === null || !this.progress.advance(partition, offset, record)) return null;
    const slot = this.#end % this.capacity;
    const forgotten = this.#entries[slot];
    if (forgotten !== undefined) this.#floor[forgotten.partition] = forgotten.offset + 1n;
    this.#entries[slot] = { partition, offset, record, cursor: this.topic.cursorOf(this.logId, this.progress) };
    this.#end++;
    return record;
  }

  /** What it holds; it covers nobody any more. */
  forget(): void {
    this.#entries.length = 0;
  }

  notify(): void {
    for (const listener of [...this.listeners]) listener();
  }

  /** Null for what was never such a record: it is passed over, for the good ones' sake. */
  decode(partition: number, offset: bigint, value: Buffer): T | null {
    try {
      return this.topic.decode(value.toString());
    } catch (error) {
      this.logger.error({ err: error, topic: this.topic.name, partition, offset }, 'not a record of this topic: passed over');
      return null;
    }
  }
}
