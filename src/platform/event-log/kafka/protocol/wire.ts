/**
 * Two requests that kafkajs does not know in the versions that matter: Metadata with the topic's id, and Fetch by that id, so that a topic
 * that was deleted and made anew is refused by the broker itself. kafkajs carries them; it has the connections, TLS and SASL.
 * Format: https://kafka.apache.org/protocol (Metadata 12, Fetch 13, flexible: lengths as varints, tagged fields after each structure).
 */
import type { Broker, ProtocolCall } from 'kafkajs/src/cluster/index.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { WireReader } from './wire-reader.js';

const FETCH = { apiKey: 1, apiVersion: 13 };
const METADATA = { apiKey: 3, apiVersion: 12 };
const NO_TOPIC_ID = Buffer.alloc(16);

export interface TopicDescription {
  id: Buffer;
  /** Per partition. */
  leaders: Leader[];
}

export interface Leader {
  /** -1 while the partition has none. */
  nodeId: number;
  /** Rises with each change: a broker refuses who takes it for the leader of another one. */
  epoch: number;
}

export interface ClusterDescription {
  clusterId: string | null;
  controllerId: number;
  brokers: { nodeId: number; host: string; port: number; rack: string | null }[];
  topics: { name: string; error: number; description: TopicDescription }[];
}

export async function describeTopic(broker: Broker, topic: string): Promise<ClusterDescription['topics'][number]> {
  const { topics } = await describeCluster(broker, [topic]);
  if (topics[0] === undefined) throw new Error('Metadata of one topic came back without it');
  return topics[0];
}

/** Of these topics only. */
export function describeCluster(broker: Pick<Broker, 'connectionPool'>, topics: readonly string[]): Promise<ClusterDescription> {
  const encode = (body: Encoder) => {
    body.writeUVarInt(topics.length + 1);
    for (const topic of topics) body.writeBuffer(NO_TOPIC_ID).writeUVarIntString(topic).writeUVarInt(0);
    body.writeBoolean(false).writeBoolean(false).writeUVarInt(0); // make no topic, tell no permissions
  };
  return send(broker, { ...METADATA, apiName: 'Metadata', encode, decode: decodeCluster });
}

export interface FetchRequest {
  topicId: Buffer;
  places: { partition: number; offset: bigint; leaderEpoch: number }[];
  maxWaitMs: number;
  maxBytes: number;
  maxBytesPerPartition: number;
}

export interface FetchedPartition {
  partition: number;
  /** 0: none. */
  error: number;
  highWatermark: bigint;
  /** Record batches as the log holds them. */
  records: Buffer;
}

export async function fetchPartitions(broker: Broker, request: FetchRequest): Promise<{ error: number; partitions: FetchedPartition[] }> {
  const { topicId, places, maxWaitMs, maxBytes, maxBytesPerPartition } = request;
  const encode = (body: Encoder) => {
    body.writeInt32(-1).writeInt32(maxWaitMs).writeInt32(1).writeInt32(maxBytes).writeInt8(0); // a consumer, at least a byte, uncommitted too
    body.writeInt32(0).writeInt32(-1); // no fetch session
    body
      .writeUVarInt(2)
      .writeBuffer(topicId)
      .writeUVarInt(places.length + 1);
    for (const { partition, offset, leaderEpoch } of places) {
      body.writeInt32(partition).writeInt32(leaderEpoch).writeInt64(offset.toString()).writeInt32(-1).writeInt64(-1);
      body.writeInt32(maxBytesPerPartition).writeUVarInt(0);
    }
    body.writeUVarInt(0).writeUVarInt(1).writeUVarIntString('').writeUVarInt(0); // nothing forgotten, no rack
  };
  return send(broker, { ...FETCH, apiName: 'Fetch', encode, decode: decodeFetch });
}

/** Both are in Kafka 3.1 and newer. */
export function speaksOurProtocol(broker: Pick<Broker, 'versions'>): boolean {
  return [FETCH, METADATA].every(({ apiKey, apiVersion }) => (broker.versions?.[apiKey]?.maxVersion ?? -1) >= apiVersion);
}

interface Exchange<T> {
  apiKey: number;
  apiVersion: number;
  apiName: string;
  encode(body: Encoder): void;
  decode(reader: WireReader): T;
}

function send<T>(broker: Pick<Broker, 'connectionPool'>, { encode, decode, ...request }: Exchange<T>): Promise<T> {
  const call: ProtocolCall<T> = {
    request: {
      ...request,
      async encode() {
        const body = new Encoder().writeUVarInt(0); // tagged fields of the header, which kafkajs does not write
        encode(body);
        return body;
      },
    },
    response: {
      async decode(payload) {
        const reader = new WireReader(payload);
        reader.skipTags();
        return decode(reader);
      },
      parse: async (answer) => answer,
    },
  };
  return broker.connectionPool.send(call);
}

function decodeCluster(reader: WireReader): ClusterDescription {
  reader.int32(); // throttled for
  const brokers = reader.array(() => {
    const broker = { nodeId: reader.int32(), host: reader.string(), port: reader.int32(), rack: reader.string() || null };
    reader.skipTags();
    return broker;
  });
  const clusterId = reader.string() || null;
  const controllerId = reader.int32();
  const topics = reader.array(() => {
    const error = reader.int16();
    const name = reader.string();
    const id = reader.bytes(16);
    reader.int8();
    const leaders: Leader[] = [];
    reader.array(() => {
      reader.int16();
      const partition = reader.int32();
      leaders[partition] = { nodeId: reader.int32(), epoch: reader.int32() };
      for (let list = 0; list < 3; list++) reader.array(() => reader.int32()); // replicas, in sync, offline
      reader.skipTags();
    });
    reader.int32();
    reader.skipTags();
    return { name, error, description: { id, leaders } };
  });
  return { clusterId, controllerId, brokers, topics };
}

function decodeFetch(reader: WireReader): { error: number; partitions: FetchedPartition[] } {
  reader.int32(); // throttled for
  const error = reader.int16();
  reader.int32();
  const topics = reader.array(() => {
    reader.bytes(16);
    const partitions = reader.array(() => {
      const partition = { partition: reader.int32(), error: reader.int16(), highWatermark: reader.int64() };
      reader.int64(); // last stable offset
      reader.int64(); // log start
      reader.array(() => {
        reader.int64();
        reader.int64();
        reader.skipTags();
      });
      reader.int32(); // preferred replica
      const records = reader.compactBytes();
      reader.skipTags();
      return { ...partition, records };
    });
    reader.skipTags();
    return partitions;
  });
  return { error, partitions: topics.flat() };
}
