/**
 * Appends ticks to market.prices.v1 at a steady rate, as a producer does: what was not acknowledged is appended again, and the repeat is
 * borne. Keeps what was acknowledged: accepted means durable, so each must stand in the log where the log said.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import type { NewRecord } from '../../../src/platform/event-log/event-log.js';
import type { Platform } from '../platform/platform.js';
import { SERIAL, type TickMaker } from './ticks.js';

const EVERY_MS = 100;

export class TickLoad {
  /** The record's place in the log to its serial number. */
  readonly acknowledged = new Map<string, string>();
  repeats = 0;
  #running: Promise<void> | null = null;
  #wanted = false;

  constructor(
    private readonly platform: Platform,
    readonly ticks: TickMaker,
    private readonly perSecond: number,
  ) {}

  start(): void {
    this.#wanted = true;
    this.#running ??= this.#run();
  }

  /** Resolves once everything that was made is acknowledged. */
  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#running;
    this.#running = null;
  }

  async #run(): Promise<void> {
    let due = 0;
    for (let at = performance.now(); this.#wanted; await sleep(EVERY_MS)) {
      const now = performance.now();
      due = Math.min(due + ((now - at) * this.perSecond) / 1_000, this.perSecond); // what an outage kept back is not made up for
      at = now;
      const records = this.ticks.make(Math.floor(due));
      due -= records.length;
      if (records.length > 0) await this.append(records);
    }
  }

  /** Resolves once they are acknowledged. */
  async append(records: NewRecord[]): Promise<void> {
    for (;;) {
      try {
        const positions = await this.platform.log().append(PRICES_TOPIC, records);
        for (const [index, position] of positions.entries()) {
          this.acknowledged.set(this.platform.placeOf(PRICES_TOPIC, position), records[index]?.headers?.[SERIAL] as string);
        }
        return;
      } catch {
        this.repeats++; // Postgres is away, restarts or is full: a producer has no better answer than to try again
        await sleep(EVERY_MS);
      }
    }
  }
}
