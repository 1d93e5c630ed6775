/** Candles of a query and of a subscription, as one series. Pure. */
import type { CandleFields } from '../../api/operations/coin.js';

/** Oldest first; where both have a bucket, the one with more observations is the newer state of it. */
export function merge(past: readonly CandleFields[], live: ReadonlyMap<string, CandleFields>): CandleFields[] {
  const buckets = new Map(past.map((candle) => [candle.bucketStart, candle]));
  for (const [start, candle] of live) {
    const known = buckets.get(start);
    if (known === undefined || known.observations <= candle.observations) buckets.set(start, candle);
  }
  return [...buckets.values()].sort((a, b) => (a.bucketStart < b.bucketStart ? -1 : 1));
}

export interface Drawn {
  /** Which coin and interval. */
  series: string;
  /** Starts of the first and the last bucket. */
  first: string;
  last: string;
  count: number;
}

export function drawnOf(series: string, candles: readonly CandleFields[]): Drawn {
  return { series, first: candles[0]?.bucketStart ?? '', last: candles.at(-1)?.bucketStart ?? '', count: candles.length };
}

/** Whether what is drawn becomes these candles by another state of its last one, and at most one behind that. */
export function grows(drawn: Drawn | null, series: string, candles: readonly CandleFields[]): boolean {
  const more = candles.length - (drawn?.count ?? 0);
  return (
    drawn !== null &&
    drawn.series === series &&
    drawn.first === candles[0]?.bucketStart &&
    (more === 0 || more === 1) &&
    drawn.last === candles.at(-1 - more)?.bucketStart
  );
}
