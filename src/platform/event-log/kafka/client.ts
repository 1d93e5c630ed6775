/**
 * Questions to the brokers that are answered in one go (which partitions, which offsets), over one session that all of them share.
 * Must stay true: a broken session is thrown away, never mended; a question that fails for a passing reason is asked again for a while.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type Cluster from 'kafkajs/src/cluster/index.js';
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { KafkaConfig } from '../../config.js';
import type { Logger } from '../../logger.js';
import { type PartitionBounds, TopicReplaced, UnknownTopic } from '../event-log.js';
import { isTransientKafkaError, kafkaErrorType } from './errors.js';
import { type FetchedPage, fetchPages, leaderOf, type Place, PlaceOutOfRange } from './protocol/fetch.js';
import { describeTopic, speaksOurProtocol, type TopicDescription } from './protocol/wire.js';
import { KafkaSession } from './session.js';

/** ListOffsets' names for a partition's ends. */
const EARLIEST = '-2';
const LATEST = '-1';
const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION';
/** A question to brokers that are away fails after so long: whoever asks may be a page that somebody waits for. */
const PATIENCE_MS = 5_000;
const PAUSE_MS = 200;

export class KafkaClient {
  #shared: { session: KafkaSession; cluster: Promise<Cluster> } | undefined;
  #closed = false;

  constructor(
    readonly config: KafkaConfig,
    readonly logger: Logger,
    readonly clientId: string,
  ) {}

  session(): KafkaSession {
    return new KafkaSession(this.config, this.logger, this.clientId);
  }

  describe(topic: string): Promise<TopicDescription> {
    return this.#ask(topic, (cluster) => describe(cluster, topic));
  }

  /** Per partition, in their order. */
  async bounds(topic: string): Promise<PartitionBounds[]> {
    const [starts, ends] = await Promise.all([this.#offsets(topic, EARLIEST), this.#offsets(topic, LATEST)]);
    return starts.map((start, partition) => ({ partition, start, end: ends[partition] as bigint }));
  }

  /** Null: nothing in the partition is as young. */
  async offsetAt(topic: string, partition: number, instant: Date): Promise<bigint | null> {
    const [offset] = await this.#offsets(topic, String(instant.getTime()), partition);
    return offset === undefined || offset < 0n ? null : offset;
  }

  /** What stands at the place, without waiting for more. */
  page(topic: { topic: string; id: Buffer }, place: Place): Promise<FetchedPage> {
    return this.#ask(topic.topic, async (cluster) => {
      const broker = await leaderOf(cluster, topic.topic, place.partition);
      const [page] = await fetchPages(broker, topic, [place], 0);
      return page as FetchedPage;
    });
  }

  close(): void {
    this.#closed = true;
    this.#discard();
  }

  #offsets(topic: string, timestamp: string, only?: number): Promise<bigint[]> {
    return this.#ask(topic, async (cluster) => {
      // Asked each time: what kafkajs remembers of a topic may be old.
      const { leaders } = await describe(cluster, topic);
      const partitions = [...leaders.keys()].filter((partition) => only === undefined || partition === only);
      if (partitions.length === 0) throw new Error(`the event log has no partition ${topic}/${only}`);
      const found = new Map<number, bigint>();
      for (const [nodeId, led] of Map.groupBy(partitions, (partition) => leaders[partition] as number)) {
        const broker = await cluster.findBroker({ nodeId });
        const { responses } = await broker.listOffsets({
          topics: [{ topic, partitions: led.map((partition) => ({ partition, timestamp })) }],
        });
        for (const { partition, offset } of responses[0]?.partitions ?? []) found.set(partition, BigInt(offset));
      }
      return partitions.map((partition) => found.get(partition) as bigint);
    });
  }

  async #ask<T>(topic: string, question: (cluster: Cluster) => Promise<T>): Promise<T> {
    for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
      const shared = this.#connect();
      try {
        const cluster = await shared.cluster;
        await cluster.addMultipleTargetTopics([topic]).catch((error: unknown) => {
          throw kafkaErrorType(error) === UNKNOWN_TOPIC ? new UnknownTopic(topic) : error;
        });
        return await question(cluster);
      } catch (error) {
        if (error instanceof PlaceOutOfRange || error instanceof TopicReplaced) throw error;
        if (this.#shared === shared) this.#discard();
        if (this.#closed || !isTransientKafkaError(error) || performance.now() > deadline) throw error;
      }
    }
  }

  #connect(): { session: KafkaSession; cluster: Promise<Cluster> } {
    if (this.#shared === undefined) {
      const session = this.session();
      this.#shared = { session, cluster: session.cluster([]) };
      this.#shared.cluster.catch(() => {}); // whoever asks sees it
    }
    return this.#shared;
  }

  #discard(): void {
    this.#shared?.session.end();
    this.#shared = undefined;
  }
}

/** The topic as it is now, by whichever broker. */
export async function describe(cluster: Cluster, topic: string): Promise<TopicDescription> {
  const broker = await anyBroker(cluster);
  if (!speaksOurProtocol(broker)) throw new Error('these brokers are too old: Kafka 3.1 or newer is needed');
  const { error, description } = await describeTopic(broker, topic);
  if (error === 0) return description;
  const failure = createErrorFromCode(error);
  throw failure.type === UNKNOWN_TOPIC ? new UnknownTopic(topic) : failure;
}

async function anyBroker(cluster: Cluster): Promise<Broker> {
  let failure: unknown;
  for (const nodeId of cluster.getNodeIds()) {
    try {
      return await cluster.findBroker({ nodeId });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
