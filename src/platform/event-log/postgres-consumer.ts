/**
 * Follows the partitions of one topic in the Postgres log: partitions beside one another, each strictly in order, one page at a time.
 * Must stay true: the next page of a partition is read only after the handler is done with the one before, so a slow handler bounds
 * memory; a lost connection is waited out and reading goes on from the same offset.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logger.js';
import { isTransient } from '../postgres/errors.js';
import { ASK_AGAIN_MS, type ConsumeOptions, type LogConsumer, TopicReplaced } from './event-log.js';
import type { LogSignals } from './log-signals.js';
import { Outage } from './outage.js';
import type { Page, PageReader } from './record-pages.js';

const DEFAULT_MAX_RECORDS = 500;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;

export class PostgresConsumer implements LogConsumer {
  readonly ended: Promise<void>;
  readonly #stopping = new AbortController();
  readonly #assigned: Set<number>;
  readonly #outage: Outage;

  constructor(
    private readonly pages: PageReader,
    private readonly signals: LogSignals,
    logger: Logger,
    private readonly options: ConsumeOptions,
    /** Of the topic as it was when reading began. */
    private readonly logId: string,
    partitions: number[],
  ) {
    this.#outage = new Outage(options, logger);
    this.#assigned = new Set(partitions);
    this.ended = this.#run(partitions);
    this.ended.catch(() => {}); // it may be looked at later, or through stop()
  }

  assigned(): number[] {
    return [...this.#assigned];
  }

  settled(): boolean {
    return this.#assigned.size > 0;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.ended;
  }

  async #run(partitions: number[]): Promise<void> {
    let failure: { error: unknown } | undefined;
    await Promise.all(
      partitions.map(async (partition) => {
        try {
          await this.#follow(partition);
        } catch (error) {
          failure ??= { error }; // the others' may be that they were told to give up
        } finally {
          this.#stopping.abort();
          this.#assigned.delete(partition);
          this.options.onRevoked?.(partition);
        }
      }),
    );
    if (failure !== undefined) throw failure.error;
  }

  async #follow(partition: number): Promise<void> {
    const { topic, maxRecords = DEFAULT_MAX_RECORDS, startOffset, onBatch } = this.options;
    let offset = await this.#waitOut(() => startOffset(partition));
    while (offset === null) {
      this.options.onTurn?.(partition);
      await sleep(ASK_AGAIN_MS, undefined, { signal: this.#stopping.signal }).catch(() => {}); // asked to stop: waitOut sees it
      offset = await this.#waitOut(() => startOffset(partition));
    }
    while (!this.#stopping.signal.aborted && offset !== undefined) {
      const from: bigint = offset;
      this.options.onTurn?.(partition);
      const known = this.signals.end(topic, partition);
      const page: Page | undefined = await this.#waitOut(() => this.pages.read(topic, partition, from, maxRecords));
      if (page === undefined || this.#stopping.signal.aborted) return;
      if (page.logId !== this.logId) throw new TopicReplaced(topic);
      if (page.end < known) this.signals.correct(topic, partition, known, page.end);
      const last = page.records.at(-1);
      if (last !== undefined) {
        await onBatch({ topic, partition, records: page.records, end: page.end, heartbeat: async () => {}, signal: this.#stopping.signal });
        offset = last.offset + 1n;
      }
      // At the end as it was when the page was read: whether there is news is known without asking.
      if (last === undefined || offset === page.end) await this.signals.wait(topic, partition, offset, this.#stopping.signal);
    }
  }

  /** Repeats what a passing error broke until it works; undefined once the consumer is asked to stop. */
  async #waitOut<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let pause = FIRST_RETRY_MS; !this.#stopping.signal.aborted; pause = Math.min(pause * 2, LONGEST_RETRY_MS)) {
      try {
        const result = await work();
        this.#outage.reachable();
        return result;
      } catch (error) {
        if (!isTransient(error)) throw error;
        this.#outage.unreachable(error);
        for (const partition of this.#assigned) this.options.onTurn?.(partition); // waiting is not being stuck
        await sleep(pause, undefined, { signal: this.#stopping.signal }).catch(() => {}); // asked to stop: the loop sees it
      }
    }
    return undefined;
  }
}
