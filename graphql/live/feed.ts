/**
 * One reader of a topic: from a place in the past through the log and on with the tail, or from now on.
 * Must stay true: no gap and no repeat where it goes over from the log to the tail, which it does in one tick; while it catches up it
 * goes at its reader's pace, and where the tail outruns it then, it goes back to the log; once it is live, falling behind ends it.
 */

import type { SourcePosition } from '../../src/domain/updates.js';
import { type EventLog, OffsetOutOfRange } from '../../src/platform/event-log/event-log.js';
import type { Progress } from './progress.js';
import type { Delivery, Tail } from './tail.js';

/** A live reader that is slower than the news. It may come back with its cursor. */
export class FellBehind extends Error {
  override readonly name = 'FellBehind';
}

/** The log is out of reach, or was lost: subscriptions cannot be served now. */
export class LogAway extends Error {
  override readonly name = 'LogAway';
}

export interface FeedOptions<T extends SourcePosition> {
  tail: Tail<T>;
  log: EventLog;
  matches(record: T): boolean;
  /** Null: from now on. Owned by the feed from here on. */
  from: Progress | null;
  /** What the reader is told when the log has forgotten its place. */
  expired(cause: OffsetOutOfRange): Error;
}

export class Feed<T extends SourcePosition> implements AsyncIterableIterator<Delivery<T>> {
  /** Its own until it is where the tail is. */
  #progress: Progress | null;
  /** Where it reads in the tail; null while it reads the log. */
  #place: number | null;
  #live: boolean;
  #log: AsyncIterator<Delivery<T>[]> | null = null;
  /** What the last page of the log held. */
  #page: Iterator<Delivery<T>> = [].values();
  readonly #closed = new AbortController();
  #waiting: PromiseWithResolvers<Delivery<T> | undefined> | null = null;

  constructor(private readonly options: FeedOptions<T>) {
    this.#progress = options.from;
    this.#live = options.from === null;
    this.#place = options.from === null ? options.tail.end : null;
    options.tail.listeners.add(this.#onNews);
  }

  /** Not yet where the tail is: whoever pulls may take its time. */
  get catchingUp(): boolean {
    return !this.#live;
  }

  /** Waits at the tail's end, with nothing of its own to remember: any other idle feed with the same filter stands where it does. */
  get idle(): boolean {
    return this.#waiting !== null && this.#progress === null;
  }

  async next(): Promise<IteratorResult<Delivery<T>, undefined>> {
    try {
      while (!this.#closed.signal.aborted) {
        const delivery = this.take() ?? (this.#place === null ? await this.#readLog() : await this.#news());
        if (delivery !== undefined) return { value: delivery, done: false };
      }
      return { value: undefined, done: true };
    } catch (error) {
      const asked = this.#closed.signal.aborted;
      this.#closed.abort();
      this.#detach();
      if (asked) return { value: undefined, done: true };
      throw error;
    }
  }

  /** What can be had without waiting. */
  take(): Delivery<T> | undefined {
    const { tail } = this.options;
    const paged = this.#page.next();
    if (paged.done !== true) return paged.value;
    while (this.#place !== null && !this.#closed.signal.aborted) {
      if (this.#place === tail.end) {
        this.#reachEnd();
        return undefined;
      }
      const entry = tail.at(this.#place);
      if (entry === undefined) {
        if (this.#live) throw new FellBehind(`${tail.topic.name}: more came than this reader took`);
        this.#place = null;
        return undefined;
      }
      this.#place++;
      const news = this.#progress?.advance(entry.partition, entry.offset, entry.record) ?? true;
      if (news && this.options.matches(entry.record)) return this.#progress === null ? entry : this.#deliver(entry.record, this.#progress);
    }
    return undefined;
  }

  async return(): Promise<IteratorResult<Delivery<T>, undefined>> {
    this.#closed.abort();
    this.#detach();
    await this.#log?.return?.();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #detach(): void {
    this.options.tail.listeners.delete(this.#onNews);
    this.#waiting?.resolve(undefined);
    this.#waiting = null;
  }

  readonly #onNews = () => {
    if (this.#waiting === null) return;
    const { resolve, reject } = this.#waiting;
    try {
      if (this.options.tail.ended) throw new LogAway(`${this.options.tail.topic.name}: the log is out of reach`);
      const delivery = this.take();
      if (delivery === undefined && this.#place !== null) return;
      resolve(delivery);
    } catch (error) {
      reject(error);
    }
    this.#waiting = null;
  };

  #news(): Promise<Delivery<T> | undefined> {
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    if (this.options.tail.ended) this.#onNews();
    return promise;
  }

  #reachEnd(): void {
    const { tail } = this.options;
    this.#live = true;
    this.#progress?.skipTo(tail.progress.next);
    // From here on the shared entries and their cursors are this reader's too.
    if (this.#progress?.equals(tail.progress)) this.#progress = null;
  }

  async #readLog(): Promise<undefined> {
    this.#log ??= this.#pages();
    try {
      const page = await this.#log.next();
      if (page.done === true) this.#log = null;
      else this.#page = page.value.values();
    } catch (error) {
      if (error instanceof OffsetOutOfRange) throw this.options.expired(error);
      throw new LogAway(`${this.options.tail.topic.name}: the log could not be read`, { cause: error });
    }
  }

  async *#pages(): AsyncGenerator<Delivery<T>[]> {
    const { tail, log, matches } = this.options;
    const progress = this.#progress;
    if (progress === null) throw new Error('a live feed does not read the log');
    while (!this.#enterTail(progress)) {
      const from = new Map(progress.next.entries());
      for await (const records of log.replay(tail.topic.name, from, this.#closed.signal)) {
        const page: Delivery<T>[] = [];
        for (const { partition, offset, value } of records) {
          const record = tail.decode(partition, offset, value);
          if (record === null) progress.pass(partition, offset);
          else if (progress.advance(partition, offset, record) && matches(record)) page.push(this.#deliver(record, progress));
        }
        if (page.length > 0) yield page;
        if (this.#enterTail(progress)) return;
      }
    }
  }

  /** In one tick: either everything that is lacking stands in the tail, or the log is asked again. */
  #enterTail(progress: Progress): boolean {
    const { tail } = this.options;
    if (!tail.covers(progress)) return false;
    this.#place = tail.start;
    return true;
  }

  #deliver(record: T, progress: Progress): Delivery<T> {
    const { topic, logId } = this.options.tail;
    return { record, cursor: topic.cursorOf(logId, progress) };
  }
}
