/**
 * Wakes readers of the Postgres log when a partition grows: at once for appends of this process, by LISTEN/NOTIFY for those of others,
 * and by a slow poll should a notification be lost. One connection for all readers, made again when it breaks.
 * Must stay true: a signal that comes between a reader's look and its wait is remembered, so nobody sleeps on news.
 */
import pg from 'pg';
import type { Logger } from '../logger.js';

/** Payload of a notification: '<topic> <partition> <end>'; a topic's name holds no space. */
export const CHANNEL = 'event_log';
const POLL_MS = 2_000;
const FIRST_RECONNECT_MS = 50;
const LONGEST_RECONNECT_MS = 2_000;

interface PartitionNews {
  end: bigint;
  waiters: Set<() => void>;
}

export class LogSignals {
  readonly #partitions = new Map<string, PartitionNews>();
  #client: pg.Client | undefined;
  #reconnectTimer: NodeJS.Timeout | undefined;
  #reconnectMs = FIRST_RECONNECT_MS;
  #closed = false;

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
  ) {}

  raise(topic: string, partition: number, end: bigint): void {
    const news = this.#news(topic, partition);
    if (end <= news.end) return;
    news.end = end;
    wakeAll(news);
  }

  /** The end of the partition as it is known. */
  end(topic: string, partition: number): bigint {
    return this.#news(topic, partition).end;
  }

  /** The partition ends here, though it was known to end at `known`: it was made anew. Something newer than `known` stands. */
  correct(topic: string, partition: number, known: bigint, end: bigint): void {
    const news = this.#news(topic, partition);
    if (news.end === known) news.end = end;
  }

  /** Resolves when the partition is known to hold something at `offset`, at the next poll, or when `signal` aborts. */
  async wait(topic: string, partition: number, offset: bigint, signal: AbortSignal): Promise<void> {
    if (this.#client === undefined && this.#reconnectTimer === undefined) this.#connect();
    const news = this.#news(topic, partition);
    if (news.end > offset || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        news.waiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, POLL_MS);
      signal.addEventListener('abort', wake);
      news.waiters.add(wake);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#reconnectTimer);
    const client = this.#client;
    this.#client = undefined;
    await client
      ?.end()
      .catch((error: unknown) => this.logger.debug({ err: error }, 'event log: the listening connection was gone already'));
  }

  #news(topic: string, partition: number): PartitionNews {
    const key = `${topic} ${partition}`;
    const news = this.#partitions.get(key) ?? { end: 0n, waiters: new Set() };
    this.#partitions.set(key, news);
    return news;
  }

  #connect(): void {
    if (this.#closed) return;
    this.#reconnectTimer = undefined;
    const client = new pg.Client({
      connectionString: this.url,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      application_name: 'event log',
    });
    this.#client = client;
    client.on('notification', ({ payload }) => {
      const [topic, partition, end] = (payload ?? '').split(' ');
      if (topic !== undefined && partition !== undefined && end !== undefined) this.raise(topic, Number(partition), BigInt(end));
    });
    const lost = (error?: unknown) => this.#lost(client, error);
    client.on('error', lost);
    client.on('end', lost);
    client
      .connect()
      .then(() => client.query(`LISTEN ${CHANNEL}`))
      .then(() => {
        this.#reconnectMs = FIRST_RECONNECT_MS;
        // What was said while nobody listened: everybody looks again.
        for (const news of this.#partitions.values()) wakeAll(news);
      })
      .catch(lost);
  }

  #lost(client: pg.Client, error: unknown): void {
    if (this.#client !== client || this.#closed) return;
    this.#client = undefined;
    // Once: while Postgres is away every further attempt fails too.
    const level = this.#reconnectMs === FIRST_RECONNECT_MS ? 'warn' : 'debug';
    this.logger[level]({ err: error }, 'event log: the listening connection is lost; readers poll until it is back');
    client.end().catch(() => {}); // it is broken already
    this.#reconnectTimer = setTimeout(() => this.#connect(), this.#reconnectMs);
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, LONGEST_RECONNECT_MS);
  }
}

function wakeAll(news: PartitionNews): void {
  for (const wake of [...news.waiters]) wake();
}
