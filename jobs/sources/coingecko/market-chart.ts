/**
 * /coins/{id}/market_chart: {"prices":[[ms,price],…],"market_caps":[…],"total_volumes":[…]}, the last point being "now".
 * days=1 gives five-minute points, 2 to 90 hourly ones, interval=daily one a day at 00:00 UTC; all but the daily ones lie off the grid.
 */
import { z } from 'zod';
import { DAY, type HistoryGrain } from '../../../src/domain/time.js';
import { amountField, epochField, priceField, rejection, unexpectedShape, validate } from '../fields.js';
import type { HistoryPoint, RejectedRow } from '../source.js';
import type { ApiResponse } from './client.js';

export const MARKET_CHART = '/coins/{id}/market_chart';
const HOURLY_DAYS = 90;

const Point = z.object({
  timestamp: epochField(1),
  price: priceField,
  market_cap: amountField,
  total_volume: amountField,
});

const Points = z.array(z.unknown());
const Series = z.object({ prices: Points, market_caps: Points.nullish(), total_volumes: Points.nullish() });

/** The fewest days that hold `from` and give points of this grain. */
export function marketChartQuery(grain: HistoryGrain, from: Date, now: Date, historyDays: number): Record<string, string> {
  const wanted = Math.max(1, Math.ceil((now.getTime() - from.getTime()) / DAY));
  if (grain === '5m') return { vs_currency: 'usd', days: '1', precision: 'full' };
  if (grain === '1h') return { vs_currency: 'usd', days: String(Math.min(Math.max(2, wanted), HOURLY_DAYS)), precision: 'full' };
  return { vs_currency: 'usd', days: String(Math.min(wanted, historyDays)), interval: 'daily', precision: 'full' };
}

export function readMarketChart(
  { body }: ApiResponse,
  asked: { coinId: string; grain: HistoryGrain; from: Date; to: Date },
  label: string,
): { rows: HistoryPoint[]; rejected: RejectedRow[] } {
  const series = Series.safeParse(body);
  if (!series.success) throw unexpectedShape(label, MARKET_CHART, 'an object of three series', body);
  const marketCaps = byTimestamp(series.data.market_caps);
  const volumes = byTimestamp(series.data.total_volumes);
  const rows = new Map<number, HistoryPoint>();
  const rejected: RejectedRow[] = [];
  for (const pair of series.data.prices.slice(0, -1)) {
    const [timestamp, price] = pairOf(pair);
    const key = JSON.stringify(timestamp);
    const point = { timestamp, price, market_cap: marketCaps.get(key) ?? null, total_volume: volumes.get(key) ?? null };
    const validated = validate(Point, point, asked.coinId);
    if ('rejected' in validated) {
      rejected.push(validated.rejected);
      continue;
    }
    const { timestamp: observedAt, price: priceUsd, market_cap: marketCapUsd, total_volume: volume24hUsd } = validated.accepted;
    if (observedAt <= asked.from || observedAt > asked.to) continue;
    // Any other instant would close another day than the one that it is the close of.
    if (asked.grain === '1d' && observedAt.getTime() % DAY !== 0)
      rejected.push(rejection(point, asked.coinId, 'a daily point off midnight UTC'));
    else rows.set(observedAt.getTime(), { observedAt, priceUsd, marketCapUsd, volume24hUsd, payload: JSON.stringify(point) });
  }
  return { rows: [...rows.values()].sort((a, b) => a.observedAt.getTime() - b.observedAt.getTime()), rejected };
}

function byTimestamp(points: unknown[] | null | undefined): Map<string, unknown> {
  return new Map(points?.map(pairOf).map(([timestamp, value]) => [JSON.stringify(timestamp), value]));
}

/** What is not a pair has no timestamp, and is rejected for that. */
function pairOf(point: unknown): [timestamp: unknown, value: unknown] {
  return Array.isArray(point) ? [point[0], point[1]] : [undefined, point];
}
