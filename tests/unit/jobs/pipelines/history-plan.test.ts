/** Which calls fill a hole: whatever the hole, every part of it is asked for at the finest spacing that reaches it, or is a gap. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isExpired, planHole, reachDays } from '../../../../jobs/pipelines/history-plan.js';
import { DAY, HOUR, MINUTE } from '../../../../src/domain/time.js';

const now = new Date('2026-11-23T07:30:00Z');
const ago = (ms: number) => new Date(now.getTime() - ms);
const plan = (from: Date, to: Date, historyDays = 400) => {
  const { intervals, gaps } = planHole({ coinId: 'bitcoin', from, to }, now, historyDays);
  return { calls: intervals.map((each) => [each.grain, each.from, each.to]), gaps: gaps.map((gap) => [gap.from, gap.to]) };
};

describe('a hole is filled by', () => {
  test.each([
    ['twenty minutes of this morning: one call', ago(HOUR), ago(40 * MINUTE), [['5m', ago(HOUR), ago(40 * MINUTE)]], []],
    [
      'the last night: the day that ended in it needs its cap and volume',
      ago(12 * HOUR),
      ago(HOUR),
      [
        ['1d', ago(12 * HOUR), ago(HOUR)],
        ['5m', ago(12 * HOUR), ago(HOUR)],
      ],
      [],
    ],
    [
      'three days: hourly points where five-minute ones are gone',
      ago(3 * DAY),
      now,
      [
        ['1d', ago(3 * DAY), now],
        ['1h', ago(3 * DAY), now],
        ['5m', ago(DAY), now],
      ],
      [],
    ],
    [
      'the year before a coin was tracked',
      ago(400 * DAY),
      now,
      [
        ['1d', ago(400 * DAY), now],
        ['1h', ago(90 * DAY), now],
        ['5m', ago(DAY), now],
      ],
      [],
    ],
    [
      'more than the plan gives: the rest is a gap',
      ago(500 * DAY),
      ago(300 * DAY),
      [['1d', ago(400 * DAY), ago(300 * DAY)]],
      [[ago(500 * DAY), ago(400 * DAY)]],
    ],
    ['an hour of last spring: nothing reaches it', ago(200 * DAY), ago(200 * DAY - HOUR), [], [[ago(200 * DAY), ago(200 * DAY - HOUR)]]],
    ['a day far beyond the plan: nothing reaches it', ago(600 * DAY), ago(598 * DAY), [], [[ago(600 * DAY), ago(598 * DAY)]]],
  ])('%s', (_, from, to, calls, gaps) => {
    expect(plan(from, to)).toEqual({ calls, gaps });
  });

  test('a midnight at its end is in it, one at its start is not', () => {
    const midnight = new Date('2026-11-23T00:00:00Z');
    expect(plan(ago(10 * HOUR), midnight).calls).toContainEqual(['1d', ago(10 * HOUR), midnight]);
    expect(plan(midnight, ago(HOUR)).calls).toEqual([['5m', midnight, ago(HOUR)]]);
  });
});

test('whatever the hole: no call reaches further than the source gives, nothing but gaps is left out', () => {
  const minutes = (days: number) => fc.integer({ min: 0, max: days * 24 * 60 });
  fc.assert(
    fc.property(
      minutes(600),
      fc.integer({ min: 11, max: 300 * 24 * 60 }),
      fc.integer({ min: 2, max: 400 }),
      (startsAgo, length, historyDays) => {
        const from = ago(startsAgo * MINUTE);
        const to = new Date(Math.min(now.getTime(), from.getTime() + length * MINUTE));
        fc.pre(to > from);
        const { intervals, gaps } = planHole({ coinId: 'bitcoin', from, to }, now, historyDays);
        for (const { grain, from: start, to: end } of intervals) {
          expect(start >= from && start < end && end <= to).toBe(true);
          expect(start >= ago(reachDays(grain, historyDays) * DAY)).toBe(true);
        }
        const starts = [...intervals, ...gaps].map((each) => each.from.getTime());
        expect(Math.min(...starts)).toBe(from.getTime());
        for (const gap of gaps) {
          // What is given up no spacing reaches: hourly points within 90 days, daily ones at a midnight.
          expect(gap.to <= ago(Math.min(90, historyDays) * DAY) || intervals.some((each) => each.grain === '1d')).toBe(true);
        }
      },
    ),
    { seed: 7, numRuns: 2_000 },
  );
});

test('an interval is planned anew once its beginning is well out of reach', () => {
  const expired = (grain: '5m' | '1h' | '1d', from: Date) => isExpired({ coinId: 'bitcoin', grain, from, to: now }, now, 400);
  expect(expired('5m', ago(DAY + 50 * MINUTE))).toBe(false);
  expect(expired('5m', ago(DAY + 61 * MINUTE))).toBe(true);
  expect(expired('1h', ago(90.5 * DAY))).toBe(false);
  expect(expired('1h', ago(91.5 * DAY))).toBe(true);
  expect(expired('1d', ago(400.5 * DAY))).toBe(false);
  expect(expired('1d', ago(402 * DAY))).toBe(true);
});
