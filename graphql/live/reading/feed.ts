/**
 * One reader of a topic: from a place in the past through the log and on with the tail, or from now on.
 * Must stay true: no gap and no repeat where it goes over from one lane to another or to the tail, for it knows how far it has come and
 * goes only where all stands that it lacks; while it catches up it goes at its reader's pace; once it is live, falling behind ends it.
 */

import type { SourcePosition } from '../../../src/domain/updates.js';
import { OffsetOutOfRange } from '../../../src/platform/event-log/event-log.js';
import type { Lane } from './lane.js';
import type { Past } from './past.js';
import type { Progress } from './progress.js';
import type { Delivery, Tail } from './tail.js';
import { nextTurn } from './turns.js';

/** A live reader that is slower than the news. It may come back with its cursor. */
export class FellBehind extends Error {
  override readonly name = 'FellBehind';
}

/** The log is out of reach, or was lost: subscriptions cannot be served now. */
export class LogAway extends Error {
  override readonly name = 'LogAway';
}

export interface FeedOptions<T extends SourcePosition> {
  past: Past<T>;
  matches(record: T): boolean;
  /** Null: from now on. Owned by the feed from here on. */
  from: Progress | null;
  /** What the reader is told when the log has forgotten its place. */
  expired(cause: OffsetOutOfRange): Error;
}

export class Feed<T extends SourcePosition> implements AsyncIterableIterator<Delivery<T>> {
  /** How far it has come; null: as far as the tail says, where it reads. */
  #progress: Progress | null;
  /** Where it reads: in the topic's tail, in that of a lane, or nowhere yet. */
  #tail: Tail<T> | null = null;
  #place = 0;
  #lane: Lane<T> | null = null;
  /** Its progress is that of the tail that it reads: what it is told there, cursors and all, others are told too. */
  #shares = false;
  #live = false;
  readonly #closed = new AbortController();
  #waiting: PromiseWithResolvers<Delivery<T> | undefined> | null = null;

  constructor(private readonly options: FeedOptions<T>) {
    this.#progress = options.from;
    if (options.from !== null) return;
    this.#enter(options.past.tail);
    this.#place = options.past.tail.end;
    this.#reachEnd(options.past.tail);
  }

  /** Not yet where the tail is: whoever pulls may take its time. */
  get catchingUp(): boolean {
    return !this.#live;
  }

  /** Waits at the tail's end, with nothing of its own to remember: any other idle feed with the same filter stands where it does. */
  get idle(): boolean {
    return this.#waiting !== null && this.#progress === null;
  }

  /** Its reader does not pull for now: nobody is to wait for it. */
  pause(): void {
    this.#lane?.fallOut(this);
  }

  async next(): Promise<IteratorResult<Delivery<T>, undefined>> {
    try {
      while (!this.#closed.signal.aborted) {
        const delivery = this.take() ?? (await (this.#tail === this.options.past.tail ? this.#news() : this.#readPast()));
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
    while (this.#tail !== null && !this.#closed.signal.aborted) {
      if (this.#place === this.#tail.end) {
        this.#reachEnd(this.#tail);
        return undefined;
      }
      const entry = this.#tail.at(this.#place);
      if (entry === undefined) {
        if (this.#live) throw new FellBehind(`${this.#tail.topic.name}: more came than this reader took`);
        this.#leave();
        return undefined;
      }
      this.#place++;
      const news = this.#progress?.advance(entry.partition, entry.offset, entry.record) ?? true;
      if (news && this.options.matches(entry.record)) return this.#shares ? entry : this.#deliver(entry.record);
    }
    return undefined;
  }

  async return(): Promise<IteratorResult<Delivery<T>, undefined>> {
    this.#closed.abort();
    this.#detach();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** In one tick with the look at what stands there. */
  #enter(tail: Tail<T>, lane: Lane<T> | null = null): void {
    this.#leave();
    this.#tail = tail;
    this.#lane = lane;
    this.#place = tail.start;
    if (lane === null) tail.listeners.add(this.#onNews);
    else lane.join(this);
  }

  #leave(): void {
    this.#lane?.leave(this);
    this.#tail?.listeners.delete(this.#onNews);
    this.#lane = null;
    this.#tail = null;
    this.#shares = false;
  }

  #detach(): void {
    this.#leave();
    this.#waiting?.resolve(undefined);
    this.#waiting = null;
  }

  readonly #onNews = () => {
    if (this.#waiting === null) return;
    const { resolve, reject } = this.#waiting;
    try {
      if (this.options.past.tail.ended) throw new LogAway(`${this.options.past.tail.topic.name}: the log is out of reach`);
      const delivery = this.take();
      if (delivery === undefined && this.#tail !== null) return;
      resolve(delivery);
    } catch (error) {
      reject(error);
    }
    this.#waiting = null;
  };

  #news(): Promise<Delivery<T> | undefined> {
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    if (this.options.past.tail.ended) this.#onNews();
    return promise;
  }

  #reachEnd(tail: Tail<T>): void {
    this.#live ||= tail === this.options.past.tail;
    this.#progress?.skipTo(tail.progress.next);
    this.#shares = this.#progress?.equals(tail.progress) ?? true;
    // In a lane it may have to go on by itself.
    if (this.#live && this.#shares) this.#progress = null;
  }

  /** Goes over to the tail, or further in a lane. */
  async #readPast(): Promise<undefined> {
    const { past } = this.options;
    const progress = this.#progress;
    if (progress === null) throw new Error('a live feed does not read the past');
    if (past.tail.covers(progress)) {
      this.#enter(past.tail);
      return;
    }
    try {
      const lane = past.find(progress);
      if (lane === null) await past.open(progress);
      else if (lane !== this.#lane) this.#enter(lane.tail, lane);
      else {
        await lane.readOn(this);
        await nextTurn();
      }
    } catch (error) {
      this.#leave();
      if (!(error instanceof OffsetOutOfRange)) throw new LogAway(`${past.tail.topic.name}: the log could not be read`, { cause: error });
      // Another one's place may be forgotten while this one's is not.
      const own = progress.next[error.partition] ?? 0n;
      if (own < error.bounds.start || own > error.bounds.end) throw this.options.expired(error);
    }
  }

  #deliver(record: T): Delivery<T> {
    const { topic, logId } = this.options.past.tail;
    return { record, cursor: topic.cursorOf(logId, this.#progress as Progress) };
  }
}
