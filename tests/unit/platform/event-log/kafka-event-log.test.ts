/** The event log on a real Kafka passes the contract, and what only Kafka can do to it: groups, large records, partitions that are added. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Kafka } from 'kafkajs';
import pino from 'pino';
import type { ConsumeOptions, EventLog, LogConsumer } from '../../../../src/platform/event-log/event-log.js';
import { createKafkaEventLog } from '../../../../src/platform/event-log/kafka/kafka-event-log.js';
import { describeOnKafka, freshTopic, openOperator } from '../../../kit/kafka/test-kafka.js';
import { describeEventLog } from './event-log.contract.js';
import { all, RETENTION_MS } from './event-log-under-test.js';

const logger = pino({ level: 'silent' });

await describeOnKafka('on a real broker', (kafka) => {
  const open = () => createKafkaEventLog(kafka, logger, 'test');

  describeEventLog('the event log on Kafka', async () => {
    const operator = await openOperator(kafka);
    const log = open();
    return {
      log,
      openAnother: async () => open(),
      deleteTopic: operator.deleteTopic,
      forgetBelow: operator.forgetBelow,
      async close() {
        await log.close();
        await operator.close();
      },
    };
  });

  describe('what only Kafka can do to it', () => {
    let operator: Awaited<ReturnType<typeof openOperator>>;
    const logs: EventLog[] = [];
    const openLog = () => {
      const log = open();
      logs.push(log);
      return log;
    };

    beforeAll(async () => {
      operator = await openOperator(kafka);
    });
    afterAll(async () => {
      await Promise.all(logs.map((log) => log.close()));
      await operator.close();
    });

    async function makeTopic(log: EventLog, partitions: number): Promise<string> {
      const topic = freshTopic('kafka');
      await log.ensureTopics([{ topic, partitions, retentionMs: RETENTION_MS }]);
      return topic;
    }

    const appendOne = (log: EventLog, topic: string, partition: number) =>
      log.append(topic, [{ key: 'k', value: Buffer.from('v'), partition }]);

    async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
      while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
    }

    test('topics are made as the platform needs them, and refused by name where they are otherwise', async () => {
      const log = openLog();
      const topic = await makeTopic(log, 2);
      const { resources } = await operator.admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] });
      const settings = new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]));
      expect(settings.get('message.timestamp.type')).toBe('LogAppendTime');
      expect(settings.get('cleanup.policy')).toBe('delete');
      expect(settings.get('compression.type')).toBe('producer');
      expect(settings.get('retention.ms')).toBe(String(RETENTION_MS));
      const otherwise = freshTopic('kafka');
      await operator.createTopic(otherwise, 2);
      await expect(log.ensureTopics([{ topic: otherwise, partitions: 2, retentionMs: RETENTION_MS }])).rejects.toMatchObject({
        name: 'OperatorError',
        message: expect.stringMatching(/message.timestamp.type=LogAppendTime \(it is CreateTime\).*kafka-configs/),
      });
      const recompressed = freshTopic('kafka');
      const settingsOf = (compression: string) => [
        { name: 'message.timestamp.type', value: 'LogAppendTime' },
        { name: 'compression.type', value: compression },
      ];
      await operator.admin.createTopics({ topics: [{ topic: recompressed, numPartitions: 2, configEntries: settingsOf('zstd') }] });
      const spec = { topic: recompressed, partitions: 2, retentionMs: RETENTION_MS };
      await expect(log.ensureTopics([spec])).rejects.toThrow(/needs compression.type=producer \(it is zstd\)/);
      await operator.admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: 2, name: recompressed, configEntries: settingsOf('gzip') }],
      });
      await log.ensureTopics([spec]);
    });

    test('brokers that do not answer are "try again", in words', async () => {
      const log = createKafkaEventLog({ brokers: ['127.0.0.1:1'], ssl: false, sasl: null }, logger, 'test');
      await expect(log.ensureTopics([{ topic: 'x', partitions: 1, retentionMs: 1 }])).rejects.toMatchObject({
        name: 'OperatorError',
        exitCode: 75,
        message: expect.stringMatching(/does not answer at 127\.0\.0\.1:1.*KAFKA_BROKERS/),
      });
      await log.close();
    });

    test('members of a group share the partitions; what one gives back the other reads from where it is told', async () => {
      const [first, second] = [openLog(), openLog()];
      const topic = await makeTopic(first, 4);
      const next = [0n, 0n, 0n, 0n]; // the truth, as Postgres holds it
      const twice: string[] = [];
      const options: ConsumeOptions = {
        topic,
        group: topic,
        startOffset: async (partition) => next[partition] as bigint,
        async onBatch({ partition, records }) {
          for (const { offset } of records) {
            if (offset !== next[partition]) twice.push(`${partition}/${offset}`);
            next[partition] = offset + 1n;
          }
        },
      };
      const consumers: LogConsumer[] = [await first.consume(options)];
      await until(() => consumers[0]?.assigned().length === 4);
      consumers.push(await second.consume(options));
      await until(() => consumers.every((consumer) => consumer.assigned().length === 2));
      expect(consumers.flatMap((consumer) => consumer.assigned()).toSorted()).toEqual([0, 1, 2, 3]);
      for (const partition of [0, 1, 2, 3]) await appendOne(first, topic, partition);
      await until(() => next.every((offset) => offset === 1n));
      await consumers[0]?.stop();
      await until(() => consumers[1]?.assigned().length === 4);
      for (const partition of [0, 1, 2, 3]) await appendOne(first, topic, partition);
      await until(() => next.every((offset) => offset === 2n));
      expect(twice).toEqual([]);
      await consumers[1]?.stop();
      // Kafka was told, for whoever watches the lag.
      const told = await operator.admin.fetchOffsets({ groupId: topic, topics: [topic] });
      expect(told[0]?.partitions.map(({ offset }) => offset)).toEqual(['2', '2', '2', '2']);
    });

    test('what Kafka was told is never read back', async () => {
      const log = openLog();
      const topic = await makeTopic(log, 1);
      for (let count = 0; count < 3; count++) await appendOne(log, topic, 0);
      await operator.admin.setOffsets({ groupId: topic, topic, partitions: [{ partition: 0, offset: '3' }] });
      const read: bigint[] = [];
      const consumer = await log.consume({
        topic,
        group: topic,
        startOffset: async () => 1n,
        onBatch: async ({ records }) => void read.push(...records.map(({ offset }) => offset)),
      });
      await until(() => read.length === 2);
      expect(read).toEqual([1n, 2n]);
      await consumer.stop();
    });

    test('readers without a group leave none behind', async () => {
      const log = openLog();
      const topic = await makeTopic(log, 1);
      const before = new Set((await operator.admin.listGroups()).groups.map(({ groupId }) => groupId));
      let read = 0;
      const consumer = await log.consume({ topic, group: null, startOffset: async () => 0n, onBatch: async () => void read++ });
      await appendOne(log, topic, 0);
      await until(() => read === 1);
      await consumer.stop();
      const after = (await operator.admin.listGroups()).groups.map(({ groupId }) => groupId);
      expect(after.filter((group) => !before.has(group) && group.includes(topic))).toEqual([]);
    });

    test('an append larger than a request comes whole and in order; a record that no broker takes fails alone', async () => {
      const log = openLog();
      const topic = await makeTopic(log, 2);
      const value = randomBytes(40_000); // does not compress
      const many = Array.from({ length: 60 }, (_, index) => ({ key: `${index}`, value, partition: index % 2 }));
      const [positions, tooLarge, good] = await Promise.allSettled([
        log.append(topic, many),
        log.append(topic, [{ key: 'large', value: randomBytes(3_000_000), partition: 0 }]),
        log.append(topic, [{ key: 'good', value, partition: 0 }]),
      ]);
      expect(positions).toMatchObject({
        status: 'fulfilled',
        value: many.map((_, index) => ({ partition: index % 2, offset: BigInt(index >> 1) })),
      });
      expect(tooLarge).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(/larger|large/) } });
      expect(good).toMatchObject({ status: 'fulfilled', value: [{ partition: 0, offset: 30n }] });
      const stored = await all(log, topic, [[0, 0n]]);
      expect(stored.map(({ key }) => key)).toEqual([...Array.from({ length: 30 }, (_, index) => `${index * 2}`), 'good']);
      expect(stored.every((record) => record.value.equals(value))).toBe(true);
    });

    test('what shares requests with a record that no broker takes is stored once', async () => {
      const log = openLog();
      const topic = await makeTopic(log, 1);
      const append = (key: string, bytes: number) => log.append(topic, [{ key, value: randomBytes(bytes), partition: 0 }]);
      // The first goes at once, and what comes meanwhile goes together.
      await Promise.allSettled([append('first', 1), append('before', 1), append('large', 3_000_000), append('after', 1)]);
      const stored = await all(log, topic, [[0, 0n]]);
      expect(stored.map(({ key }) => key)).toEqual(['first', 'before', 'after']);
    });

    test('records of a transaction, which may have been aborted, are not taken for what somebody appended', async () => {
      const log = openLog();
      const topic = await makeTopic(log, 1);
      const producer = new Kafka({ brokers: kafka.brokers, logLevel: 0 }).producer({ transactionalId: topic, maxInFlightRequests: 1 });
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ key: 'k', value: 'v', partition: 0 }] });
      expect(await log.bounds(topic)).toEqual([{ partition: 0, start: 0n, end: 1n }]); // they can be read already
      await transaction.abort();
      await producer.disconnect();
      await expect(all(log, topic, [[0, 0n]])).rejects.toThrow(/holds records of a transaction/);
    });

    test('a partition that is not to be read for now shows life while it is asked for again', async () => {
      const log = openLog();
      const topic = await makeTopic(log, 1);
      let turns = 0;
      const turnsWhenAsked: number[] = [];
      const consumer = await log.consume({
        topic,
        group: null,
        async startOffset() {
          turnsWhenAsked.push(turns);
          return null;
        },
        async onBatch() {},
        onTurn() {
          turns++;
        },
      });
      await until(() => turnsWhenAsked.length === 3);
      expect(turnsWhenAsked[2]).toBeGreaterThan(turnsWhenAsked[1] as number);
      await consumer.stop();
    });

    test('a process that runs keeps a key where it was when partitions are added, and writes to a new one where it is told to', async () => {
      const log = openLog();
      const topic = await makeTopic(log, 2);
      const keys = Array.from({ length: 20 }, (_, index) => `coin-${index}`);
      const append = (which: EventLog) =>
        which.append(
          topic,
          keys.map((key) => ({ key, value: Buffer.from(key) })),
        );
      const before = await append(log);
      await operator.addPartitions(topic, 5);
      const partitions = (positions: { partition: number }[]) => positions.map(({ partition }) => partition);
      expect(partitions(await append(log))).toEqual(partitions(before));
      expect(await appendOne(log, topic, 4)).toEqual([{ partition: 4, offset: 0n }]);
      await expect(appendOne(log, topic, 5)).rejects.toThrow(/no partition 5: it has 5/);
      expect(partitions(await append(openLog()))).not.toEqual(partitions(before));
    });
  });
});
