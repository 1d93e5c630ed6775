/** A member of a group on a real broker that loses it, or has to give its partitions back, while it asks where reading starts. */
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pino from 'pino';
import type { EventLog } from '../../../../src/platform/event-log/event-log.js';
import { createKafkaEventLog } from '../../../../src/platform/event-log/kafka/kafka-event-log.js';
import { HEARTBEAT, JOIN_GROUP, Requests } from '../../../kit/kafka/requests.js';
import { describeOnKafka, freshTopic, openOperator } from '../../../kit/kafka/test-kafka.js';
import { RETENTION_MS, records } from './event-log-under-test.js';

const logger = pino({ level: 'silent' });

await describeOnKafka('a member of a group on a real broker', (kafka) => {
  const requests = new Requests();
  let log: EventLog;
  let topic: string;

  beforeEach(async () => {
    log = createKafkaEventLog(kafka, logger, 'test');
    topic = freshTopic('membership');
    await log.ensureTopics([{ topic, partitions: 1, retentionMs: RETENTION_MS }]);
    requests.start();
  });
  afterEach(async () => {
    requests.stop();
    await log.close();
  });

  /** Resolves when so many more requests of the kind were sent. */
  const sent = (kind: number, count: number) =>
    new Promise<void>((resolve) => {
      const { onRequest } = requests;
      requests.onRequest = (apiKey, ...rest) => {
        onRequest(apiKey, ...rest);
        if (apiKey === kind && --count === 0) resolve();
      };
    });

  test('a heartbeat that fails while the start of reading is asked for costs the session, and nothing else', async () => {
    await log.append(topic, records(['a'], 0));
    const gate = Promise.withResolvers<void>();
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown) => void unhandled.push(error);
    // The process itself: a test is given a copy of it, and Jest forgives what is handled late. A role would have ended by then.
    const actual: NodeJS.Process = EventEmitter.constructor('return process')();
    actual.on('unhandledRejection', onUnhandled);
    let mended = false;
    requests.onRequest = (apiKey, socket) => {
      if (apiKey === HEARTBEAT && !mended) socket.destroy(new Error('broken by the test'));
    };
    const read = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const consumer = await log.consume({
      topic,
      group: topic,
      async startOffset() {
        begun.resolve();
        await gate.promise;
        return 0n;
      },
      onBatch: async () => read.resolve(),
    });
    await begun.promise;
    await sent(HEARTBEAT, 3); // the first one has failed by then
    mended = true;
    gate.resolve();
    await read.promise;
    await consumer.stop();
    actual.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  }, 60_000);

  test('a partition is given back after the question where its reading starts, and what that says then ends nothing', async () => {
    const events: string[] = [];
    const gate = Promise.withResolvers<void>();
    const askedAgain = Promise.withResolvers<void>();
    let asked = 0;
    const first = await log.consume({
      topic,
      group: topic,
      async startOffset() {
        if (++asked !== 2) return null;
        askedAgain.resolve();
        await gate.promise;
        events.push('answered');
        throw new Error('it is not mine any more');
      },
      async onBatch() {},
      onRevoked: () => void events.push('revoked'),
    });
    await askedAgain.promise;
    const joining = sent(JOIN_GROUP, 1);
    const second = await log.consume({ topic, group: topic, startOffset: async () => null, async onBatch() {} });
    await joining;
    await sent(HEARTBEAT, 3); // one of them says that the group shares out anew
    gate.resolve();
    while (!(first.settled() && second.settled())) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events.slice(0, 2)).toEqual(['answered', 'revoked']);
    await second.stop();
    await first.stop();
  }, 60_000);

  test('Kafka is told where reading starts, also where nothing is read', async () => {
    const operator = await openOperator(kafka);
    await log.append(topic, records(['a', 'b'], 0));
    const consumer = await log.consume({ topic, group: topic, startOffset: async () => 2n, async onBatch() {} });
    while (!consumer.settled()) await new Promise((resolve) => setTimeout(resolve, 20));
    await consumer.stop();
    const [told] = await operator.admin.fetchOffsets({ groupId: topic, topics: [topic] });
    expect(told?.partitions).toMatchObject([{ partition: 0, offset: '2' }]);
    await operator.close();
  });
});
