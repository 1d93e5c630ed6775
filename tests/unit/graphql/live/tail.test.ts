/** A tail holds what it says it covers: whoever enters it misses nothing and is told nothing twice. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import { Progress } from '../../../../graphql/live/reading/progress.js';
import { type LiveTopic, Tail } from '../../../../graphql/live/reading/tail.js';
import type { SourcePosition } from '../../../../src/domain/updates.js';
import type { LogRecord } from '../../../../src/platform/event-log/event-log.js';

interface Numbered extends SourcePosition {
  number: number;
}

const PARTITIONS = 3;
const topic: LiveTopic<Numbered> = {
  name: 'numbers.v1',
  decode(text) {
    const [sourcePartition, sourcePosition] = text.split('/').map(Number) as [number, number];
    return { sourcePartition, sourcePosition: BigInt(sourcePosition), ordinal: 0, number: sourcePosition };
  },
  cursorOf: () => '',
};

/** Steps: a partition, and how many of its last records the publisher repeats before the next new one. */
const steps = fc.array(fc.record({ partition: fc.nat({ max: PARTITIONS - 1 }), repeat: fc.nat({ max: 3 }) }), {
  minLength: 1,
  maxLength: 80,
});

test('a reader at any place that is covered reads exactly the rest; one that is not covered would have missed something', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 12 }), fc.nat(), (walk, capacity, choice) => {
      const records = write(walk);
      const tail = new Tail(topic, 'id', Array(PARTITIONS).fill(0n), pino({ level: 'silent' }), capacity);
      for (const record of records) tail.add(record);

      // A reader that has read some of the log, partition by partition, as a replay does.
      const progress = new Progress(Array(PARTITIONS).fill(0n), new Map());
      const read: string[] = [];
      const seen = records.filter(({ offset, partition }) => offset < BigInt((choice >> (partition * 5)) % 40));
      const take = ({ partition, offset, value }: LogRecord) => {
        if (progress.advance(partition, offset, topic.decode(value.toString()))) read.push(value.toString());
      };
      seen.forEach(take);
      const missing = new Set(records.map(({ value }) => value.toString())).size - read.length;
      const covered = tail.covers(progress);
      for (let place = tail.start; place < tail.end; place++) {
        const { partition, offset, record } = tail.at(place) as NonNullable<ReturnType<typeof tail.at>>;
        if (progress.advance(partition, offset, record)) read.push(`${partition}/${record.number}`);
      }
      if (covered) {
        expect(read.length).toBe(new Set(read).size);
        expect(new Set(read)).toEqual(new Set(records.map(({ value }) => value.toString())));
      } else expect(missing).toBeGreaterThan(0);
    }),
    { seed: 3, numRuns: 500 },
  );
});

function write(walk: { partition: number; repeat: number }[]): LogRecord[] {
  const positions = Array<number>(PARTITIONS).fill(0);
  const offsets = Array<bigint>(PARTITIONS).fill(0n);
  const at = (index: number[]) => (partition: number) => index[partition] ?? 0;
  return walk.flatMap(({ partition, repeat }) => {
    const next = at(positions)(partition) + 1;
    positions[partition] = next;
    const numbers = Array.from({ length: Math.min(repeat, next - 1) + 1 }, (_, index) => next - Math.min(repeat, next - 1) + index);
    return numbers.map((number) => {
      const offset = offsets[partition] ?? 0n;
      offsets[partition] = offset + 1n;
      return {
        topic: topic.name,
        partition,
        offset,
        key: null,
        value: Buffer.from(`${partition}/${number}`),
        headers: {},
        appendedAt: new Date(0),
      };
    });
  });
}
