/**
 * Questions to the brokers that are answered in one go: which partitions, which offsets, what stands somewhere.
 * Must stay true: pages, which may be large, neither hold up nor break the other questions, on which a process's readiness depends.
 */
import kafkajs from 'kafkajs';
import type Cluster from 'kafkajs/src/cluster/index.js';
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { KafkaConfig } from '../../config.js';
import type { Logger } from '../../logger.js';
import { type PartitionBounds, TopicReplaced, UnknownTopic } from '../event-log.js';
import { PlaceOutOfRange } from './errors.js';
import { type FetchedPage, fetchPages } from './protocol/fetch.js';
import { describeTopic, type Leader, speaksOurProtocol, type TopicDescription } from './protocol/wire.js';
import { KafkaSession } from './session.js';
import { SharedSession } from './shared-session.js';

/** ListOffsets' names for a partition's ends. */
const EARLIEST = '-2';
const LATEST = '-1';
/** As fetches are: kafkajs would be told ends that lie before what a transaction under way has written, and was read. */
const READ_UNCOMMITTED = 0;
const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION';
const LEADER_NOT_AVAILABLE = 5;
/** What is asked for stands there, so that nobody waits; a new leader may need a moment to know it. */
const PAGE_WAIT_MS = 200;
/** The type of resource that is a topic. */
const TOPIC = 2;

export class KafkaClient {
  readonly #facts = new SharedSession(() => this.session());
  readonly #pages = new SharedSession(() => this.session());
  /** Per topic, as pages were found there. */
  readonly #leaders = new Map<string, Leader[]>();

  constructor(
    readonly config: KafkaConfig,
    readonly logger: Logger,
    readonly clientId: string,
  ) {}

  session(): KafkaSession {
    return new KafkaSession(this.config, this.logger, this.clientId);
  }

  describe(topic: string): Promise<TopicDescription> {
    return this.#facts.ask((cluster) => describe(cluster, topic));
  }

  /** Of all partitions, or of these, in their order; `id` and `partitions`: of the topic that has them. */
  bounds(topic: string, only?: readonly number[]): Promise<{ id: Buffer; partitions: number; bounds: PartitionBounds[] }> {
    return this.#facts.ask(async (cluster) => {
      const { id, leaders } = await describe(cluster, topic);
      const asked = new Map(leaders.entries().filter(([partition]) => only?.includes(partition) ?? true));
      const [starts, ends] = await Promise.all([findOffsets(cluster, topic, asked, EARLIEST), findOffsets(cluster, topic, asked, LATEST)]);
      const bounds = Array.from(asked.keys(), (partition) => ({
        partition,
        start: starts.get(partition) as bigint,
        end: ends.get(partition) as bigint,
      }));
      return { id, partitions: leaders.length, bounds };
    });
  }

  /** Null: nothing in the partition is as young. */
  offsetAt(topic: string, partition: number, instant: Date): Promise<bigint | null> {
    return this.#facts.ask(async (cluster) => {
      const { leaders } = await describe(cluster, topic);
      const leader = leaders[partition];
      if (leader === undefined) throw new Error(`the event log has no partition ${topic}/${partition}`);
      const found = await findOffsets(cluster, topic, new Map([[partition, leader]]), String(instant.getTime()));
      const offset = found.get(partition);
      return offset === undefined || offset < 0n ? null : offset;
    });
  }

  /** What stands at the place; empty after a while where the leader, which may be new, does not say so yet. */
  page({ topic, id }: { topic: string; id: Buffer }, { partition, offset }: { partition: number; offset: bigint }): Promise<FetchedPage> {
    return this.#pages.ask(async (cluster) => {
      const read = async (leaders: Leader[]) => {
        const broker = await leaderOf(cluster, leaders[partition]);
        const leaderEpoch = (leaders[partition] as Leader).epoch;
        const [page] = await fetchPages(broker, { topic, id }, [{ partition, offset, leaderEpoch }], PAGE_WAIT_MS);
        return page as FetchedPage;
      };
      const known = this.#leaders.get(topic);
      if (known !== undefined) {
        try {
          return await read(known);
        } catch (error) {
          this.#leaders.delete(topic); // the next attempt asks who leads it now
          if (!(error instanceof PlaceOutOfRange)) throw error; // one that only follows by now may lack what is there
        }
      }
      const { id: found, leaders } = await describe(cluster, topic);
      if (!found.equals(id)) throw new TopicReplaced(topic);
      const page = await read(leaders);
      this.#leaders.set(topic, leaders);
      return page;
    });
  }

  /** Per topic, its settings by their names. */
  settings(topics: string[]): Promise<Map<string, Map<string, string>>> {
    return this.#facts.ask(async (cluster) => {
      const broker = await anyBroker(cluster);
      const { resources } = await broker.describeConfigs({ resources: topics.map((name) => ({ type: TOPIC, name })) });
      return new Map(
        resources.map(({ resourceName, configEntries }) => [
          resourceName,
          new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
        ]),
      );
    });
  }

  close(): void {
    this.#facts.close();
    this.#pages.close();
  }
}

/** The topic as it is now, by whichever broker. Asked each time: what kafkajs remembers of a topic may be old. */
export async function describe(cluster: Cluster, topic: string): Promise<TopicDescription> {
  const broker = await anyBroker(cluster);
  if (!speaksOurProtocol(broker)) throw new Error('these brokers are too old: Kafka 3.1 or newer is needed');
  const { error, description } = await describeTopic(broker, topic);
  if (error === 0) return description;
  const failure = createErrorFromCode(error);
  throw failure.type === UNKNOWN_TOPIC ? new UnknownTopic(topic) : failure;
}

/** `leaders`: of the partitions that are asked for. */
async function findOffsets(
  cluster: Cluster,
  topic: string,
  leaders: ReadonlyMap<number, Leader>,
  timestamp: string,
): Promise<Map<number, bigint>> {
  const found = new Map<number, bigint>();
  for (const led of Map.groupBy(leaders, ([, { nodeId }]) => nodeId).values()) {
    const broker = await leaderOf(cluster, led[0]?.[1]);
    const { responses } = await broker.listOffsets({
      isolationLevel: READ_UNCOMMITTED,
      topics: [{ topic, partitions: led.map(([partition]) => ({ partition, timestamp })) }],
    });
    for (const { partition, offset } of responses[0]?.partitions ?? []) found.set(partition, BigInt(offset));
  }
  return found;
}

/** Nobody leads a partition for a moment when leaders move, or when it was added just now. */
async function leaderOf(cluster: Cluster, leader: Leader | undefined): Promise<Broker> {
  if (leader === undefined || leader.nodeId < 0) throw createErrorFromCode(LEADER_NOT_AVAILABLE);
  return cluster.findBroker({ nodeId: leader.nodeId });
}

async function anyBroker(cluster: Cluster): Promise<Broker> {
  let failure: unknown = new kafkajs.KafkaJSConnectionError('no broker is known');
  for (const nodeId of cluster.getNodeIds()) {
    try {
      return await cluster.findBroker({ nodeId });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
