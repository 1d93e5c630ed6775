/** What the candles of one day of a coin must agree on; buckets of an interval that are still open hold all the same. */
import { type CheckScope, keyText, type RowsCheck } from '../check.js';
import { reconciliation } from '../reconciliation.js';

const key = ['coin_id', 'interval', 'bucket_start'];

/** Open and close lie within low and high, above zero; there is an observation, and all lie within the bucket. */
export const soundCandles: RowsCheck = {
  kind: 'rows',
  name: 'accepted_range(open, close: low to high; observations: at least 1)',
  severity: 'error',
  sql: ({ rows }) => `
    SELECT ${keyText(key)} AS key FROM ${rows} AS t
    WHERE NOT (t.low > 0 AND t.open BETWEEN t.low AND t.high AND t.close BETWEEN t.low AND t.high AND t.observations > 0
      AND t.first_observed_at > t.bucket_start AND t.first_observed_at <= t.last_observed_at
      AND t.last_observed_at <= t.bucket_start
        + CASE t.interval WHEN '1m' THEN interval '1 minute' WHEN '5m' THEN interval '5 minutes' WHEN '1h' THEN interval '1 hour' ELSE interval '24 hours' END)`,
};

/** A day's candle holds its hours'; where it counts no more observations than they do, it is made of them alone and equals them. */
export const daysHoldTheirHours = reconciliation(
  '1d candle = its 1h candles',
  ({ days }: CheckScope) => `
    SELECT concat(d.coin_id, ' ', d.day) AS key
    FROM ${days} AS d
    JOIN LATERAL (
      SELECT count(*) AS candles, min(h.low) AS low, max(h.high) AS high, min(h.first_observed_at) AS first, max(h.last_observed_at) AS last,
        sum(h.observations) AS observations,
        (array_agg(h.open ORDER BY h.bucket_start))[1] AS open, (array_agg(h.close ORDER BY h.bucket_start DESC))[1] AS close
      FROM mart.mart_price_candles AS h
      WHERE h.coin_id = d.coin_id AND h.interval = '1h'
        AND h.bucket_start >= d.day::timestamp AT TIME ZONE 'UTC' AND h.bucket_start < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
    ) AS hours ON hours.candles > 0
    LEFT JOIN LATERAL (
      SELECT * FROM mart.mart_price_candles AS c
      WHERE c.coin_id = d.coin_id AND c.interval = '1d' AND c.bucket_start = d.day::timestamp AT TIME ZONE 'UTC' OFFSET 0
    ) AS c ON true
    WHERE c.coin_id IS NULL
      OR c.low > hours.low OR c.high < hours.high OR c.first_observed_at > hours.first OR c.last_observed_at < hours.last
      OR c.observations < hours.observations
      OR (c.observations = hours.observations AND (c.open, c.high, c.low, c.close, c.first_observed_at, c.last_observed_at)
        IS DISTINCT FROM (hours.open, hours.high, hours.low, hours.close, hours.first, hours.last))`,
);
