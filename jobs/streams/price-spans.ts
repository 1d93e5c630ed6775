/**
 * Spans of observations: what a batch touched, as stretches of one coin at one source, so that what follows from it is made with range
 * scans instead of a look-up for each row.
 * Must stay true: the spans hold every given instant, and of one coin and source none overlaps another.
 */
import type { RawPrice } from '../../src/domain/prices.js';
import { DAY, HOUR, MINUTE, type PriceGrain } from '../../src/domain/time.js';

export interface PriceSpan {
  coinId: string;
  source: string;
  /** The first and the last instant, both within. */
  firstAt: Date;
  lastAt: Date;
}

/** What lies within a span is read again: about this many rows between two neighbours cost less than a span of their own. */
const LONGEST_GAP: Record<PriceGrain, number> = { tick: 5 * MINUTE, '5m': HOUR, '1h': DAY, '1d': 10 * DAY };

type Observation = Pick<RawPrice, 'coinId' | 'source' | 'observedAt' | 'grain'>;

export function spansOf(rows: readonly Observation[]): PriceSpan[] {
  // Names may hold spaces, but no NUL.
  return [...Map.groupBy(rows, (row) => `${row.coinId}\0${row.source}`).values()].flatMap(spansOfSeries);
}

function spansOfSeries(rows: Observation[]): PriceSpan[] {
  const sorted = rows.toSorted((a, b) => a.observedAt.getTime() - b.observedAt.getTime());
  const spans: PriceSpan[] = [];
  for (const { coinId, source, observedAt, grain } of sorted) {
    const last = spans.at(-1);
    if (last !== undefined && observedAt.getTime() - last.lastAt.getTime() <= LONGEST_GAP[grain]) last.lastAt = observedAt;
    else spans.push({ coinId, source, firstAt: observedAt, lastAt: observedAt });
  }
  return spans;
}
