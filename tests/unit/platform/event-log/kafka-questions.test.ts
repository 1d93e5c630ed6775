/** Questions to a real broker that share connections: what one of them meets is no business of the others. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pino from 'pino';
import { UnknownTopic } from '../../../../src/platform/event-log/event-log.js';
import { KafkaClient } from '../../../../src/platform/event-log/kafka/client.js';
import { createKafkaEventLog } from '../../../../src/platform/event-log/kafka/kafka-event-log.js';
import { FETCH, LIST_OFFSETS, METADATA, Requests } from '../../../kit/kafka/requests.js';
import { describeOnKafka, freshTopic } from '../../../kit/kafka/test-kafka.js';
import { RETENTION_MS } from './event-log-under-test.js';

const logger = pino({ level: 'silent' });
/** Of Metadata: the one that names topics by our own hand (protocol/wire.ts). kafkajs's own asks for all topics where it knows of none. */
const OUR_VERSION = 12;
const PARTITIONS = 8;

await describeOnKafka('questions on a real broker', (kafka) => {
  const topic = freshTopic('questions');
  const requests = new Requests();
  let client: KafkaClient;

  beforeAll(async () => {
    const log = createKafkaEventLog(kafka, logger, 'test');
    await log.ensureTopics([{ topic, partitions: PARTITIONS, retentionMs: RETENTION_MS }]);
    await log.append(
      topic,
      Array.from({ length: PARTITIONS }, (_, partition) => ({ key: 'k', value: Buffer.from(`${partition}`), partition })),
    );
    await log.close();
  });
  beforeEach(() => {
    requests.start();
    client = new KafkaClient(kafka, logger, 'test');
  });
  afterEach(() => {
    client.close();
    requests.stop();
  });

  const pageOf = (id: Buffer, partition: number) => client.page({ topic, id }, { partition, offset: 0n });

  test('pages that are asked for at once come over one connection', async () => {
    const { id } = await client.describe(topic);
    const used = new Set<Socket>();
    requests.onRequest = (apiKey, socket) => void (apiKey === FETCH && used.add(socket));
    const before = requests.opened.length;
    const pages = await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => pageOf(id, partition)));
    expect(pages.map(({ records }) => String(records[0]?.value))).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(used.size).toBe(1);
    expect(requests.opened.length - before).toBe(2); // the session's first, which says who leads, and that one
  });

  test('a topic that is not there is an answer: the connection serves whoever asks next', async () => {
    await client.bounds(topic);
    const before = requests.opened.length;
    await expect(client.describe(freshTopic('missing'))).rejects.toThrow(UnknownTopic);
    await client.bounds(topic);
    expect(requests.opened.length).toBe(before);
  });

  test('a page whose connection breaks each time leaves the other questions theirs', async () => {
    const { id } = await client.describe(topic);
    const asked = new Set<Socket>();
    let broken = 0;
    requests.onRequest = (apiKey, socket) => {
      if (apiKey === LIST_OFFSETS) asked.add(socket);
      if (apiKey !== FETCH) return;
      broken++;
      socket.destroy(new Error('broken by the test'));
    };
    let given: unknown;
    const page = pageOf(id, 0).catch((error: unknown) => {
      given = error;
    });
    while (given === undefined) await client.bounds(topic);
    await page;
    expect(given).toMatchObject({ name: 'KafkaJSConnectionError' });
    expect(broken).toBeGreaterThan(1); // it was asked again for a while
    expect(asked.size).toBe(1);
  });

  test('one session takes the place of a broken one, however many questions met it, and nothing of that one stays open', async () => {
    const { id } = await client.describe(topic);
    await pageOf(id, 0);
    const whole = requests.opened.length;
    let broken = false;
    requests.onRequest = (apiKey, socket) => {
      if (apiKey !== FETCH || broken) return;
      broken = true;
      socket.destroy(new Error('broken by the test'));
    };
    await Promise.all([1, 2, 3].map((partition) => pageOf(id, partition)));
    expect(requests.opened.length - whole).toBe(2);
    expect(requests.opened.filter((socket) => !socket.destroyed)).toHaveLength(whole);
  });

  test('nobody is asked for the topics of others', async () => {
    const versions = new Set<number>();
    requests.onRequest = (apiKey, _socket, apiVersion) => void (apiKey === METADATA && versions.add(apiVersion));
    const { id } = await client.describe(topic);
    await pageOf(id, 0);
    await client.bounds(topic);
    expect([...versions]).toEqual([OUR_VERSION]);
  });

  test('a broker of the list that takes connections and says nothing is passed over for the next one', async () => {
    const silent: Socket[] = [];
    const server = createServer((socket) => silent.push(socket.on('error', () => {})));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const brokers = [`127.0.0.1:${(server.address() as AddressInfo).port}`, ...kafka.brokers];
    const other = new KafkaClient({ ...kafka, brokers }, logger, 'test');
    const { leaders } = await other.describe(topic);
    expect(leaders).toHaveLength(PARTITIONS);
    expect(silent).toHaveLength(1);
    other.close();
    for (const socket of silent) socket.destroy();
    server.close();
  });

  test('who asks after the end opens nothing', async () => {
    client.close();
    await expect(client.describe(topic)).rejects.toThrow('closed');
    expect(requests.opened).toEqual([]);
  });
});
