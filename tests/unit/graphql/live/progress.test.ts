/** A cursor says all that a progress holds, and nothing that was never a cursor is taken for one. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor, Progress } from '../../../../graphql/live/reading/progress.js';

const offset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

describe('cursors', () => {
  test('come back as they went out', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.array(fc.tuple(offset, fc.option(offset)), { minLength: 1, maxLength: 40 }), (logId, partitions) => {
        const last = partitions.flatMap(([, mark], partition) => (mark === null ? [] : [[partition, mark << 15n] as const]));
        const progress = new Progress(
          partitions.map(([next]) => next),
          new Map(last),
        );
        const decoded = decodeCursor(encodeCursor(logId, progress));
        expect(decoded?.logId).toBe(logId);
        expect(decoded?.progress.equals(progress)).toBe(true);
      }),
      { seed: 1 },
    );
  });

  test('stay short: six partitions at a billion records fit in 200 characters', () => {
    const progress = new Progress(
      Array(6).fill(10n ** 9n),
      new Map(Array.from({ length: 6 }, (_, partition) => [partition, (10n ** 9n) << 15n])),
    );
    expect(encodeCursor(crypto.randomUUID(), progress).length).toBeLessThan(200);
  });

  test('anything else is refused, never misread', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary', maxLength: 300 })), (text) => {
        const decoded = decodeCursor(text);
        if (decoded !== null) expect(decoded.progress.next.length).toBeGreaterThan(0);
      }),
      { seed: 2, numRuns: 500 },
    );
    for (const inner of ['', 'id', 'id|', 'id|1', 'id|.1', 'id|1.2,', 'id|1.2,x.1', 'id|-1.2', `id|${'f'.repeat(17)}.1`, '|1.1']) {
      expect([inner, decodeCursor(Buffer.from(inner).toString('base64url'))]).toEqual([inner, null]);
    }
  });
});

describe('progress', () => {
  const at = (sourcePosition: bigint, ordinal = 0) => ({ sourcePartition: 0, sourcePosition, ordinal });

  test('takes each source record once, several of one position in their order, and nothing behind its offset', () => {
    const progress = new Progress([0n], new Map());
    expect(progress.advance(0, 0n, at(5n))).toBe(true);
    expect(progress.advance(0, 1n, at(5n))).toBe(false);
    expect(progress.advance(0, 2n, at(5n, 1))).toBe(true);
    expect(progress.advance(0, 3n, at(4n, 9))).toBe(false);
    expect(progress.advance(0, 3n, at(6n))).toBe(false);
    expect(progress.advance(0, 4n, at(6n))).toBe(true);
    expect(progress.next).toEqual([5n]);
  });

  test('knows of partitions that were added, whichever is heard of first', () => {
    const progress = new Progress([7n, 7n], new Map());
    expect(progress.advance(5, 0n, at(1n))).toBe(true);
    expect(progress.next).toEqual([7n, 7n, 0n, 0n, 0n, 1n]);
    expect(decodeCursor(encodeCursor('id', progress))?.progress.next).toEqual(progress.next);
    const other = new Progress([7n, 7n], new Map());
    other.skipTo(progress.next);
    expect([other.next, other.ahead(new Progress([7n], new Map()))]).toEqual([progress.next, 8n]);
  });
});
