/**
 * Reads Kafka's topics back by kafkajs's own consumer, which shares nothing with the platform's reader, and keeps what it has read: also
 * what retention or an operator removes later. A topic that is made anew goes on where its last life was left.
 * Must stay true: nothing that was read is forgotten; what the platform could never read is said to be lost, position by position.
 */
import { randomBytes } from 'node:crypto';
import kafkajs, { type EachBatchPayload, type KafkaMessage } from 'kafkajs';
import type { LogPosition } from '../../../src/platform/event-log/event-log.js';
import { waitFor } from '../../kit/wait-for.js';
import type { LostPositions, ReadRecord } from './platform.js';

const WITHIN = { withinMs: 60_000, everyMs: 100 };
/** A consumer leaves when its last fetch is answered, and waits so long for news. */
const FETCH_WAIT_MS = 100;

interface Partition {
  records: ReadRecord[];
  /** The next offset to read. */
  next: bigint;
  /** What an offset is raised by to make a position, in this life of the topic. */
  base: bigint;
}

export class LogReader {
  readonly lost: LostPositions[] = [];
  readonly #kafka: kafkajs.Kafka;
  readonly #partitions = new Map<string, Map<number, Partition>>();
  readonly #lives = new Map<string, number>();

  constructor(brokers: string) {
    this.#kafka = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING });
  }

  placeOf(topic: string, { partition, offset }: LogPosition): string {
    return `${this.#lives.get(topic) ?? 0}/${partition}/${offset}`;
  }

  /** Reads on to where the topic ends now. Of each coin the records stand in the order in which they have to be taken. */
  async readOn(topic: string): Promise<ReadRecord[]> {
    const goals = await this.#bounds(topic);
    const open = goals.filter(({ partition, end }) => this.#partition(topic, partition).next < end);
    if (open.length > 0) await waitFor(`${topic} is read back`, () => this.#read(topic, open), WITHIN);
    const partitions = [...(this.#partitions.get(topic)?.values() ?? [])];
    const all = partitions.flatMap(({ records }) => records);
    // A coin moves to another partition only after the one that it was in is drained.
    return partitions.length > 1 ? all.sort((a, b) => a.appendedAt.getTime() - b.appendedAt.getTime()) : all;
  }

  /** Records up to `start` were removed before the platform, which goes on at `next`, could read them. They were read here. */
  lose(topic: string, partition: number, next: bigint, start: bigint): void {
    const { base } = this.#partition(topic, partition);
    if (next < start) this.lost.push({ topic, partition, from: base + next, to: base + start, base });
  }

  beginLife(topic: string): void {
    this.#lives.set(topic, (this.#lives.get(topic) ?? 0) + 1);
  }

  /** What is read of the topic's new life stands behind `next`: what the platform had taken of the one before. */
  goOnAfter(topic: string, next: ReadonlyMap<number, bigint>): void {
    for (const [partition, state] of this.#partitions.get(topic) ?? []) {
      const taken = state.base + (next.get(partition) as bigint);
      // Their positions are given again: they belong to nobody now.
      state.records = state.records.filter(({ offset }) => offset < taken);
      state.base = taken;
      state.next = 0n;
    }
  }

  /** Throws where kafkajs's consumer has crashed, as it does on a busy machine: what it has read is kept, the next one goes on. */
  async #read(topic: string, goals: { partition: number; end: bigint }[]): Promise<true> {
    const groupId = `fault-suite-${randomBytes(6).toString('hex')}`;
    const consumer = this.#kafka.consumer({ groupId, maxWaitTimeInMs: FETCH_WAIT_MS, retry: { retries: 20 } });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch: async (payload) => this.#take(payload) });
      for (const partition of this.#partitions.get(topic)?.keys() ?? [])
        consumer.seek({ topic, partition, offset: String(this.#partition(topic, partition).next) });
      await waitFor(
        `${topic} is read back`,
        () => goals.every(({ partition, end }) => this.#partition(topic, partition).next >= end),
        WITHIN,
      );
      return true;
    } finally {
      await consumer.disconnect();
    }
  }

  #take({ batch: { topic, partition, messages } }: EachBatchPayload): void {
    const state = this.#partition(topic, partition);
    for (const message of messages) {
      const offset = BigInt(message.offset);
      if (offset < state.next) continue; // read before it was told where to begin
      state.records.push({ ...this.#toRecord(topic, partition, message), offset: state.base + offset });
      state.next = offset + 1n;
    }
  }

  #toRecord(topic: string, partition: number, { key, value, headers, timestamp, offset }: KafkaMessage): ReadRecord {
    return {
      topic,
      partition,
      offset: BigInt(offset),
      place: this.placeOf(topic, { partition, offset: BigInt(offset) }),
      key: key === null ? null : key.toString(),
      value: value ?? Buffer.alloc(0),
      headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])),
      appendedAt: new Date(Number(timestamp)),
    };
  }

  #partition(topic: string, partition: number): Partition {
    const partitions = this.#partitions.get(topic) ?? new Map<number, Partition>();
    this.#partitions.set(topic, partitions);
    const state = partitions.get(partition) ?? { records: [], next: 0n, base: 0n };
    partitions.set(partition, state);
    return state;
  }

  async #bounds(topic: string): Promise<{ partition: number; end: bigint }[]> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      return (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({ partition, end: BigInt(high) }));
    } finally {
      await admin.disconnect();
    }
  }
}
