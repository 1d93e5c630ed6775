/** What a chart may ask for, checked once for GraphQL and Grafana: how many coins and points, and which steps the answer has. */
import type { CandleInterval } from '../../../src/domain/time.js';
import { CANDLE_INTERVALS } from '../../../src/domain/time.js';
import { nextWider, type TimeGrid, timeGrid } from '../../../src/domain/time-grid.js';
import type { Queryable } from '../../../src/platform/postgres/database.js';
import { getTimeseries, narrowestOf, type TimeseriesMetric, type TimeseriesPointRow } from '../../../src/store/mart/timeseries.js';
import { badUserInput } from '../../errors.js';
import { LIMITS } from '../../limits.js';

export interface ChartRequest {
  metric: TimeseriesMetric;
  coinIds: readonly string[];
  /** [from, to) of the steps' starts. */
  from: Date;
  to: Date;
  /** Steps are at least as wide; null: as narrow as there is data for. */
  interval: CandleInterval | null;
  maxPoints: number;
}

export interface Chart {
  /** Other metrics of the same coins, read on it, lie step by step beside these points. */
  grid: TimeGrid;
  points: TimeseriesPointRow[];
}

/**
 * Wider candles hold all that narrower ones do, and what history knows by the hour or day only. They coarsen the whole chart, so they
 * have to show a tenth more than the narrower ones: a gap of that width catches the eye, a smaller one is better left as a gap than paid
 * for with every other point.
 */
const CLEARLY_MORE = 1.1;

/** @throws GraphQLError BAD_USER_INPUT */
export async function readTimeseries(db: Queryable, request: ChartRequest): Promise<Chart> {
  const { metric, from, to, interval, maxPoints } = request;
  if (from > to) throw badUserInput('from lies after to: exchange them');
  if (maxPoints < 1 || maxPoints > LIMITS.seriesPoints)
    throw badUserInput(`maxPoints: ${maxPoints} is out of bounds; take 1 to ${LIMITS.seriesPoints}`);
  const coinIds = [...new Set(request.coinIds)];
  if (coinIds.length < 1 || coinIds.length > LIMITS.seriesCoins)
    throw badUserInput(`coinIds: ${coinIds.length} coins; name 1 to ${LIMITS.seriesCoins}, others in another query`);
  const least = narrowestOf(metric);
  const narrowest = interval === null || CANDLE_INTERVALS[interval] < CANDLE_INTERVALS[least] ? least : interval;
  const read = async (grid: TimeGrid): Promise<Chart> => ({ grid, points: await getTimeseries(db, { metric, coinIds, grid }) });
  let chart = await read(timeGrid(from, to, maxPoints, narrowest));
  if (interval !== null) return chart;
  for (let wider = nextWider(chart.grid.interval); wider !== null; wider = nextWider(wider)) {
    const grid = timeGrid(from, to, maxPoints, wider);
    const steps = comparedSteps(chart, grid, to);
    const enough = CLEARLY_MORE * countShown(chart, grid, steps);
    if (coinIds.length * steps <= enough) continue; // not even all its steps would be: a chart without gaps is read once
    const found = await read(grid);
    if (countShown(found, grid, steps) > enough) chart = found;
  }
  return chart;
}

/** The last step may hold what came after `to`. It counts only where nothing is shown at all: anything is more than that. */
function comparedSteps({ points }: Chart, grid: TimeGrid, to: Date): number {
  if (points.every(({ exact }) => exact === null)) return grid.count;
  return Math.max(Math.floor((to.getTime() - grid.firstMs) / grid.stepMs), 0);
}

/**
 * In how many of the wider grid's first steps the chart shows anything, summed over the coins; the time before the first of them is one
 * more. Narrow points are counted by wide steps too, for a day's candle is 24 hours wide even if a single minute is all that it holds.
 */
function countShown({ grid, points }: Chart, wider: TimeGrid, steps: number): number {
  const stepOf = (ms: number) => Math.floor((ms - wider.firstMs) / wider.stepMs);
  const counted = new Map<string, number>(); // by coin: the last step
  let count = 0;
  for (const { coinId, time, exact } of points) {
    if (exact === null) continue;
    // Of a narrow step on the border of two wide ones, either may have the value.
    const before = Math.max(counted.get(coinId) ?? Number.NEGATIVE_INFINITY, stepOf(time.getTime()) - 1);
    const last = Math.min(stepOf(time.getTime() + grid.stepMs - 1), steps - 1);
    if (last <= before) continue;
    counted.set(coinId, last);
    count += last - before;
  }
  return count;
}
