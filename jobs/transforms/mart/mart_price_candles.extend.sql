-- Adds to mart.mart_price_candles what was observed after all that they hold, and returns the coins of which the spans reach further
-- back: what changed of them has to be recomputed, and they are left alone. It gives what recomputing gives: every observation of a
-- coin is in one of its days, so what comes after the last one of its newest day is in no candle of any interval, and nothing else is.
-- Grain: one coin, interval and bucket (start, end]: an observation on the boundary closes the bucket before it.
-- $1 coin_ids, $2 sources, $3 first and $4 last instants: the spans, both ends included, none overlapping another, all of what changed in
-- them ticks. $5 now.
-- OFFSET 0: an index is read span by span, whatever the planner believes about the table. Who writes here holds the coin's lock.
WITH changed AS MATERIALIZED (
  SELECT
    k.*, min(k.first_at) OVER (PARTITION BY k.coin_id) AS changed_at,
    coalesce(
      ( SELECT c.last_observed_at FROM mart.mart_price_candles AS c
        WHERE c.coin_id = k.coin_id AND c.interval = '1d'
        ORDER BY c.bucket_start DESC LIMIT 1
      ), '-infinity') AS settled_at
  FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS k (coin_id, source, first_at, last_at)
  JOIN ops.tracked_coins AS t ON t.coin_id = k.coin_id AND t.source = k.source
),
minute AS MATERIALIZED (
  SELECT
    s.coin_id, date_bin('1 minute', s.observed_at - interval '1 millisecond', 'epoch') AS bucket_start,
    (array_agg(s.price_usd ORDER BY s.observed_at))[1] AS open, max(s.price_usd) AS high, min(s.price_usd) AS low,
    (array_agg(s.price_usd ORDER BY s.observed_at))[count(*)] AS close, count(*) AS observations, bool_or(s.suspect) AS suspect,
    min(s.observed_at) AS first_observed_at, max(s.observed_at) AS last_observed_at, min(k.settled_at) AS settled_at
  FROM changed AS k
  CROSS JOIN LATERAL (
    SELECT s.coin_id, s.observed_at, s.price_usd, s.suspect FROM staging.stg_prices AS s
    WHERE s.coin_id = k.coin_id AND s.source = k.source AND s.observed_at BETWEEN k.first_at AND k.last_at
    OFFSET 0
  ) AS s
  WHERE k.changed_at > k.settled_at
  GROUP BY 1, 2
),
five_minutes AS MATERIALIZED (
  SELECT
    coin_id, date_bin('5 minutes', bucket_start, 'epoch') AS bucket_start, (array_agg(open ORDER BY bucket_start))[1] AS open, max(high) AS high,
    min(low) AS low, (array_agg(close ORDER BY bucket_start))[count(*)] AS close, sum(observations) AS observations, bool_or(suspect) AS suspect,
    min(first_observed_at) AS first_observed_at, max(last_observed_at) AS last_observed_at, min(settled_at) AS settled_at
  FROM minute
  GROUP BY 1, 2
),
hour AS MATERIALIZED (
  SELECT
    coin_id, date_bin('1 hour', bucket_start, 'epoch') AS bucket_start, (array_agg(open ORDER BY bucket_start))[1] AS open, max(high) AS high,
    min(low) AS low, (array_agg(close ORDER BY bucket_start))[count(*)] AS close, sum(observations) AS observations, bool_or(suspect) AS suspect,
    min(first_observed_at) AS first_observed_at, max(last_observed_at) AS last_observed_at, min(settled_at) AS settled_at
  FROM five_minutes
  GROUP BY 1, 2
),
day AS MATERIALIZED (
  SELECT
    coin_id, date_bin('1 day', bucket_start, 'epoch') AS bucket_start, (array_agg(open ORDER BY bucket_start))[1] AS open, max(high) AS high,
    min(low) AS low, (array_agg(close ORDER BY bucket_start))[count(*)] AS close, sum(observations) AS observations, bool_or(suspect) AS suspect,
    min(first_observed_at) AS first_observed_at, max(last_observed_at) AS last_observed_at, min(settled_at) AS settled_at
  FROM hour
  GROUP BY 1, 2
),
addition AS (
  SELECT '1m'::mart.candle_interval AS interval, * FROM minute
  UNION ALL SELECT '5m', * FROM five_minutes
  UNION ALL SELECT '1h', * FROM hour
  UNION ALL SELECT '1d', * FROM day
),
begun AS ( -- nothing was observed in it before
  INSERT INTO mart.mart_price_candles
    (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
  SELECT
    coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, $5::timestamptz
  FROM addition
  WHERE bucket_start >= settled_at
),
extended AS (
  INSERT INTO mart.mart_price_candles AS c
    (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
  SELECT
    coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, $5::timestamptz
  FROM addition
  WHERE bucket_start < settled_at
  ON CONFLICT (coin_id, interval, bucket_start) DO UPDATE SET
    high = greatest(c.high, excluded.high), low = least(c.low, excluded.low), close = excluded.close,
    observations = c.observations + excluded.observations, suspect = c.suspect OR excluded.suspect,
    last_observed_at = excluded.last_observed_at, computed_at = excluded.computed_at
)
SELECT DISTINCT coin_id FROM changed WHERE changed_at <= settled_at
