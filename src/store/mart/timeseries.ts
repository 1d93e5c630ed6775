/**
 * One figure of several coins over time, for charts: mart.mart_price_candles and mart.mart_crypto_performance, brought down to a grid in
 * Postgres. Grain: one coin and step of the grid. Must stay true: a step without a row is there with null, so a chart shows its gap.
 */
import type { Decimal } from '../../domain/decimal.js';
import type { CandleInterval } from '../../domain/time.js';
import type { TimeGrid } from '../../domain/time-grid.js';
import type { Queryable } from '../../platform/postgres/database.js';

interface MetricSource {
  from: 'candles' | 'performance';
  /** Of the rows of a step. */
  value: string;
  unit: 'usd' | 'pct' | 'count' | 'ratio';
  title: string;
}

const last = (column: string) => `(array_agg(v.${column} ORDER BY v.at DESC))[1]`;
const performance = (column: string, unit: MetricSource['unit'], title: string): MetricSource => ({
  from: 'performance',
  value: last(column),
  unit,
  title,
});

export const TIMESERIES_METRICS = {
  priceUsd: { from: 'candles', value: last('close'), unit: 'usd', title: 'Price' },
  openUsd: { from: 'candles', value: '(array_agg(v.open ORDER BY v.at))[1]', unit: 'usd', title: 'First price' },
  highUsd: { from: 'candles', value: 'max(v.high)', unit: 'usd', title: 'Highest price' },
  lowUsd: { from: 'candles', value: 'min(v.low)', unit: 'usd', title: 'Lowest price' },
  observations: { from: 'candles', value: 'sum(v.observations)', unit: 'count', title: 'Observations' },
  return1dPct: performance('return_1d_pct', 'pct', 'Return, 1 day'),
  return7dPct: performance('return_7d_pct', 'pct', 'Return, 7 days'),
  return30dPct: performance('return_30d_pct', 'pct', 'Return, 30 days'),
  return90dPct: performance('return_90d_pct', 'pct', 'Return, 90 days'),
  return1yPct: performance('return_1y_pct', 'pct', 'Return, 1 year'),
  volatility30dPct: performance('volatility_30d_pct', 'pct', 'Volatility, 30 days'),
  sharpe30d: performance('sharpe_30d', 'ratio', 'Sharpe ratio, 30 days'),
  maxDrawdown90dPct: performance('max_drawdown_90d_pct', 'pct', 'Deepest fall, 90 days'),
  sma7Usd: performance('sma_7_usd', 'usd', 'Mean of 7 closes'),
  sma30Usd: performance('sma_30_usd', 'usd', 'Mean of 30 closes'),
  rsi14: performance('rsi_14', 'ratio', 'Relative strength index, 14 days'),
  betaToBitcoin90d: performance('beta_to_bitcoin_90d', 'ratio', 'Beta to bitcoin, 90 days'),
  correlationToBitcoin90d: performance('correlation_to_bitcoin_90d', 'ratio', 'Correlation to bitcoin, 90 days'),
} as const satisfies Record<string, MetricSource>;
export type TimeseriesMetric = keyof typeof TIMESERIES_METRICS;

/** A day's figures change no more often. */
export function narrowestOf(metric: TimeseriesMetric): CandleInterval {
  return TIMESERIES_METRICS[metric].from === 'performance' ? '1d' : '1m';
}

export interface TimeseriesPointRow {
  /** Start of the step. */
  time: Date;
  coinId: string;
  /** As near as a float comes. */
  value: number | null;
  exact: Decimal | null;
}

export interface TimeseriesRequest {
  metric: TimeseriesMetric;
  /** Coins that the marts do not know have no rows. */
  coinIds: readonly string[];
  grid: TimeGrid;
}

/** Every step of each coin, oldest first, in each step the coins as asked for: what draws charts wants rows in the order of time. */
export async function getTimeseries(db: Queryable, { metric, coinIds, grid }: TimeseriesRequest): Promise<TimeseriesPointRow[]> {
  const { from, value } = TIMESERIES_METRICS[metric];
  const { interval, stepMs, firstMs, count } = grid;
  const first = new Date(firstMs);
  const { rows } = await db.query<{ coinId: string; values: (Decimal | null)[] }>({
    name: `get-timeseries-${metric}`,
    text: `SELECT asked.coin_id AS "coinId", series.values
           FROM unnest($1::text[]) WITH ORDINALITY AS asked (coin_id, ordinal)
           CROSS JOIN LATERAL (
             SELECT json_agg(trim_scale(step.value::numeric)::text ORDER BY place) AS values
             FROM generate_series(0, $5::integer - 1) AS place
             LEFT JOIN (
               SELECT floor(extract(epoch FROM v.at - $3::timestamptz) * 1000 / $4::bigint)::integer AS place, ${value} AS value
               FROM (${ROWS[from]}) AS v GROUP BY 1
             ) AS step USING (place)
           ) AS series
           WHERE EXISTS (SELECT FROM mart.mart_coins WHERE coin_id = asked.coin_id)
              OR EXISTS (SELECT FROM mart.mart_latest_prices WHERE coin_id = asked.coin_id)
           ORDER BY asked.ordinal`,
    values: [coinIds, interval, first, stepMs, count, new Date(firstMs + count * stepMs)],
  });
  const points: TimeseriesPointRow[] = [];
  for (let place = 0; place < count; place++) {
    const time = new Date(firstMs + place * stepMs);
    for (const { coinId, values } of rows) {
      const exact = values[place] ?? null;
      points.push({ time, coinId, value: exact === null ? null : Number(exact), exact });
    }
  }
  return points;
}

/** $2: the interval, $3 and $6: from and to. */
const ROWS: Record<MetricSource['from'], string> = {
  candles: `SELECT *, bucket_start AS at FROM mart.mart_price_candles
            WHERE coin_id = asked.coin_id AND interval = $2::mart.candle_interval AND bucket_start >= $3 AND bucket_start < $6`,
  performance: `SELECT *, day::timestamp AT TIME ZONE 'UTC' AS at FROM mart.mart_crypto_performance
                WHERE coin_id = asked.coin_id AND $2::text = '1d'
                  AND day >= ($3 AT TIME ZONE 'UTC')::date AND day < ($6::timestamptz AT TIME ZONE 'UTC')::date`,
};
