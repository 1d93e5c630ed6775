/**
 * Readers that come from anywhere in the log, go together in lanes, leave them, and arrive at the tail, in any order of events: each is
 * told what it lacked, once, in order per source partition, and every cursor on the way is the place that it says it is.
 */
import { setImmediate as nextLoop } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import { Feed, FellBehind } from '../../../../graphql/live/reading/feed.js';
import { Past } from '../../../../graphql/live/reading/past.js';
import { decodeCursor, encodeCursor, Progress } from '../../../../graphql/live/reading/progress.js';
import { type LiveTopic, Tail } from '../../../../graphql/live/reading/tail.js';
import type { SourcePosition } from '../../../../src/domain/updates.js';
import { type EventLog, type LogRecord, replayInTurn } from '../../../../src/platform/event-log/event-log.js';
import { Random } from '../../../kit/random.js';

const PARTITIONS = 3;
const logger = pino({ level: 'silent' });
const topic: LiveTopic<SourcePosition> = {
  name: 'numbers.v1',
  decode(text) {
    const [sourcePartition, sourcePosition] = text.split('/').map(Number) as [number, number];
    return { sourcePartition, sourcePosition: BigInt(sourcePosition), ordinal: 0 };
  },
  cursorOf: encodeCursor,
};

/** A log of numbers in memory: positions of a partition rise by one, and the publisher repeats some. Pages are small, and take their time. */
class NumberLog {
  readonly partitions: LogRecord[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly positions: number[] = Array(PARTITIONS).fill(0);

  constructor(private readonly random: Random) {}

  append(partition: number, fresh: number, repeat: number): LogRecord[] {
    const before = this.positions[partition] as number;
    const numbers = Array.from({ length: Math.min(repeat, before) + fresh }, (_, index) => before - Math.min(repeat, before) + index + 1);
    this.positions[partition] = before + fresh;
    const records = this.partitions[partition] as LogRecord[];
    const added = numbers.map((number, index) => ({
      topic: topic.name,
      partition,
      offset: BigInt(records.length + index),
      key: null,
      value: Buffer.from(`${partition}/${number}`),
      headers: {},
      appendedAt: new Date(0),
    }));
    records.push(...added);
    return added;
  }

  bounds = async () => {
    await this.#aWhile();
    return this.partitions.map((records, partition) => ({ partition, start: 0n, end: BigInt(records.length) }));
  };

  async *replay(name: string, from: ReadonlyMap<number, bigint>, signal?: AbortSignal): AsyncGenerator<LogRecord[]> {
    const self = this;
    yield* replayInTurn(
      name,
      await this.bounds(),
      from,
      async function* (partition, range) {
        await self.#aWhile();
        const size = BigInt(1 + self.random.int(0, 6));
        const end = range.next + size < range.end ? range.next + size : range.end;
        yield (self.partitions[partition] as LogRecord[]).slice(Number(range.next), Number(end));
        range.next = end;
      },
      signal,
    );
  }

  async #aWhile(): Promise<void> {
    for (let rounds = this.random.int(0, 3); rounds > 0; rounds--) await nextLoop();
  }
}

interface Told {
  partition: number;
  position: number;
  cursor: string;
}

/** A client: takes what comes at its own pace, and comes back with its last cursor where it was too slow. */
class Reader {
  readonly told: Told[] = [];
  #feed: Feed<SourcePosition>;
  #cursor: string;

  constructor(
    private readonly past: Past<SourcePosition>,
    readonly from: string,
    /** Takes the positions that it divides. */
    readonly divisor: number,
  ) {
    this.#cursor = from;
    this.#feed = this.#open();
  }

  /** What it has to be told, first to last in each partition, with so many positions in the log. */
  expected(partition: number, most: number): number[] {
    const last = lastOf(this.from, partition);
    return Array.from({ length: most - last }, (_, index) => last + index + 1).filter((position) => position % this.divisor === 0);
  }

  async take(count: number): Promise<void> {
    for (let taken = 0; taken < count; taken++) {
      try {
        const { value, done } = await this.#feed.next();
        if (done === true) return;
        const { record, cursor } = value;
        this.told.push({ partition: record.sourcePartition, position: Number(record.sourcePosition), cursor });
        this.#cursor = cursor;
      } catch (error) {
        if (!(error instanceof FellBehind)) throw error;
        this.#feed = this.#open();
      }
    }
  }

  pause(): void {
    this.#feed.pause();
  }

  async close(): Promise<void> {
    await this.#feed.return();
  }

  #open(): Feed<SourcePosition> {
    const from = (decodeCursor(this.#cursor) as { progress: Progress }).progress;
    const expired = (cause: Error) => cause;
    return new Feed({ past: this.past, from, expired, matches: ({ sourcePosition }) => Number(sourcePosition) % this.divisor === 0 });
  }
}

function lastOf(cursor: string, partition: number): number {
  return Number((decodeCursor(cursor)?.progress.last.get(partition) ?? 0n) >> 15n);
}

const step = fc.oneof(
  fc.record({ do: fc.constant('append' as const), partition: fc.nat(PARTITIONS - 1), fresh: fc.nat(25), repeat: fc.nat(6) }),
  fc.record({ do: fc.constant('open' as const), of: fc.nat(), at: fc.nat(), divisor: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('take' as const), who: fc.nat(), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ do: fc.constantFrom('pause' as const, 'close' as const), who: fc.nat() }),
  fc.record({ do: fc.constant('wait' as const), rounds: fc.integer({ min: 1, max: 6 }) }),
);

test('in any schedule, lanes and all: nothing missed, nothing twice, in order, and every cursor is the place that it says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.nat(),
      fc.integer({ min: 4, max: 30 }),
      async (steps, seed, capacity) => {
        const log = new NumberLog(new Random(seed));
        for (let partition = 0; partition < PARTITIONS; partition++) log.append(partition, 40, 5);
        const tail = new Tail(topic, 'id', Array(PARTITIONS).fill(0n), logger, capacity);
        for (const records of log.partitions) for (const record of records) tail.add(record);
        const sizes = { most: 2, turnMs: 1, margin: 9, window: 12, near: 20, patienceMs: 1 };
        const past = new Past(log as unknown as EventLog, tail, logger, sizes);
        const start = encodeCursor('id', new Progress(Array(PARTITIONS).fill(0n), new Map()));
        const readers = [new Reader(past, start, 1)];
        const closed = new Set<Reader>();
        const pick = (who: number) => readers[who % readers.length] as Reader;
        const taking = new Map<Reader, Promise<void>>();
        const after = (reader: Reader, work: () => Promise<void> | void) =>
          taking.set(reader, (taking.get(reader) ?? Promise.resolve()).then(work));

        for (const each of steps) {
          if (each.do === 'append') {
            for (const record of log.append(each.partition, each.fresh, each.repeat)) tail.add(record);
            tail.notify();
          } else if (each.do === 'open') {
            const { told, from } = pick(each.of);
            readers.push(new Reader(past, told[each.at % Math.max(1, told.length)]?.cursor ?? from, each.divisor));
          } else if (each.do === 'wait') {
            for (let round = 0; round < each.rounds; round++) await nextLoop();
          } else {
            const reader = pick(each.who);
            if (each.do === 'take') {
              // No more than there is: it would wait for ever.
              after(reader, () => reader.take(Math.min(each.count, lacks(reader))));
            } else if (each.do === 'pause') reader.pause();
            else if (readers.length > 1) {
              closed.add(reader);
              after(reader, () => reader.close());
            }
          }
        }
        await Promise.all(taking.values());
        for (const reader of readers) if (!closed.has(reader)) await reader.take(lacks(reader));
        for (const reader of readers) {
          for (let partition = 0; partition < PARTITIONS; partition++) {
            const told = reader.told.filter((one) => one.partition === partition).map(({ position }) => position);
            const expected = reader.expected(partition, log.positions[partition] as number);
            expect(told).toEqual(closed.has(reader) ? expected.slice(0, told.length) : expected);
            expectTruePlaces(reader.told, partition);
          }
          await reader.close();
        }

        function lacks(reader: Reader): number {
          const all = log.positions.reduce((sum, most, partition) => sum + reader.expected(partition, most).length, 0);
          return closed.has(reader) ? 0 : all - reader.told.length;
        }
      },
    ),
    { seed: 20_261_125, numRuns: 120 },
  );
});

/** All told up to a cursor lies at or below its mark, all told after it above. */
function expectTruePlaces(told: Told[], partition: number): void {
  let highest = 0;
  for (const { cursor, position, partition: of } of told) {
    const mark = lastOf(cursor, partition);
    expect(mark).toBeGreaterThanOrEqual(highest);
    if (of === partition) {
      expect(mark).toBe(position);
      expect(position).toBeGreaterThan(highest);
    }
    highest = mark;
  }
}
