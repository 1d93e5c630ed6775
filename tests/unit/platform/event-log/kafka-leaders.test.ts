/** Leaders that move, or are missing, as a real broker's answers say it once they are altered on the way: here there is no second broker. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import Connection from 'kafkajs/src/network/connection.js';
import pino from 'pino';
import type { EventLog } from '../../../../src/platform/event-log/event-log.js';
import { KafkaClient } from '../../../../src/platform/event-log/kafka/client.js';
import { createKafkaEventLog } from '../../../../src/platform/event-log/kafka/kafka-event-log.js';
import type { ClusterDescription, Leader } from '../../../../src/platform/event-log/kafka/protocol/wire.js';
import { METADATA } from '../../../kit/kafka/requests.js';
import { describeOnKafka, freshTopic } from '../../../kit/kafka/test-kafka.js';
import { RETENTION_MS, records } from './event-log-under-test.js';

const logger = pino({ level: 'silent' });

interface Call {
  request: { apiKey: number };
  response: { decode(payload: Buffer): Promise<ClusterDescription>; parse(answer: unknown): Promise<unknown> };
}
const connection = Connection.prototype as unknown as { send(call: Call): Promise<unknown> };
const { send } = connection;

await describeOnKafka('leaders on a real broker', (kafka) => {
  let log: EventLog;
  let topic: string;
  /** What the brokers say of the topic's leaders; null: the truth. */
  let alter: ((leaders: Leader[]) => void) | null = null;
  /** How often they have said something else. */
  let altered = 0;

  beforeEach(async () => {
    altered = 0;
    connection.send = function sendAltered({ request, response }) {
      if (request.apiKey !== METADATA) return send.call(this, { request, response });
      const decode = async (payload: Buffer) => {
        const answer = await response.decode(payload);
        if (alter === null || answer.topics.length === 0) return answer;
        altered++;
        for (const { description } of answer.topics) alter(description.leaders);
        return answer;
      };
      return send.call(this, { request, response: { ...response, decode } });
    };
    log = createKafkaEventLog(kafka, logger, 'test');
    topic = freshTopic('leaders');
    await log.ensureTopics([{ topic, partitions: 2, retentionMs: RETENTION_MS }]);
  });
  afterEach(async () => {
    alter = null;
    connection.send = send;
    await log.close();
  });

  const secondHasNone = (leaders: Leader[]) => {
    leaders[1] = { nodeId: -1, epoch: -1 };
  };

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  function collect() {
    const keys: string[] = [];
    return {
      keys,
      onBatch: async (batch: { records: { key: string | null }[] }) => void keys.push(...batch.records.map(({ key }) => `${key}`)),
    };
  }

  test('a broker is told of which change of leaders the reader knows, and refuses another one', async () => {
    await log.append(topic, records(['a'], 0));
    const client = new KafkaClient(kafka, logger, 'test');
    const { id } = await client.describe(topic);
    alter = (leaders) => {
      for (const leader of leaders) leader.epoch++;
      if (altered === 2) alter = null;
    };
    const { records: found } = await client.page({ topic, id }, { partition: 0, offset: 0n });
    expect(found.map(({ key }) => key)).toEqual(['a']);
    expect(altered).toBe(2); // who leads was asked anew until it was true
    client.close();
  });

  test('a partition without a leader holds up itself alone', async () => {
    await log.append(topic, records(['a'], 0));
    await log.append(topic, records(['b'], 1));
    await log.close();
    alter = secondHasNone;
    log = createKafkaEventLog(kafka, logger, 'test');
    const { keys, onBatch } = collect();
    const asked = Promise.withResolvers<void>();
    const startOffset = async (partition: number) => {
      if (partition === 1) asked.resolve();
      return (await log.boundsOf(topic, partition)).bounds?.start ?? null;
    };
    const consumer = await log.consume({ topic, group: topic, startOffset, onBatch });
    await asked.promise;
    await log.append(topic, records(['c'], 0));
    await until(() => keys.length === 2);
    expect(keys).toEqual(['a', 'c']);
    for await (const page of log.replay(topic, new Map([[0, 0n]]))) expect(page.map(({ key }) => key)).toEqual(keys);
    alter = null;
    await until(() => keys.length === 3);
    expect(keys).toEqual(['a', 'c', 'b']);
    await consumer.stop();
  }, 60_000);

  test('a reader notices a leader that is none any more, though the connection to it lives', async () => {
    const { keys, onBatch } = collect();
    const consumer = await log.consume({ topic, group: null, startOffset: async () => 0n, onBatch });
    await log.append(topic, records(['a'], 1)); // from now on the appender knows the leaders
    await until(() => keys.length === 1);
    alter = secondHasNone;
    await until(() => altered >= 2); // the reader has looked, and looked anew
    await log.append(topic, records(['b'], 1));
    await log.append(topic, records(['c'], 0));
    await until(() => keys.includes('c'));
    alter = null;
    await until(() => keys.length === 3);
    expect(keys).toEqual(['a', 'c', 'b']);
    await consumer.stop();
  }, 60_000);
});
