/** Makes the platform's topics with the settings they need, or looks at those that stand. */
import type { Admin } from 'kafkajs';
import pRetry from 'p-retry';
import { OperatorError } from '../../../domain/errors.js';
import type { TopicSpec } from '../event-log.js';
import { UnknownTopic } from '../event-log.js';
import { refuseOtherCount } from '../topics.js';
import type { KafkaClient } from './client.js';
import { inWords } from './errors.js';

/** With so many brokers a record is on three of them, and acknowledged by two. */
const BROKERS_TO_REPLICATE = 3;
const REPLICAS = 3;
const IN_SYNC_REPLICAS = 2;

export async function ensureKafkaTopics(client: KafkaClient, specs: TopicSpec[]): Promise<void> {
  try {
    const missing: TopicSpec[] = [];
    for (const spec of specs) {
      const found = await findPartitionCount(client, spec.topic);
      if (found === null) missing.push(spec);
      else refuseOtherCount(spec.topic, found, spec.partitions);
    }
    if (missing.length > 0) await createTopics(client, missing);
    const settings = await client.settings(specs.map(({ topic }) => topic));
    for (const spec of specs) checkSettings(client, spec, settings.get(spec.topic) ?? new Map());
  } catch (error) {
    throw inWords(client.config, error);
  }
}

async function findPartitionCount(client: KafkaClient, topic: string): Promise<number | null> {
  try {
    return (await client.describe(topic)).leaders.length;
  } catch (error) {
    if (error instanceof UnknownTopic) return null;
    throw error;
  }
}

async function createTopics(client: KafkaClient, specs: TopicSpec[]): Promise<void> {
  const session = client.session();
  try {
    await createWith(session.kafka().admin(), specs);
  } finally {
    session.end();
  }
  for (const { topic, partitions } of specs) {
    const found = await pRetry(() => requireLeaders(client, topic), { retries: 10, minTimeout: 50, maxTimeout: 1_000 });
    refuseOtherCount(topic, found, partitions); // somebody else may have made it at the same time
  }
}

async function createWith(admin: Admin, specs: TopicSpec[]): Promise<void> {
  await admin.connect();
  const { brokers } = await admin.describeCluster();
  const replicated = brokers.length >= BROKERS_TO_REPLICATE;
  const topics = specs.map(({ topic, partitions, retentionMs }) => ({
    topic,
    numPartitions: partitions,
    replicationFactor: replicated ? REPLICAS : 1,
    configEntries: Object.entries({
      ...Object.fromEntries(Object.entries(ALLOWED).map(([name, [first]]) => [name, first])),
      'retention.ms': String(retentionMs),
      ...(replicated ? { 'min.insync.replicas': String(IN_SYNC_REPLICAS) } : {}),
    }).map(([name, value]) => ({ name, value })),
  }));
  // kafkajs waits for leaders, but gives up where a busy broker does not know of the topic yet.
  await admin.createTopics({ topics, waitForLeaders: false });
}

/** Resolves with the number of partitions. */
async function requireLeaders(client: KafkaClient, topic: string): Promise<number> {
  const { leaders } = await client.describe(topic);
  if (leaders.some(({ nodeId }) => nodeId < 0)) throw new Error(`${topic} has a partition without a leader`);
  return leaders.length;
}

/**
 * The first of each is what topics are made with. LogAppendTime: the instants of a partition rise with its offsets, and are the log's,
 * whoever wrote. Compression: a broker that compresses anew with something else makes records that are not read here.
 */
const ALLOWED: Record<string, [string, ...string[]]> = {
  'cleanup.policy': ['delete'],
  'message.timestamp.type': ['LogAppendTime'],
  'compression.type': ['producer', 'gzip', 'uncompressed'],
};

/** Others than ours may be meant; what breaks a promise is refused, what only shortens a memory is said. */
function checkSettings({ logger }: KafkaClient, { topic, retentionMs }: TopicSpec, found: ReadonlyMap<string, string>): void {
  const wrong = Object.entries(ALLOWED).filter(([name, allowed]) => !allowed.includes(found.get(name) ?? ''));
  if (wrong.length > 0) {
    const settings = wrong.map(([name, [first]]) => `${name}=${first} (it is ${found.get(name)})`).join(', ');
    throw new OperatorError(
      `Topic ${topic} needs ${settings}. Set it with kafka-configs.sh --alter --entity-type topics --entity-name ${topic}.`,
    );
  }
  const kept = Number(found.get('retention.ms'));
  if (kept >= 0 && kept < retentionMs) logger.warn(`${topic} is kept for ${kept} ms; the platform counts on ${retentionMs} ms`);
}
