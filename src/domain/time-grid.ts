/**
 * How a range of time becomes at most so many equal steps: the grid that a chart is drawn on.
 * Must stay true: a step is a whole number of candles of one interval, and grids lie on the same instants whatever the range, so a chart
 * that moves on shows the same points.
 */
import { CANDLE_INTERVALS, type CandleInterval } from './time.js';

export interface TimeGrid {
  /** What a step is made of: the widest that fits. */
  interval: CandleInterval;
  stepMs: number;
  /** Start of the first step. */
  firstMs: number;
  count: number;
}

const FROM_WIDEST = (Object.entries(CANDLE_INTERVALS) as [CandleInterval, number][]).sort(([, one], [, other]) => other - one);

/** Steps that start in [from, to), at most `most` of them, none narrower than `narrowest`. */
export function timeGrid(from: Date, to: Date, most: number, narrowest: CandleInterval): TimeGrid {
  const range = Math.max(to.getTime() - from.getTime(), 0);
  const wanted = Math.max(range / most, CANDLE_INTERVALS[narrowest]);
  const [interval, width] = FROM_WIDEST.find(([, each]) => each <= wanted) as [CandleInterval, number];
  const stepMs = Math.ceil(wanted / width) * width;
  const firstMs = Math.ceil(from.getTime() / stepMs) * stepMs;
  return { interval, stepMs, firstMs, count: Math.max(Math.ceil((to.getTime() - firstMs) / stepMs), 0) };
}

/** The next wider interval; null after the widest. */
export function nextWider(interval: CandleInterval): CandleInterval | null {
  const place = FROM_WIDEST.findIndex(([each]) => each === interval);
  return FROM_WIDEST[place - 1]?.[0] ?? null;
}
