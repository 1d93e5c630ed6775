/**
 * Keeps the tail of one topic: the one reader of that topic in this process, for all subscriptions together.
 * Must stay true: a tail never has a gap. What the log interrupts goes on where it stood; what cannot go on (the log forgot the place,
 * or was made anew) ends the tail, and the next one begins at the log's end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourcePosition } from '../../../src/domain/updates.js';
import { type EventLog, type LogConsumer, READING_BOUND_MS } from '../../../src/platform/event-log/event-log.js';
import type { Heartbeats } from '../../../src/platform/heartbeats.js';
import type { Logger } from '../../../src/platform/logger.js';
import { LogAway } from './feed.js';
import { Past } from './past.js';
import { type LiveTopic, TAIL_RECORDS, Tail } from './tail.js';

/** So many records before the log's end are read at the start: a reader that comes back soon finds its place at hand. */
const REWIND_RECORDS = 1_000n;
const RESTART_MS = 1_000;

export interface FollowerOptions<T extends SourcePosition> {
  log: EventLog;
  logger: Logger;
  heartbeats: Heartbeats;
  topic: LiveTopic<T>;
  /** A record came that is news. */
  onNews?(record: T): void;
  /** The log is out of reach, or the tail has ended: whoever reads it must come back later. */
  onAway(): void;
}

export class Follower<T extends SourcePosition> {
  #past: Past<T> | null = null;
  #reachable = true;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  private constructor(
    private readonly options: FollowerOptions<T>,
    started: () => void,
  ) {
    this.#ended = this.#run(started);
  }

  /** Resolves when the topic is being followed, or could not be for now. */
  static async start<T extends SourcePosition>(options: FollowerOptions<T>): Promise<Follower<T>> {
    const started = Promise.withResolvers<void>();
    const follower = new Follower(options, started.resolve);
    await started.promise;
    return follower;
  }

  get available(): boolean {
    return this.#past !== null && this.#reachable;
  }

  /** Throws LogAway while there is none. */
  get past(): Past<T> {
    if (this.#past === null || !this.#reachable) throw new LogAway(`${this.options.topic.name}: the log is out of reach`);
    return this.#past;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(started: () => void): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const tail = await this.#openTail();
        const consumer = await this.#consume(tail);
        this.#past = new Past(this.options.log, tail, this.options.logger);
        this.#reachable = true;
        started();
        await this.#whileRunning(consumer);
      } catch (error) {
        this.options.logger.error({ err: error, topic: this.options.topic.name }, 'live: lost the log; beginning anew at its end');
      }
      this.#endTail();
      started();
      if (!signal.aborted) await sleep(RESTART_MS, undefined, { signal }).catch(() => {}); // asked to stop: the loop sees it
    }
  }

  async #openTail(): Promise<Tail<T>> {
    const { log, topic, logger } = this.options;
    const logId = await log.topicId(topic.name);
    const bounds = await log.bounds(topic.name);
    const share = BigInt(Math.floor(TAIL_RECORDS / 2 / bounds.length));
    const rewind = share < REWIND_RECORDS ? share : REWIND_RECORDS;
    const from = bounds.map(({ start, end }) => (end - rewind > start ? end - rewind : start));
    const tail = new Tail(topic, logId, from, logger);
    for await (const records of log.replay(topic.name, new Map(from.entries()), this.#stopping.signal)) {
      for (const record of records) tail.add(record);
    }
    return tail;
  }

  #consume(tail: Tail<T>): Promise<LogConsumer> {
    const { log, heartbeats, topic, onNews, onAway } = this.options;
    const heartbeat = (partition: number) => heartbeats.of(`${topic.name}/${partition}`, READING_BOUND_MS);
    return log.consume({
      topic: topic.name,
      group: null,
      startOffset: async (partition) => tail.progress.next[partition] ?? 0n,
      onBatch: async ({ records }) => {
        for (const record of records) {
          const news = tail.add(record);
          if (news !== null) onNews?.(news);
        }
        tail.notify();
      },
      onTurn: (partition) => heartbeat(partition).beat(),
      onRevoked: (partition) => heartbeat(partition).rest(),
      onOutage: () => {
        this.#reachable = false;
        onAway();
      },
      onRecovered: () => {
        this.#reachable = true;
      },
    });
  }

  async #whileRunning(consumer: LogConsumer): Promise<void> {
    const { signal } = this.#stopping;
    const stop = () => consumer.stop().catch(() => {}); // `ended` says it too
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    try {
      await consumer.ended;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #endTail(): void {
    if (this.#past === null) return;
    const { tail } = this.#past;
    this.#past = null;
    tail.ended = true;
    tail.notify();
    if (!this.#stopping.signal.aborted) this.options.onAway();
  }
}
