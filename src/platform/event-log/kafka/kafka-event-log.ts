/**
 * The event log on Apache Kafka, through kafkajs: nothing outside of this folder knows it.
 * Must stay true: everything in event-log.ts, as the contract tests check it on a real broker; the Postgres log passes the same ones.
 */
import { hostname } from 'node:os';
import type { KafkaConfig } from '../../config.js';
import type { Logger } from '../../logger.js';
import type {
  ConsumeOptions,
  EventLog,
  LogConsumer,
  LogPosition,
  LogRecord,
  NewRecord,
  PartitionBounds,
  ReplayRange,
  TopicSpec,
} from '../event-log.js';
import { OffsetOutOfRange, replayInTurn } from '../event-log.js';
import { KafkaAppender } from './appender.js';
import { KafkaClient } from './client.js';
import { KafkaConsumer } from './consumer.js';
import { PlaceOutOfRange } from './errors.js';
import { ensureKafkaTopics } from './topics.js';

const REPLAY_PAGE_RECORDS = 500;

/** `role`: what the brokers call this process in their metrics and quotas. */
export function createKafkaEventLog(config: KafkaConfig, logger: Logger, role: string): EventLog {
  return new KafkaEventLog(new KafkaClient(config, logger, `cdp-${role}-${hostname()}`));
}

class KafkaEventLog implements EventLog {
  readonly #appenders = new Map<string, Promise<KafkaAppender>>();
  readonly #consumers = new Set<LogConsumer>();

  constructor(private readonly client: KafkaClient) {}

  ensureTopics(specs: TopicSpec[]): Promise<void> {
    return ensureKafkaTopics(this.client, specs);
  }

  /** As kafka-topics.sh prints it. */
  async topicId(topic: string): Promise<string> {
    return (await this.client.describe(topic)).id.toString('base64url');
  }

  async append(topic: string, records: NewRecord[]): Promise<LogPosition[]> {
    if (records.length === 0) return [];
    let appender = this.#appenders.get(topic);
    if (appender === undefined) {
      appender = this.client.describe(topic).then(({ leaders }) => new KafkaAppender(this.client, topic, leaders.length));
      this.#appenders.set(topic, appender);
      appender.catch(() => this.#appenders.delete(topic)); // the caller sees the error; the next append asks again
    }
    return (await appender).append(records);
  }

  async bounds(topic: string): Promise<PartitionBounds[]> {
    return (await this.client.bounds(topic)).bounds;
  }

  async boundsOf(topic: string, partition: number): Promise<{ bounds: PartitionBounds | null; partitions: number }> {
    const { bounds, partitions } = await this.client.bounds(topic, [partition]);
    return { bounds: bounds[0] ?? null, partitions };
  }

  async offsetAt(topic: string, partition: number, instant: Date): Promise<bigint> {
    const offset = await this.client.offsetAt(topic, partition, instant);
    const { bounds } = await this.boundsOf(topic, partition);
    if (bounds === null) throw new Error(`the event log has no partition ${topic}/${partition}`);
    return offset === null ? bounds.end : offset < bounds.start ? bounds.start : offset;
  }

  async *replay(topic: string, from: ReadonlyMap<number, bigint>, signal?: AbortSignal): AsyncGenerator<LogRecord[]> {
    const { id, bounds } = await this.client.bounds(topic, [...from.keys()]);
    yield* replayInTurn(topic, bounds, from, (partition, range) => this.#page({ topic, id, partition }, range, signal), signal);
  }

  async *#page(of: { topic: string; id: Buffer; partition: number }, range: ReplayRange, signal?: AbortSignal) {
    const { topic, id, partition } = of;
    const { records, next } = await this.client.page({ topic, id }, { partition, offset: range.next }).catch(async (error: unknown) => {
      if (!(error instanceof PlaceOutOfRange)) throw error;
      const { bounds } = await this.boundsOf(topic, partition);
      throw new OffsetOutOfRange(topic, partition, range.next, bounds as PartitionBounds);
    });
    range.next = next;
    const wanted = records.filter(({ offset }) => offset < range.end);
    for (let at = 0; at < wanted.length; at += REPLAY_PAGE_RECORDS) {
      signal?.throwIfAborted();
      yield wanted.slice(at, at + REPLAY_PAGE_RECORDS);
    }
  }

  async consume(options: ConsumeOptions): Promise<LogConsumer> {
    const { id } = await this.client.describe(options.topic);
    const consumer = new KafkaConsumer(this.client, options, id);
    this.#consumers.add(consumer);
    consumer.ended.catch(() => {}).finally(() => this.#consumers.delete(consumer)); // its owner sees the failure
    return consumer;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#consumers].map((consumer) => consumer.stop()));
    for (const appender of await Promise.allSettled(this.#appenders.values()))
      if (appender.status === 'fulfilled') await appender.value.close();
    this.client.close();
  }
}
