/**
 * The parts of kafkajs 2.2.4 below its public face that this folder uses, as far as it uses them. kafkajs is not developed any more, so they
 * do not change; package.json pins the version.
 */
declare module 'kafkajs/src/cluster/index.js' {
  /** Kafka's answer or a KafkaJS… error. */
  export interface Broker {
    nodeId: number;
    connectionPool: { send<T>(call: ProtocolCall<T>): Promise<T> };
    versions: Record<number, { minVersion: number; maxVersion: number }>;
    listOffsets(request: {
      isolationLevel: number;
      topics: { topic: string; partitions: { partition: number; timestamp: string }[] }[];
    }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
    /** `type`: 2 is a topic. */
    describeConfigs(request: {
      resources: { type: number; name: string }[];
    }): Promise<{ resources: { resourceName: string; configEntries: { configName: string; configValue: string }[] }[] }>;
  }
  export interface ProtocolCall<T> {
    request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<{ buf: Buffer; buffer: Buffer; size(): number }> };
    response: { decode(payload: Buffer): Promise<T>; parse(answer: T): Promise<T> };
  }
  export default class Cluster {
    constructor(options: Record<string, unknown>);
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    refreshMetadata(): Promise<void>;
    addMultipleTargetTopics(topics: string[]): Promise<void>;
    getNodeIds(): string[];
    findBroker(which: { nodeId: number | string }): Promise<Broker>;
  }
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  export default class ConsumerGroup {
    constructor(options: Record<string, unknown>);
    memberId: string | null;
    connect(): Promise<void>;
    joinAndSync(): Promise<void>;
    assigned(): { topic: string; partitions: number[] }[];
    heartbeat(options: { interval: number }): Promise<void>;
    commitOffsets(offsets: { topics: { topic: string; partitions: { partition: number; offset: string }[] }[] }): Promise<void>;
    leave(): Promise<void>;
  }
}

declare module 'kafkajs/src/instrumentation/emitter.js' {
  export default class InstrumentationEventEmitter {}
}

declare module 'kafkajs/src/broker/index.js' {
  import type { Broker as Connected } from 'kafkajs/src/cluster/index.js';

  interface Metadata {
    clusterId: string | null;
    controllerId: number;
    brokers: { nodeId: number; host: string; port: number; rack: string | null }[];
    topicMetadata: unknown[];
  }
  export default class Broker {
    connectionPool: Connected['connectionPool'];
    /** Null before it is connected. */
    versions: Connected['versions'];
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    metadata(topics?: string[]): Promise<Metadata>;
  }
}

declare module 'kafkajs/src/network/connection.js' {
  export default class Connection {
    connect(): Promise<boolean>;
  }
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    pending: unknown[];
    throttledUntil: number;
    scheduleCheckPendingRequests(): void;
  }
}

declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    buf: Buffer;
    readonly buffer: Buffer;
    size(): number;
    writeInt8(value: number): this;
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeInt64(value: string | number): this;
    writeBoolean(value: boolean): this;
    writeUVarInt(value: number): this;
    writeUVarIntString(value: string | null): this;
    writeBuffer(value: Buffer): this;
  }
}

declare module 'kafkajs/src/loggers/index.js' {
  import type { Logger, logCreator, logLevel } from 'kafkajs';

  export function createLogger(options: { level: logLevel; logCreator: logCreator }): Logger;
}

declare module 'kafkajs/src/protocol/error.js' {
  export function createErrorFromCode(code: number): Error & { type: string };
}
