/**
 * One partition between the fetches that fill it and the handler that empties it, one batch at a time.
 * Must stay true: no more is fetched ahead than a page beyond the limit, whatever the handler does; after `stop` no batch begins.
 */
import type { LogBatch, LogRecord } from '../event-log.js';
import type { FetchedPage } from './protocol/fetch.js';

/** Records beyond this are not fetched before the handler has taken some. */
const AHEAD_BYTES = 1024 * 1024;
const RECORD_OVERHEAD_BYTES = 200;

export class PartitionFeed {
  #records: LogRecord[] = [];
  #bytes = 0;
  #next: bigint | null = null;
  #end = 0n;
  readonly #stopping = new AbortController();
  #wake: (() => void) | undefined;
  /** When the batch under way last showed that it lives; null between batches. */
  #aliveAt: number | null = null;

  constructor(
    private readonly topic: string,
    readonly partition: number,
    private readonly maxRecords: number,
    /** Told when there is room again. */
    private readonly onRoom: () => void,
  ) {}

  /** Where to fetch from; null: nowhere now. */
  get wanted(): bigint | null {
    return this.full || this.stopped ? null : this.#next;
  }

  get stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  get full(): boolean {
    return this.#bytes >= AHEAD_BYTES;
  }

  /** How long the batch under way has not been heard of. */
  get silentMs(): number {
    return this.#aliveAt === null ? 0 : performance.now() - this.#aliveAt;
  }

  begin(offset: bigint): void {
    this.#next = offset;
    this.onRoom();
  }

  add({ records, next, end }: FetchedPage): void {
    this.#next = next;
    this.#end = end;
    if (records.length === 0) return;
    this.#records = this.#records.length === 0 ? records : this.#records.concat(records);
    this.#bytes += bytesOf(records);
    this.#wake?.();
  }

  stop(): void {
    this.#stopping.abort();
    this.#wake?.();
  }

  /** Hands out batches until it is stopped; rejects with what the handler throws. `onHandled`: the offset behind a batch. */
  async run(handle: (batch: LogBatch) => Promise<void>, onHandled: (next: bigint) => void): Promise<void> {
    while (!this.stopped) {
      if (this.#records.length === 0) await this.#news();
      const records = this.#take();
      const last = records.at(-1);
      if (last === undefined) continue;
      this.#aliveAt = performance.now();
      await handle({
        topic: this.topic,
        partition: this.partition,
        records,
        end: this.#end,
        heartbeat: this.#heartbeat,
        signal: this.#stopping.signal,
      });
      this.#aliveAt = null;
      onHandled(last.offset + 1n);
    }
  }

  readonly #heartbeat = async () => {
    this.#aliveAt = performance.now();
  };

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #take(): LogRecord[] {
    if (this.stopped) return [];
    const taken = this.#records.slice(0, this.maxRecords);
    this.#records = this.#records.slice(this.maxRecords);
    const wasFull = this.full;
    this.#bytes -= bytesOf(taken);
    if (wasFull && !this.full) this.onRoom();
    return taken;
  }
}

function bytesOf(records: LogRecord[]): number {
  return records.reduce((sum, { value }) => sum + value.length + RECORD_OVERHEAD_BYTES, 0);
}
