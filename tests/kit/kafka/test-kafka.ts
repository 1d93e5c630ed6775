/**
 * The Kafka of this test run: started by the first file that asks, or given by TEST_KAFKA_BROKERS. Where there is none, its tests are
 * skipped and the run says so at its end; with REQUIRE_KAFKA=1 they fail.
 */
import { randomBytes } from 'node:crypto';
import { describe } from '@jest/globals';
import { Kafka } from 'kafkajs';
import '../../../src/platform/event-log/kafka/kafkajs/timers.js';
import type { KafkaConfig } from '../../../src/platform/config.js';
import { waitFor } from '../wait-for.js';

/** Null: none can be had here. */
export async function findKafka(): Promise<KafkaConfig | null> {
  const offer = process.env.TEST_KAFKA_OFFER;
  if (offer === undefined) throw new Error('no Kafka is offered: run tests through `npm test`');
  const { brokers, unavailable } = (await (await fetch(offer)).json()) as { brokers?: string; unavailable?: string };
  if (brokers !== undefined) return { brokers: brokers.split(','), ssl: false, sasl: null };
  if (process.env.REQUIRE_KAFKA === '1') throw new Error(`REQUIRE_KAFKA=1, and there is no Kafka: ${unavailable}`);
  return null;
}

/** Runs the tests on Kafka, or skips them. */
export async function describeOnKafka(name: string, tests: (kafka: KafkaConfig) => void): Promise<void> {
  const kafka = await findKafka();
  if (kafka === null) describe.skip(name, () => tests({ brokers: [], ssl: false, sasl: null }));
  else describe(name, () => tests(kafka));
}

/** A topic that no other test has, also on a broker that outlives the run. */
export function freshTopic(name: string): string {
  return `test.${name}.${randomBytes(4).toString('hex')}`;
}

/** What an operator does to a log, and the broker knows by the time it resolves: the controller answers before the broker has heard of it. */
export async function openOperator({ brokers }: KafkaConfig) {
  const admin = new Kafka({ brokers, logLevel: 0 }).admin();
  await admin.connect();
  /** 0: there is no such topic. */
  const partitionsOf = async (topic: string) => {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.filter(({ leader }) => leader >= 0).length;
    } catch (error) {
      if ((error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION') return 0;
      throw error;
    }
  };
  const shows = (topic: string, partitions: number) =>
    waitFor(`${topic} has ${partitions} partitions`, async () => (await partitionsOf(topic)) === partitions, { withinMs: 30_000 });
  return {
    admin,
    async createTopic(topic: string, partitions: number) {
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false });
      await shows(topic, partitions);
    },
    async deleteTopic(topic: string) {
      await admin.deleteTopics({ topics: [topic] });
      await shows(topic, 0);
    },
    async addPartitions(topic: string, count: number) {
      await admin.createPartitions({ topicPartitions: [{ topic, count }] });
      await shows(topic, count);
    },
    async forgetBelow(topic: string, partition: number, offset: bigint) {
      await admin.fetchTopicOffsets(topic); // or this client does not know who leads the partition
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    },
    close: () => admin.disconnect(),
  };
}
