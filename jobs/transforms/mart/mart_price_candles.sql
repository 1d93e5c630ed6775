-- Recomputes the given buckets of one interval, from the candles of the interval below and the history points of its own grain (the
-- finest interval: from the ticks). Never increments, so nothing counts twice.
-- Grain: one coin, interval and bucket (start, end]: an observation on the boundary closes the bucket before it.
-- $1 coin_ids, $2 bucket_starts: the buckets, one each, equal lengths. $3 the interval. $4 its width. $5 the interval below, null for
-- the finest. $6 the grain of its own points. $7 now.
-- OFFSET 0: the index is probed bucket by bucket, whatever the planner believes about the table; the few coarse points have one of
-- their own, so that a day's bucket does not read the day's ticks.
WITH bucket AS (
  SELECT * FROM unnest($1::text[], $2::timestamptz[]) AS k (coin_id, bucket_start)
),
part AS (
  SELECT b.coin_id, b.bucket_start, c.open, c.high, c.low, c.close, c.observations, c.suspect, c.first_observed_at, c.last_observed_at
  FROM bucket AS b
  CROSS JOIN LATERAL (
    SELECT * FROM mart.mart_price_candles AS c
    WHERE c.coin_id = b.coin_id AND c.interval = $5::mart.candle_interval
      AND c.bucket_start >= b.bucket_start AND c.bucket_start < b.bucket_start + $4::interval
    OFFSET 0
  ) AS c
  UNION ALL
  SELECT b.coin_id, b.bucket_start, s.price_usd, s.price_usd, s.price_usd, s.price_usd, 1, s.suspect, s.observed_at, s.observed_at
  FROM bucket AS b
  JOIN ops.tracked_coins AS t ON t.coin_id = b.coin_id
  CROSS JOIN LATERAL (
    SELECT * FROM staging.stg_prices AS s
    WHERE s.coin_id = b.coin_id AND s.source = t.source AND s.grain = $6::staging.price_grain AND s.grain <> 'tick'
      AND s.observed_at > b.bucket_start AND s.observed_at <= b.bucket_start + $4::interval
    OFFSET 0
  ) AS s
  UNION ALL
  SELECT b.coin_id, b.bucket_start, s.price_usd, s.price_usd, s.price_usd, s.price_usd, 1, s.suspect, s.observed_at, s.observed_at
  FROM bucket AS b
  JOIN ops.tracked_coins AS t ON t.coin_id = b.coin_id
  CROSS JOIN LATERAL (
    SELECT * FROM staging.stg_prices AS s
    WHERE s.coin_id = b.coin_id AND s.source = t.source AND s.grain = 'tick' AND $5::mart.candle_interval IS NULL
      AND s.observed_at > b.bucket_start AND s.observed_at <= b.bucket_start + $4::interval
    OFFSET 0
  ) AS s
)
INSERT INTO mart.mart_price_candles AS c
  (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
SELECT
  coin_id, $3::mart.candle_interval, bucket_start,
  (array_agg(open ORDER BY first_observed_at))[1], max(high), min(low), (array_agg(close ORDER BY last_observed_at DESC))[1],
  sum(observations), bool_or(suspect), min(first_observed_at), max(last_observed_at), $7::timestamptz
FROM part
GROUP BY coin_id, bucket_start
ON CONFLICT (coin_id, interval, bucket_start) DO UPDATE SET
  open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, observations = excluded.observations,
  suspect = excluded.suspect, first_observed_at = excluded.first_observed_at, last_observed_at = excluded.last_observed_at,
  computed_at = excluded.computed_at
WHERE (c.open, c.high, c.low, c.close, c.observations, c.suspect, c.first_observed_at, c.last_observed_at)
  IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.observations, excluded.suspect,
                    excluded.first_observed_at, excluded.last_observed_at)
