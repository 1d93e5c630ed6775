/**
 * Which calls fill a hole. Pure.
 * Must stay true: each part of a hole is asked for at the finest spacing that the source still offers of it; a part that no spacing
 * reaches any more is a gap. Daily points come too wherever the hole holds a day's end: caps and volumes of past days are only in them.
 */
import { DAY, type HistoryGrain, HOUR, startOfDay, toUtcDate } from '../../src/domain/time.js';
import type { PlannedInterval, Stretch } from '../../src/store/pipelines/history.js';

const HOURLY_DAYS = 90;
const FIVE_MINUTE_DAYS = 1;

export interface HolePlan {
  intervals: PlannedInterval[];
  gaps: Stretch[];
}

/** How far back a source reaches with points of this spacing, in days. */
export function reachDays(grain: HistoryGrain, historyDays: number): number {
  if (grain === '1d') return historyDays;
  return Math.min(historyDays, grain === '1h' ? HOURLY_DAYS : FIVE_MINUTE_DAYS);
}

/** Coarsest first. */
export function planHole(hole: Stretch, now: Date, historyDays: number): HolePlan {
  const reach = (grain: HistoryGrain) => new Date(now.getTime() - reachDays(grain, historyDays) * DAY);
  const clip = (grain: HistoryGrain): PlannedInterval => ({ ...hole, grain, from: later(hole.from, reach(grain)) });
  const intervals: PlannedInterval[] = [];
  if (hole.to > reach('1d') && holdsDayEnd(clip('1d'))) intervals.push(clip('1d'));
  // Five-minute points alone do where they cover it all.
  if (hole.from < reach('5m') && hole.to > reach('1h')) intervals.push(clip('1h'));
  if (hole.to > reach('5m')) intervals.push(clip('5m'));
  const oldest = intervals.reduce((from, interval) => (interval.from < from ? interval.from : from), hole.to);
  return { intervals, gaps: oldest > hole.from ? [{ ...hole, to: oldest }] : [] };
}

/** Whether so much of the interval is out of reach by now that it must be planned anew. Less than that is not worth another call. */
export function isExpired({ grain, from }: PlannedInterval, now: Date, historyDays: number): boolean {
  const spare = grain === '5m' ? HOUR : DAY;
  return from.getTime() < now.getTime() - reachDays(grain, historyDays) * DAY - spare;
}

function later(a: Date, b: Date): Date {
  return a > b ? a : b;
}

/** Whether (from, to] holds a midnight. */
function holdsDayEnd({ from, to }: Stretch): boolean {
  return from < startOfDay(toUtcDate(to));
}
