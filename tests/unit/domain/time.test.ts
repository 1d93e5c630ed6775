import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  addDays,
  bucketStart,
  CANDLE_INTERVALS,
  type CandleInterval,
  dayOf,
  endOfDay,
  parseUtcDate,
  startOfDay,
} from '../../../src/domain/time.js';

describe('a bucket is (start, end]', () => {
  test('an observation exactly on a boundary closes the bucket before it', () => {
    const midnight = new Date('2026-03-01T00:00:00.000Z');
    expect(dayOf(midnight)).toBe('2026-02-28');
    expect(dayOf(new Date(midnight.getTime() + 1))).toBe('2026-03-01');
    expect(bucketStart(midnight, '1h')).toEqual(new Date('2026-02-28T23:00:00.000Z'));
  });

  test('every instant lies after the start and not after the end, of its day too', () => {
    const interval = fc.constantFrom(...(Object.keys(CANDLE_INTERVALS) as CandleInterval[]));
    const instant = fc.date({ min: new Date('2013-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instant, interval, (at, width) => {
        const start = bucketStart(at, width).getTime();
        expect(at.getTime()).toBeGreaterThan(start);
        expect(at.getTime()).toBeLessThanOrEqual(start + CANDLE_INTERVALS[width]);
        expect(startOfDay(dayOf(at)).getTime()).toBe(bucketStart(at, '1d').getTime());
        expect(endOfDay(dayOf(at)).getTime()).toBe(bucketStart(at, '1d').getTime() + CANDLE_INTERVALS['1d']);
      }),
      { seed: 1 },
    );
  });
});

describe('a UTC date', () => {
  test.each(['2026-02-29', '2026-13-01', '2026-1-1', '2026-01-01T00:00', '', 'today', '0000-00-00'])('refuses %j', (text) =>
    expect(parseUtcDate(text)).toBeNull(),
  );
  test('counts over leap days', () => {
    expect(parseUtcDate('2028-02-29')).toBe('2028-02-29');
    expect(addDays(parseUtcDate('2028-02-28') as never, 2)).toBe('2028-03-01');
  });
});
