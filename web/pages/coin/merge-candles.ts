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
