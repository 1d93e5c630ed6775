/** The grid of a chart: as many steps as may be, whole candles each, on the same instants whatever the range. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CANDLE_INTERVALS, type CandleInterval, DAY, HOUR, MINUTE } from '../../../src/domain/time.js';
import { nextWider, timeGrid } from '../../../src/domain/time-grid.js';

const at = (text: string) => new Date(text);

test.each<[string, string, number, CandleInterval, CandleInterval, number, string, number]>([
  ['2026-03-10T11:00:00Z', '2026-03-10T12:00:00Z', 60, '1m', '1m', MINUTE, '2026-03-10T11:00:00Z', 60],
  ['2026-03-10T11:00:01Z', '2026-03-10T12:00:00Z', 60, '1m', '1m', MINUTE, '2026-03-10T11:01:00Z', 59],
  ['2026-03-10T00:00:00Z', '2026-03-11T00:00:00Z', 500, '1m', '1m', 3 * MINUTE, '2026-03-10T00:00:00Z', 480],
  ['2026-03-10T00:00:00Z', '2026-03-11T00:00:00Z', 100, '1m', '5m', 15 * MINUTE, '2026-03-10T00:00:00Z', 96],
  ['2025-03-10T00:00:00Z', '2026-03-10T00:00:00Z', 500, '1m', '1h', 18 * HOUR, '2025-03-10T00:00:00Z', 487],
  ['2025-03-10T00:00:00Z', '2026-03-10T00:00:00Z', 365, '1m', '1d', DAY, '2025-03-10T00:00:00Z', 365],
  ['2026-03-10T11:00:00Z', '2026-03-10T12:00:00Z', 60, '1h', '1h', HOUR, '2026-03-10T11:00:00Z', 1],
  ['2026-03-10T11:00:00Z', '2026-03-10T11:00:00Z', 60, '1m', '1m', MINUTE, '2026-03-10T11:00:00Z', 0],
])('%s to %s in %i steps from %s on', (from, to, most, narrowest, interval, stepMs, first, count) => {
  expect(timeGrid(at(from), at(to), most, narrowest)).toEqual({ interval, stepMs, firstMs: at(first).getTime(), count });
});

test('never more than asked for, whole candles, aligned, and within the range', () => {
  const instant = fc.integer({ min: 0, max: 4_000_000_000 });
  const interval = fc.constantFrom(...(Object.keys(CANDLE_INTERVALS) as CandleInterval[]));
  fc.assert(
    fc.property(instant, instant, fc.integer({ min: 1, max: 2_000 }), interval, (one, other, most, narrowest) => {
      const [from, to] = [new Date(Math.min(one, other) * 1_000), new Date(Math.max(one, other) * 1_000)];
      const grid = timeGrid(from, to, most, narrowest);
      expect(grid.count).toBeLessThanOrEqual(most);
      expect(grid.stepMs % CANDLE_INTERVALS[grid.interval]).toBe(0);
      expect(grid.stepMs).toBeGreaterThanOrEqual(CANDLE_INTERVALS[narrowest]);
      expect(grid.firstMs % grid.stepMs).toBe(0);
      expect(grid.firstMs).toBeGreaterThanOrEqual(from.getTime());
      const end = grid.firstMs + grid.count * grid.stepMs;
      expect(end - grid.stepMs < to.getTime() || grid.count === 0).toBe(true);
      expect(end).toBeGreaterThanOrEqual(to.getTime());
    }),
  );
});

test('intervals from narrow to wide', () => {
  expect([nextWider('1m'), nextWider('5m'), nextWider('1h'), nextWider('1d')]).toEqual(['5m', '1h', '1d', null]);
});
