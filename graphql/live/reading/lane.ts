/**
 * A way through the log for readers who are about the same place: each page is read and decoded once, into a small tail of its own.
 * Must stay true: a page is read when those who keep step have taken the last one. Nobody is waited for whose socket is full; who is slow
 * otherwise is waited for once, briefly. What they have not taken is forgotten in the end, and they go on in another lane.
 */
import type { SourcePosition } from '../../../src/domain/updates.js';
import type { EventLog, LogRecord } from '../../../src/platform/event-log/event-log.js';
import type { Logger } from '../../../src/platform/logger.js';
import type { Progress } from './progress.js';
import { Tail } from './tail.js';

export interface LaneOptions<T extends SourcePosition> {
  log: EventLog;
  /** The topic's own tail. */
  of: Pick<Tail<T>, 'topic' | 'logId'>;
  /** Where it begins, per partition. */
  from: bigint[];
  logger: Logger;
  sizes: { window: number; near: number; patienceMs: number };
  onEnd(): void;
}

export class Lane<T extends SourcePosition> {
  readonly tail: Tail<T>;
  #over = false;
  readonly #readers = new Set<object>();
  /** Those who are waited for. */
  readonly #inStep = new Set<object>();
  /** Those who were waited for in vain. */
  readonly #late = new WeakSet<object>();
  readonly #atEnd = new Set<object>();
  #page: PromiseWithResolvers<void> | null = null;
  #reading = false;
  #patience: NodeJS.Timeout | undefined;
  #pages: AsyncIterator<LogRecord[]> | null = null;
  readonly #ended = new AbortController();

  constructor(private readonly options: LaneOptions<T>) {
    const { of, from, logger, sizes } = options;
    this.tail = new Tail(of.topic, of.logId, from, logger, sizes.window);
  }

  get isEmpty(): boolean {
    return this.#readers.size === 0;
  }

  /** Whether this reader finds here all that it lacks, now or soon. */
  serves(progress: Progress): boolean {
    return !this.#over && this.tail.covers(progress) && progress.ahead(this.tail.progress) <= this.options.sizes.near;
  }

  isBehind(other: Lane<T>): boolean {
    return other.tail.progress.ahead(this.tail.progress) > this.tail.progress.ahead(other.tail.progress);
  }

  join(reader: object): void {
    this.#readers.add(reader);
    this.#inStep.add(reader);
  }

  leave(reader: object): void {
    this.#readers.delete(reader);
    this.#atEnd.delete(reader);
    if (this.#readers.size === 0) this.end();
    else this.fallOut(reader);
  }

  /** Until it asks for more it is not waited for. */
  fallOut(reader: object): void {
    this.#inStep.delete(reader);
    this.#readWhenTaken();
  }

  /** Resolves when there is more, or the lane has ended; rejects as the log does. */
  readOn(reader: object): Promise<void> {
    if (!this.#late.has(reader)) this.#inStep.add(reader);
    this.#atEnd.add(reader);
    this.#page ??= Promise.withResolvers();
    const { promise } = this.#page;
    promise.catch(() => {}); // all may have left meanwhile
    this.#readWhenTaken();
    return promise;
  }

  /** Its readers go on in other lanes. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#patience);
    this.tail.forget();
    this.#ended.abort();
    this.options.onEnd();
    if (!this.#reading) this.#page?.resolve();
  }

  #readWhenTaken(): void {
    if (this.#page === null || this.#reading || this.#over) return;
    if (this.#isTaken()) void this.#read(this.#page);
    else this.#patience ??= setTimeout(() => this.#loseLate(), this.options.sizes.patienceMs * this.#inStep.size);
  }

  #isTaken(): boolean {
    for (const reader of this.#inStep) if (!this.#atEnd.has(reader)) return false;
    return true;
  }

  #loseLate(): void {
    for (const reader of this.#inStep) {
      if (this.#atEnd.has(reader)) continue;
      this.#late.add(reader);
      this.#inStep.delete(reader);
    }
    this.#readWhenTaken();
  }

  async #read(page: PromiseWithResolvers<void>): Promise<void> {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#reading = true;
    try {
      const { topic, progress } = this.tail;
      this.#pages ??= this.options.log.replay(topic.name, new Map(progress.next.entries()), this.#ended.signal)[Symbol.asyncIterator]();
      const { done, value } = await this.#pages.next();
      if (done === true) this.#pages = null;
      else if (!this.#over) for (const record of value) this.tail.add(record);
      page.resolve();
    } catch (error) {
      if (this.#over) page.resolve();
      else page.reject(error);
      this.end();
    }
    this.#reading = false;
    this.#page = null;
    this.#atEnd.clear();
  }
}
