/**
 * Appends to one topic: idempotent, acknowledged by all in-sync replicas, compressed, one request at a time.
 * Must stay true: a request is repeated only as it was. kafkajs gives the next request the sequence numbers of one that it gave up, and a
 * broker that has stored that one takes the next for its repeat: so a producer that failed is never used again. What kafkajs says it has
 * sent is checked against what there was to send: when leaders move it can leave a partition out.
 */
import { CompressionTypes, type Producer } from 'kafkajs';
import { partitionOf } from '../../../domain/murmur2.js';
import type { LogPosition, NewRecord } from '../event-log.js';
import { type Append, GroupCommit, refuseAstray } from '../group-commit.js';
import type { KafkaClient } from './client.js';
import { kafkaErrorType } from './errors.js';
import { answerWithin } from './patience.js';
import type { KafkaSession } from './session.js';

/** Well below the megabyte that a broker takes, were it all in one partition and could not be compressed. */
const REQUEST_BYTES = 600_000;
const RECORD_OVERHEAD_BYTES = 100;
/**
 * On average of the partitions' parts of a request: each is compressed by itself, 60 to 200 us of CPU however small it is, and opened by
 * the broker and by every reader.
 */
const COMPRESSED_FROM_BYTES = 4_000;
/** Some seconds: a broker's restart is waited out rather than answered with a failure and a repeat. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 10 };
/** kafkajs asks again on the same connection, for minutes where that one is dead in silence. Another producer gets another connection. */
const PATIENCE_MS = 30_000;

/** Of one record, where others of its request would be stored. */
const FAULTS_OF_RECORDS = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']);

interface Placed {
  append: Append;
  /** Where among its append's records. */
  index: number;
  record: NewRecord;
  partition: number;
  bytes: number;
}

export class KafkaAppender {
  readonly #commit: GroupCommit;
  #producer: { session: KafkaSession; ready: Promise<Producer> } | undefined;

  /** Of the topic; what a record may say, if it says one. */
  #known: number;
  /** The next request needs a producer that looks anew. */
  #outdated = false;

  /** `partitions` stays what keys go by, whatever is added while the process runs: more of them would tear a key's records apart. */
  constructor(
    private readonly client: KafkaClient,
    private readonly topic: string,
    private readonly partitions: number,
    private readonly patienceMs = PATIENCE_MS,
  ) {
    this.#commit = new GroupCommit(
      (group) => this.#store(group),
      (error) => !FAULTS_OF_RECORDS.has(kafkaErrorType(error) ?? ''),
    );
    this.#known = partitions;
  }

  async append(records: NewRecord[]): Promise<LogPosition[]> {
    if (records.some(({ partition = 0 }) => partition >= this.#known)) await this.#lookAgain();
    refuseAstray(this.topic, this.#known, records);
    return this.#commit.append(records);
  }

  /** Partitions may have been added. A producer that does not know of them would leave their records out. */
  async #lookAgain(): Promise<void> {
    const known = (await this.client.describe(this.topic)).leaders.length;
    this.#outdated ||= known !== this.#known;
    this.#known = known;
  }

  async close(): Promise<void> {
    await this.#commit.idle();
    this.#discard();
  }

  async #store(group: Append[]): Promise<void> {
    const positions = new Map(group.map((append) => [append, [] as LogPosition[]]));
    for (const request of cut(group.flatMap((append) => this.#place(append)))) {
      const firsts = await this.#send(request);
      for (const { append, index, partition } of request) {
        const offset = firsts.get(partition) as bigint;
        const placed = positions.get(append) as LogPosition[];
        placed[index] = { partition, offset };
        firsts.set(partition, offset + 1n);
        if (placed.length === append.records.length) append.resolve(placed); // the next request may fail for another one's sake
      }
    }
  }

  #place(append: Append): Placed[] {
    return append.records.map((record, index) => ({
      append,
      index,
      record,
      partition: record.partition ?? partitionOf(record.key, this.partitions),
      bytes: RECORD_OVERHEAD_BYTES + record.key.length + record.value.length,
    }));
  }

  /** The offset of each partition's first record. */
  async #send(request: Placed[]): Promise<Map<number, bigint>> {
    const producer = this.#connect();
    try {
      const sent = producer.ready.then((ready) =>
        ready.send({
          topic: this.topic,
          acks: -1,
          compression: isWorthCompressing(request) ? CompressionTypes.GZIP : CompressionTypes.None,
          messages: request.map(({ record, partition }) => ({ ...record, partition, headers: record.headers ?? {} })),
        }),
      );
      const answers = await answerWithin(this.patienceMs, this.topic, sent);
      const firsts = new Map(answers.map(({ partition, baseOffset }) => [partition, BigInt(baseOffset ?? -1)]));
      const lost = request.find(({ partition }) => (firsts.get(partition) ?? -1n) < 0n);
      if (lost !== undefined) throw new Error(`${this.topic}/${lost.partition}: the broker did not say where the records are`);
      return firsts;
    } catch (error) {
      this.#discard();
      throw error;
    }
  }

  #connect(): { session: KafkaSession; ready: Promise<Producer> } {
    if (this.#outdated) this.#discard();
    this.#outdated = false;
    if (this.#producer === undefined) {
      const session = this.client.session();
      const producer = session.kafka().producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        metadataMaxAge: 60_000,
        retry: RETRY,
        createPartitioner:
          () =>
          ({ message }) =>
            message.partition as number,
      });
      this.#producer = { session, ready: producer.connect().then(() => producer) };
      this.#producer.ready.catch(() => {}); // the append that waits for it sees it
    }
    return this.#producer;
  }

  #discard(): void {
    this.#producer?.session.end();
    this.#producer = undefined;
  }
}

function isWorthCompressing(request: Placed[]): boolean {
  const bytes = request.reduce((sum, each) => sum + each.bytes, 0);
  return bytes >= COMPRESSED_FROM_BYTES * new Set(request.map(({ partition }) => partition)).size;
}

/** In requests that a broker takes, in order. */
function cut(placed: Placed[]): Placed[][] {
  const requests: Placed[][] = [];
  let room = 0;
  for (const each of placed) {
    if (room < each.bytes || requests.length === 0) {
      requests.push([]);
      room = REQUEST_BYTES;
    }
    requests.at(-1)?.push(each);
    room -= each.bytes;
  }
  return requests;
}
