/**
 * The event log in Postgres (ops.log_topics, log_partitions, log_records), for one machine: no broker to run.
 * Must stay true: everything in event-log.ts, as the contract tests check it; Kafka has to pass the same ones.
 * A group's member gets all partitions: what keeps two consumers of one group apart is the fence of who commits.
 */
import type { Logger } from '../logger.js';
import type { Database, Queryable } from '../postgres/database.js';
import { AppendQueue } from './append-queue.js';
import { placeRecord, storeRecordsWithin } from './append-statements.js';
import type {
  ConsumeOptions,
  EventLog,
  LogConsumer,
  LogPosition,
  LogRecord,
  NewRecord,
  PartitionBounds,
  ReplayRange,
  TopicSpec,
} from './event-log.js';
import { replayInTurn, UnknownTopic } from './event-log.js';
import { LogSignals } from './log-signals.js';
import { PostgresConsumer } from './postgres-consumer.js';
import { findOffsetAt, PageReader, readBounds } from './record-pages.js';
import { refuseOtherCount } from './topics.js';

const REPLAY_PAGE_RECORDS = 500;
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,200}$/; // Kafka's rule, and no space: notifications separate by it

export function createPostgresEventLog(db: Database, logger: Logger): EventLog {
  return new PostgresEventLog(db, logger);
}

class PostgresEventLog implements EventLog {
  readonly #signals: LogSignals;
  readonly #pages: PageReader;
  readonly #appends = new Map<string, Promise<AppendQueue>>();
  readonly #consumers = new Set<LogConsumer>();

  constructor(
    private readonly db: Database,
    private readonly logger: Logger,
  ) {
    this.#signals = new LogSignals(db.url, logger);
    this.#pages = new PageReader(db);
  }

  async ensureTopics(specs: TopicSpec[]): Promise<void> {
    for (const { topic, partitions } of specs) {
      if (!TOPIC_NAME.test(topic)) throw new RangeError(`not a topic's name: ${topic}`);
      // In one transaction: a topic is never seen without its partitions.
      await this.db.transaction(async (tx) => {
        await tx.query('INSERT INTO ops.log_topics (topic, partitions) VALUES ($1, $2) ON CONFLICT DO NOTHING', [topic, partitions]);
        refuseOtherCount(topic, (await findTopic(tx, topic)).partitions, partitions);
        await tx.query(
          'INSERT INTO ops.log_partitions (topic, partition) SELECT $1, p FROM generate_series(0, $2::int - 1) p ON CONFLICT DO NOTHING',
          [topic, partitions],
        );
      });
    }
  }

  async topicId(topic: string): Promise<string> {
    return (await findTopic(this.db.pool, topic)).log_id;
  }

  async append(topic: string, records: NewRecord[]): Promise<LogPosition[]> {
    if (records.length === 0) return [];
    let queue = this.#appends.get(topic);
    if (queue === undefined) {
      queue = findTopic(this.db.pool, topic).then(({ partitions }) => new AppendQueue(this.db, this.#signals, topic, partitions));
      this.#appends.set(topic, queue);
      queue.catch(() => this.#appends.delete(topic)); // the caller sees the error; the next append asks again
    }
    return (await queue).append(records);
  }

  async appendWithin(tx: Queryable, topic: string, records: (NewRecord & { partition: number })[]): Promise<void> {
    const counts = new Map<number, number>();
    const rows = records.map((record) => placeRecord(record, record.partition, counts));
    if (rows.length > 0) await storeRecordsWithin(tx, topic, counts, rows);
  }

  async boundsOf(topic: string, partition: number): Promise<{ bounds: PartitionBounds | null; partitions: number }> {
    const bounds = await this.bounds(topic);
    return { bounds: bounds[partition] ?? null, partitions: bounds.length };
  }

  bounds(topic: string): Promise<PartitionBounds[]> {
    return readBounds(this.db, topic);
  }

  offsetAt(topic: string, partition: number, instant: Date): Promise<bigint> {
    return findOffsetAt(this.db, topic, partition, instant);
  }

  async *replay(topic: string, from: ReadonlyMap<number, bigint>, signal?: AbortSignal): AsyncGenerator<LogRecord[]> {
    yield* replayInTurn(topic, await readBounds(this.db, topic), from, (partition, range) => this.#page(topic, partition, range), signal);
  }

  async *#page(topic: string, partition: number, range: ReplayRange): AsyncGenerator<LogRecord[]> {
    const limit = Math.min(REPLAY_PAGE_RECORDS, Number(range.end - range.next));
    const { records } = await this.#pages.read(topic, partition, range.next, limit);
    range.next += BigInt(records.length);
    yield records;
  }

  async consume(options: ConsumeOptions): Promise<LogConsumer> {
    const { log_id } = await findTopic(this.db.pool, options.topic);
    const bounds = await readBounds(this.db, options.topic);
    const consumer = new PostgresConsumer(
      this.#pages,
      this.#signals,
      this.logger,
      options,
      log_id,
      bounds.map(({ partition }) => partition),
    );
    this.#consumers.add(consumer);
    consumer.ended.catch(() => {}).finally(() => this.#consumers.delete(consumer)); // its owner sees the failure
    return consumer;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#consumers].map((consumer) => consumer.stop()));
    for (const queue of await Promise.allSettled(this.#appends.values())) if (queue.status === 'fulfilled') await queue.value.idle();
    await this.#signals.close();
  }
}

async function findTopic(db: Queryable, topic: string): Promise<{ log_id: string; partitions: number }> {
  const { rows } = await db.query<{ log_id: string; partitions: number }>(
    'SELECT log_id, partitions FROM ops.log_topics WHERE topic = $1',
    [topic],
  );
  const [found] = rows;
  if (found === undefined) throw new UnknownTopic(topic);
  return found;
}
