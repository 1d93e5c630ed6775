/** What a batch touched, as spans: every instant is in one, and only of its own coin and source. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spansOf } from '../../../../jobs/streams/price-spans.js';
import type { PriceGrain } from '../../../../src/domain/time.js';

const row = fc.record({
  coinId: fc.constantFrom('a', 'a b', 'c'),
  source: fc.constantFrom('c', 'b c'),
  observedAt: fc.integer({ min: 0, max: 3_000 }).map((minutes) => new Date(minutes * 60_000)),
  grain: fc.constantFrom<PriceGrain>('tick', '5m', '1h', '1d'),
});

describe('spans', () => {
  test('hold every instant once, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
        const spans = spansOf(rows);
        for (const { coinId, source, observedAt } of rows) {
          const holding = spans.filter(
            (span) => span.coinId === coinId && span.source === source && span.firstAt <= observedAt && observedAt <= span.lastAt,
          );
          expect(holding).toHaveLength(1);
        }
        for (const span of spans) {
          const own = rows.filter((each) => each.coinId === span.coinId && each.source === span.source);
          const instants = own.map((each) => each.observedAt.getTime());
          expect(instants).toContain(span.firstAt.getTime());
          expect(instants).toContain(span.lastAt.getTime());
        }
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  test('begin anew after a gap that the grain does not explain', () => {
    const at = (minutes: number, grain: PriceGrain) => ({ coinId: 'a', source: 's', observedAt: new Date(minutes * 60_000), grain });
    expect(spansOf([at(0, 'tick'), at(5, 'tick'), at(10.1, 'tick')])).toHaveLength(2);
    expect(spansOf([at(0, '1d'), at(1_440, '1d')])).toHaveLength(1);
  });
});
