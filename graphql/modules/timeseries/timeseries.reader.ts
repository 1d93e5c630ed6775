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

/** @throws GraphQLError BAD_USER_INPUT */
export async function readTimeseries(db: Queryable, request: ChartRequest): Promise<TimeseriesPointRow[]> {
  const { metric, from, to, interval, maxPoints } = request;
  if (from > to) throw badUserInput('from lies after to: exchange them');
  if (maxPoints < 1 || maxPoints > LIMITS.seriesPoints)
    throw badUserInput(`maxPoints: ${maxPoints} is out of bounds; take 1 to ${LIMITS.seriesPoints}`);
  const coinIds = [...new Set(request.coinIds)];
  if (coinIds.length < 1 || coinIds.length > LIMITS.seriesCoins)
    throw badUserInput(`coinIds: ${coinIds.length} coins; name 1 to ${LIMITS.seriesCoins}, others in another query`);
  const least = narrowestOf(metric);
  const narrowest = interval === null || CANDLE_INTERVALS[interval] < CANDLE_INTERVALS[least] ? least : interval;
  const read = (grid: TimeGrid) => getTimeseries(db, { metric, coinIds, grid });
  const grid = timeGrid(from, to, maxPoints, narrowest);
  const points = await read(grid);
  const holdsValues = (rows: TimeseriesPointRow[]) => rows.some(({ exact }) => exact !== null);
  if (interval !== null || holdsValues(points)) return points;
  for (let wider = nextWider(grid.interval); wider !== null; wider = nextWider(wider)) {
    const found = await read(timeGrid(from, to, maxPoints, wider));
    if (holdsValues(found)) return found;
  }
  return points; // nothing there: as many gaps as were asked for
}
