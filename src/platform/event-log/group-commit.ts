/**
 * Appends to one topic, one request at a time: what comes in meanwhile shares the next one (group commit). Appends keep their order.
 * Must stay true: where a request fails for its own fault, the others of its group do not suffer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogPosition, NewRecord } from './event-log.js';

/**
 * A request has its price, here and at the log, however little is in it: appends that come one by one share one for so long. The first
 * after a pause goes out at once. Kafka's own producer waits as long (linger.ms).
 */
const REQUESTS_APART_MS = 5;
/** Most records that share a request; a larger append has one to itself. */
const MAX_GROUPED = 2_000;

export interface Append {
  records: NewRecord[];
  /** It is resolved. */
  stored: boolean;
  resolve(positions: LogPosition[]): void;
  reject(error: unknown): void;
}

export class GroupCommit {
  readonly #waiting: Append[] = [];
  #draining: Promise<void> | undefined;

  constructor(
    /** Resolves each append of the group; or rejects, and those that it has not resolved are not stored, or may stand twice. */
    private readonly store: (group: Append[]) => Promise<void>,
    private readonly isTransient: (error: unknown) => boolean,
  ) {}

  append(records: NewRecord[]): Promise<LogPosition[]> {
    return new Promise((resolve, reject) => {
      const append: Append = {
        records,
        stored: false,
        resolve(positions) {
          this.stored = true;
          resolve(positions);
        },
        reject,
      };
      this.#waiting.push(append);
      this.#draining ??= this.#drain();
    });
  }

  async idle(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    for (let group = this.#nextGroup(); group.length > 0; group = this.#nextGroup()) {
      const begun = performance.now();
      try {
        await this.store(group);
      } catch (error) {
        const left = group.filter(({ stored }) => !stored);
        if (left.length === 1 || this.isTransient(error)) for (const append of left) append.reject(error);
        // One of them cannot be stored (a NUL in a key, a record that is too large): the others must not suffer.
        else for (const append of left) await this.store([append]).catch((own: unknown) => append.reject(own));
      }
      const early = REQUESTS_APART_MS - (performance.now() - begun);
      if (early >= 1) await sleep(early);
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
}

/** Throws where a record says a partition that the topic does not have. */
export function refuseAstray(topic: string, partitions: number, records: NewRecord[]): void {
  const astray = records.find(({ partition = 0 }) => partition < 0 || partition >= partitions);
  if (astray !== undefined) throw new RangeError(`${topic} has no partition ${astray.partition}: it has ${partitions}`);
}
