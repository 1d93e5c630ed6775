/**
 * Subscriptions to the current candle of a coin: after each pushed update its candle is read again.
 * Must stay true: one statement at a time reads what all subscriptions lack, the newest state wins where they come faster than it can
 * be read, and a bucket that ended is told in its last state before the next one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketStart, type CandleInterval } from '../../src/domain/time.js';
import type { PriceUpdateRecord } from '../../src/domain/updates.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { type CandleRequest, type CandleRow, loadCandles } from '../../src/store/mart/candles.js';
import { LogAway } from './reading/feed.js';

export interface CandlesRequest {
  coinId: string;
  interval: CandleInterval;
}

/** Buckets that may end between two readings and are still told. */
const MOST_BUCKETS = 10;
const RETRY_MS = 1_000;

interface Series extends CandlesRequest {
  readers: Set<CandleFeed>;
  /** The newest candle told. */
  told: CandleRow | null;
}

export class CandleBoard {
  readonly #series = new Map<string, Series>();
  /** What is to be read, and from which bucket. */
  readonly #stale = new Map<Series, Date>();
  #reading: Promise<void> | null = null;
  readonly #stopping = new AbortController();

  constructor(
    private readonly db: Database,
    private readonly logger: Logger,
  ) {}

  open(request: CandlesRequest): CandleFeed {
    const key = `${request.interval} ${request.coinId}`;
    const series = this.#series.get(key) ?? { ...request, readers: new Set(), told: null };
    this.#series.set(key, series);
    const feed = new CandleFeed(() => {
      series.readers.delete(feed);
      if (series.readers.size === 0 && this.#series.get(key) === series) this.#series.delete(key);
    });
    series.readers.add(feed);
    return feed;
  }

  /** A price was pushed: the transaction that wrote its candles has committed. */
  onUpdate({ coinId, observedAt }: PriceUpdateRecord): void {
    for (const series of this.#series.values()) {
      if (series.coinId !== coinId) continue;
      const bucket = bucketStart(observedAt, series.interval);
      const told = series.told?.bucketStart ?? bucket;
      const stale = this.#stale.get(series) ?? bucket;
      this.#stale.set(series, new Date(Math.min(bucket.getTime(), told.getTime(), stale.getTime())));
    }
    if (this.#stale.size > 0) this.#reading ??= this.#read();
  }

  /** The log is out of reach: everybody has to come back later. */
  interrupt(): void {
    for (const series of this.#series.values()) {
      for (const reader of [...series.readers]) reader.fail(new LogAway('the log is out of reach'));
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    while (this.#stale.size > 0 && !this.#stopping.signal.aborted) {
      const batch = [...this.#stale].filter(([series]) => series.readers.size > 0);
      this.#stale.clear();
      try {
        const requests = batch.map(([series, from]) => toRequest(series, from));
        const lists = requests.length > 0 ? await loadCandles(this.db.pool, requests) : [];
        for (const [index, [series]] of batch.entries()) tell(series, lists[index] ?? []);
      } catch (error) {
        this.logger.warn({ err: error, series: batch.length }, `live: candles could not be read; trying again in ${RETRY_MS} ms`);
        for (const [series, from] of batch) if (!this.#stale.has(series)) this.#stale.set(series, from);
        await sleep(RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {}); // asked to stop: the loop sees it
      }
    }
    this.#reading = null;
  }
}

/** Not from before what was told since it was noted: a reading may find what was committed after it was asked for. */
function toRequest({ coinId, interval, told }: Series, stale: Date): CandleRequest {
  const from = told !== null && told.bucketStart > stale ? told.bucketStart : stale;
  return { coinId, interval, from, to: null, first: MOST_BUCKETS };
}

/** Where a new bucket has begun, the one before comes along: a reader sees it complete. */
function tell(series: Series, candles: CandleRow[]): void {
  for (const candle of candles) {
    for (const reader of series.readers) reader.push(candle);
  }
  series.told = candles.at(-1) ?? series.told;
}

/** Holds one state per bucket, the newest: it cannot grow, however slow its reader. */
export class CandleFeed implements AsyncIterableIterator<CandleRow> {
  readonly catchingUp = false;
  readonly #pending = new Map<number, CandleRow>();
  #waiting: PromiseWithResolvers<void> | null = null;
  #failure: Error | null = null;
  #closed = false;

  constructor(private readonly onClose: () => void) {}

  get idle(): boolean {
    return this.#waiting !== null;
  }

  pause(): void {} // nobody waits for it

  push(candle: CandleRow): void {
    this.#pending.set(candle.bucketStart.getTime(), candle);
    if (this.#pending.size > MOST_BUCKETS) this.#pending.delete(Math.min(...this.#pending.keys()));
    this.#wake();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  async next(): Promise<IteratorResult<CandleRow, undefined>> {
    for (;;) {
      if (this.#closed) return { value: undefined, done: true };
      if (this.#failure !== null) {
        this.#close();
        throw this.#failure;
      }
      const candle = this.take();
      if (candle !== undefined) return { value: candle, done: false };
      this.#waiting = Promise.withResolvers();
      await this.#waiting.promise;
    }
  }

  /** What can be had without waiting: the oldest bucket first. */
  take(): CandleRow | undefined {
    const [first] = this.#pending;
    if (first === undefined) return undefined;
    this.#pending.delete(first[0]);
    return first[1];
  }

  async return(): Promise<IteratorResult<CandleRow, undefined>> {
    this.#close();
    this.#wake();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #close(): void {
    this.#closed = true;
    this.onClose();
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = null;
  }
}
