import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bucketOf, effectivePollSeconds, monthlyLimit } from '../../../../jobs/sources/plan.js';

const demo = { callsPerMinute: 30, callsPerMonth: 10_000 };
const unlimited = { callsPerMinute: 5, callsPerMonth: null };
const NOON_OF_THE_LAST_DAY = new Date('2026-11-30T12:00:00Z');
const MONTH_START = new Date('2026-11-01T00:00:00Z');

describe('the bucket', () => {
  test('never lets more through in a minute than the plan allows, and not much less', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100_000 }), (callsPerMinute) => {
        const { capacity, tokensPerSecond } = bucketOf({ callsPerMinute, callsPerMonth: null });
        expect(capacity + 60 * tokensPerSecond).toBeLessThanOrEqual(callsPerMinute * (1 + 1e-12));
        expect(tokensPerSecond).toBeGreaterThan(0);
        // A call of the batch wants one and a half tokens in the bucket.
        expect(capacity).toBeGreaterThanOrEqual(1.5);
      }),
      { seed: 7 },
    );
  });
});

describe('the month', () => {
  test('keeps a tenth for the batch', () => {
    expect(monthlyLimit(demo, 'stream')).toBe(9_000);
    expect(monthlyLimit(demo, 'batch')).toBe(10_000);
    expect(monthlyLimit(unlimited, 'stream')).toBeNull();
  });
});

describe('the effective poll interval', () => {
  test('is the wanted one where rate and credit allow it', () => {
    expect(effectivePollSeconds(30, unlimited, 0, 1, MONTH_START)).toBe(30);
    expect(effectivePollSeconds(300, demo, 0, 1, MONTH_START)).toBe(300);
  });

  test('spreads what is left of the month over what is left of it', () => {
    expect(effectivePollSeconds(30, demo, 0, 1, MONTH_START)).toBe((30 * 86_400) / 9_000);
    expect(effectivePollSeconds(30, demo, 8_640, 1, NOON_OF_THE_LAST_DAY)).toBe(43_200 / 360);
    expect(effectivePollSeconds(30, demo, 8_640, 4, NOON_OF_THE_LAST_DAY)).toBe(43_200 / 90);
  });

  test('waits for the next month when the credit of the stream is spent', () => {
    expect(effectivePollSeconds(30, demo, 9_000, 1, NOON_OF_THE_LAST_DAY)).toBe(43_200);
    expect(effectivePollSeconds(30, demo, 8_998, 4, NOON_OF_THE_LAST_DAY)).toBe(43_200);
  });

  test('is a day at most: a timer holds no month', () => {
    expect(effectivePollSeconds(30, demo, 9_000, 1, MONTH_START)).toBe(86_400);
  });

  test('leaves the batch two fifths of the rate', () => {
    expect(effectivePollSeconds(1, unlimited, 0, 1, MONTH_START)).toBe(20);
    expect(effectivePollSeconds(30, unlimited, 0, 4, MONTH_START)).toBe(80);
  });

  test('polling at that interval for a month never overdraws', () => {
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 20_000 }), fc.integer({ min: 1, max: 5 }), (callsPerMonth, callsPerPoll) => {
        const plan = { callsPerMinute: 1_000, callsPerMonth };
        const end = Date.UTC(2026, 11, 1);
        let calls = 0;
        for (let now = MONTH_START.getTime(); now < end; ) {
          calls += callsPerPoll;
          now += effectivePollSeconds(30, plan, calls, callsPerPoll, new Date(now)) * 1_000;
        }
        expect(calls).toBeLessThanOrEqual((monthlyLimit(plan, 'stream') as number) + callsPerPoll);
        expect(calls).toBeGreaterThan((monthlyLimit(plan, 'stream') as number) - 2 * callsPerPoll);
      }),
      { seed: 7, numRuns: 20 },
    );
  });
});
