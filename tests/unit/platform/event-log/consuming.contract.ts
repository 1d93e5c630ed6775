/** The contract of consume. */
import { expect, test } from '@jest/globals';
import type { ConsumeOptions, EventLog, LogBatch, LogRecord } from '../../../../src/platform/event-log/event-log.js';
import { RETENTION_MS, records, type Setting } from './event-log-under-test.js';

export function describeConsuming(setting: () => Setting): void {
  test('gives each partition from the chosen offset, in order, what stands and what comes, appended by whomever', async () => {
    const { log, openAnother, topicOf } = setting();
    const topic = await topicOf(3);
    const other = await openAnother();
    for (const partition of [0, 1, 2])
      await log.append(
        topic,
        records(
          Array.from({ length: 700 }, (_, index) => `${index}`),
          partition,
        ),
      );
    const reader = new Reader(log, { topic, startOffset: async (partition) => BigInt(partition * 100) });
    await reader.start();
    await reader.has(600 + 500 + 700 - 0);
    await other.append(topic, records(['later'], 2));
    await reader.has(1_801);
    for (const partition of [0, 1, 2]) {
      const offsets = reader.records.filter((record) => record.partition === partition).map(({ offset }) => Number(offset));
      expect(offsets).toEqual(
        Array.from({ length: (partition === 2 ? 701 : 700) - partition * 100 }, (_, index) => partition * 100 + index),
      );
    }
    expect(reader.consumer.assigned().toSorted()).toEqual([0, 1, 2]);
    await reader.consumer.stop();
    await reader.consumer.ended;
    expect(reader.consumer.assigned()).toEqual([]);
    expect(reader.revoked.toSorted()).toEqual([0, 1, 2]);
    await other.close();
  });

  test('resumes where it is told to', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(1);
    await log.append(topic, records(['a', 'b', 'c', 'd', 'e'], 0));
    const first = new Reader(log, { topic, maxRecords: 2 });
    await first.start();
    await first.has(5);
    await first.consumer.stop();
    await log.append(topic, records(['f'], 0));
    const second = new Reader(log, { topic, startOffset: async () => 3n });
    await second.start();
    await second.has(3);
    expect(second.records.map(({ key }) => key)).toEqual(['d', 'e', 'f']);
    await second.consumer.stop();
  });

  test('a slow handler bounds what is read: one batch at a time and per partition, no larger than asked for, while others go on', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(2);
    for (const partition of [0, 1])
      await log.append(
        topic,
        records(
          Array.from({ length: 50 }, (_, index) => `${index}`),
          partition,
        ),
      );
    const gate = Promise.withResolvers<void>();
    const seen: LogBatch[] = [];
    const other = Promise.withResolvers<void>();
    const consumer = await log.consume({
      topic,
      group: 'slow',
      maxRecords: 10,
      startOffset: async () => 0n,
      async onBatch(batch) {
        seen.push(batch);
        if (batch.partition === 1 && batch.records.at(-1)?.offset === 49n) other.resolve();
        if (batch.partition === 0) await gate.promise;
      },
    });
    await other.promise;
    const blocked = seen.filter(({ partition }) => partition === 0);
    expect(blocked).toHaveLength(1);
    expect(seen.every((batch) => batch.records.length > 0 && batch.records.length <= 10 && batch.end === 50n)).toBe(true);
    gate.resolve();
    await consumer.stop();
  });

  test('stop waits for the batch under way and begins no other', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(1);
    await log.append(topic, records(['a', 'b', 'c'], 0));
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const handled: unknown[] = [];
    const consumer = await log.consume({
      topic,
      group: 'stopping',
      maxRecords: 1,
      startOffset: async () => 0n,
      async onBatch(batch) {
        begun.resolve();
        await gate.promise;
        handled.push(batch.records[0]?.key);
      },
    });
    await begun.promise;
    let stopped = false;
    const stopping = consumer.stop().then(() => (stopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    gate.resolve();
    await stopping;
    expect(handled).toEqual(['a']);
  });

  test('a failing handler ends the consumer with its error, after the batches of other partitions', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(2);
    const failure = new Error('cannot take this');
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    let finished = false;
    await log.append(topic, [...records(['a'], 0), ...records(['b'], 1)]);
    const consumer = await log.consume({
      topic,
      group: 'failing',
      startOffset: async () => 0n,
      async onBatch(batch) {
        if (batch.partition === 1) {
          begun.resolve();
          await gate.promise;
          finished = true;
          return;
        }
        await begun.promise;
        setImmediate(gate.resolve);
        throw failure;
      },
    });
    await expect(consumer.ended).rejects.toBe(failure);
    expect(finished).toBe(true);
    await expect(consumer.stop()).rejects.toBe(failure);
  });

  test('never resets a position on its own: a start outside the bounds ends the consumer', async () => {
    const { log, topicOf, forgetBelow } = setting();
    const topic = await topicOf(1);
    await log.append(topic, records(['a', 'b', 'c'], 0));
    await forgetBelow(topic, 0, 2n);
    for (const offset of [1n, 4n]) {
      const reader = new Reader(log, { topic, startOffset: async () => offset });
      await reader.start();
      await expect(reader.consumer.ended).rejects.toMatchObject({ name: 'OffsetOutOfRange', offset });
      expect(reader.records).toEqual([]);
    }
  });

  test('a partition that is not to be read for now is asked for again, and others need not wait for it', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(2);
    await log.append(topic, [...records(['a'], 0), ...records(['b'], 1)]);
    let asked = 0;
    const reader = new Reader(log, { topic, startOffset: async (partition) => (partition === 0 && ++asked === 1 ? null : 0n) });
    await reader.start();
    await reader.has(2);
    expect(reader.records.map(({ key }) => key)).toEqual(['b', 'a']);
    expect(asked).toBe(2);
    await reader.consumer.stop();
  });

  test('a topic that is made anew ends its readers, however much it holds by then', async () => {
    const { log, topicOf, deleteTopic, openAnother } = setting();
    const topic = await topicOf(1);
    await log.append(topic, records(['a', 'b'], 0));
    const reader = new Reader(log, { topic, group: null });
    await reader.start();
    await reader.has(2);
    await deleteTopic(topic);
    const other = await openAnother();
    await other.ensureTopics([{ topic, partitions: 1, retentionMs: RETENTION_MS }]);
    await other.append(topic, records(['c', 'd', 'e'], 0));
    await expect(reader.consumer.ended).rejects.toMatchObject({ message: expect.stringContaining(topic) });
    expect(reader.records.map(({ key }) => key)).toEqual(['a', 'b']);
    await other.close();
  });

  test('several readers of a topic each get everything', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(2);
    const readers = [new Reader(log, { topic, group: null }), new Reader(log, { topic, group: null })];
    await Promise.all(readers.map((reader) => reader.start()));
    await log.append(topic, records(Array.from({ length: 40 }, (_, index) => `${index}`)));
    await Promise.all(readers.map((reader) => reader.has(40)));
    await Promise.all(readers.map((reader) => reader.consumer.stop()));
  });
}

class Reader {
  readonly records: LogRecord[] = [];
  readonly revoked: number[] = [];
  consumer!: Awaited<ReturnType<EventLog['consume']>>;
  #awaited: { count: number; reached: PromiseWithResolvers<void> } | undefined;

  constructor(
    private readonly log: EventLog,
    private readonly options: Partial<ConsumeOptions> & { topic: string },
  ) {}

  async start(): Promise<void> {
    this.consumer = await this.log.consume({
      group: `reader-${this.options.topic}-${Math.random()}`,
      startOffset: async () => 0n,
      onRevoked: (partition) => this.revoked.push(partition),
      onBatch: async ({ records: batch }) => {
        this.records.push(...batch);
        if (this.#awaited !== undefined && this.records.length >= this.#awaited.count) this.#awaited.reached.resolve();
      },
      ...this.options,
    });
  }

  async has(count: number): Promise<void> {
    if (this.records.length >= count) return;
    const reached = Promise.withResolvers<void>();
    this.#awaited = { count, reached };
    await Promise.race([
      reached.promise,
      this.consumer.ended.then(() => Promise.reject(new Error(`ended with ${this.records.length} of ${count}`))),
    ]);
  }
}
