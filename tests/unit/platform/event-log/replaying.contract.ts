/** The contract of bounds, offsetAt and replay. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OffsetOutOfRange } from '../../../../src/platform/event-log/event-log.js';
import { all, records, type Setting } from './event-log-under-test.js';

export function describeReplaying(setting: () => Setting): void {
  test('bounds move with appends and with what is forgotten', async () => {
    const { log, topicOf, forgetBelow } = setting();
    const topic = await topicOf(2);
    expect(await log.bounds(topic)).toEqual([
      { partition: 0, start: 0n, end: 0n },
      { partition: 1, start: 0n, end: 0n },
    ]);
    await log.append(topic, records(['a', 'b', 'c'], 1));
    await forgetBelow(topic, 1, 2n);
    expect(await log.bounds(topic)).toEqual([
      { partition: 0, start: 0n, end: 0n },
      { partition: 1, start: 2n, end: 3n },
    ]);
  });

  test('replays from anywhere up to the end at the time of the call', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(2);
    const lengths = [1_234, 777] as const;
    for (const [partition, length] of lengths.entries())
      await log.append(
        topic,
        records(
          Array.from({ length }, (_, index) => `${index}`),
          partition,
        ),
      );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: lengths[0] }), fc.integer({ min: 0, max: lengths[1] }), async (first, second) => {
        const found = await all(log, topic, [
          [0, BigInt(first)],
          [1, BigInt(second)],
        ]);
        for (const [partition, from] of [first, second].entries()) {
          const keys = found.filter((record) => record.partition === partition).map(({ key }) => Number(key));
          expect(keys).toEqual(Array.from({ length: (lengths[partition] ?? 0) - from }, (_, index) => from + index));
        }
      }),
      { seed: 7, numRuns: 12 },
    );
    const late: unknown[] = [];
    for await (const page of log.replay(topic, new Map([[1, 700n]]))) {
      late.push(...page.map(({ key }) => key));
      await log.append(topic, records(['late'], 1));
    }
    expect(late).toEqual(Array.from({ length: 77 }, (_, index) => `${700 + index}`));
  });

  test('an offset outside the bounds is OffsetOutOfRange, also when the start moves past a reader under way', async () => {
    const { log, topicOf, forgetBelow } = setting();
    const topic = await topicOf(1);
    await log.append(
      topic,
      records(
        Array.from({ length: 3_000 }, (_, index) => `${index}`),
        0,
      ),
    );
    await forgetBelow(topic, 0, 10n);
    await expect(all(log, topic, [[0, 9n]])).rejects.toBeInstanceOf(OffsetOutOfRange);
    await expect(all(log, topic, [[0, 3_001n]])).rejects.toMatchObject({
      name: 'OffsetOutOfRange',
      topic,
      partition: 0,
      offset: 3_001n,
      bounds: { start: 10n, end: 3_000n },
    });
    expect(await all(log, topic, [[0, 3_000n]])).toEqual([]);
    const read: bigint[] = [];
    await expect(
      (async () => {
        for await (const page of log.replay(topic, new Map([[0, 10n]]))) {
          read.push(...page.map(({ offset }) => offset));
          await forgetBelow(topic, 0, 2_990n);
        }
        return read.length;
      })().then((length) => {
        // A log that had all of it in hand already owes no error, but no gap either.
        if (length === 2_990) throw new OffsetOutOfRange(topic, 0, 10n, { start: 2_990n, end: 3_000n });
      }),
    ).rejects.toBeInstanceOf(OffsetOutOfRange);
    expect(read).toEqual(read.map((_, index) => BigInt(10 + index)));
  });

  test('a replay ends when it is aborted', async () => {
    const { log, topicOf } = setting();
    const topic = await topicOf(1);
    await log.append(
      topic,
      records(
        Array.from({ length: 3_000 }, () => 'x'),
        0,
      ),
    );
    const stop = new AbortController();
    await expect(
      (async () => {
        for await (const _ of log.replay(topic, new Map([[0, 0n]]), stop.signal)) stop.abort();
      })(),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('finds the offset of an instant', async () => {
    const { log, topicOf, forgetBelow } = setting();
    const topic = await topicOf(1);
    for (let index = 0; index < 9; index++) {
      await log.append(topic, records([`${index}`], 0));
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    const stored = await all(log, topic, [[0, 0n]]);
    for (const record of stored) {
      expect(await log.offsetAt(topic, 0, record.appendedAt)).toBe(record.offset);
      expect(await log.offsetAt(topic, 0, new Date(record.appendedAt.getTime() + 1))).toBe(record.offset + 1n);
    }
    expect(await log.offsetAt(topic, 0, new Date(0))).toBe(0n);
    await forgetBelow(topic, 0, 4n);
    expect(await log.offsetAt(topic, 0, new Date(0))).toBe(4n);
  });
}
