-- Recomputes the buckets of one interval within the given ranges, from the candles of the interval below and the history points of its
-- own grain (the finest interval: from the ticks).
-- Grain: one coin, interval and bucket (start, end]: an observation on the boundary closes the bucket before it.
-- $1 coin_ids, $2 starts, $3 ends: the ranges (start, end], whole buckets, none overlapping another. $4 the interval. $5 its width.
-- $6 the interval below, null for the finest. $7 the grain of its own points. $8 now.
-- OFFSET 0: the index is read range by range, whatever the planner believes about the table; the few coarse points have one of
-- their own, so that a day's bucket does not read the day's ticks (on an expression, so that no other index fits, whatever the planner
-- believes). Who writes here holds the coin's lock.
WITH range AS (
  SELECT k.*, t.source
  FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS k (coin_id, start_at, end_at)
  JOIN ops.tracked_coins AS t ON t.coin_id = k.coin_id
),
part AS (
  SELECT
    r.coin_id, date_bin($5::interval, c.bucket_start, 'epoch') AS bucket_start,
    c.open, c.high, c.low, c.close, c.observations, c.suspect, c.first_observed_at, c.last_observed_at
  FROM range AS r
  CROSS JOIN LATERAL (
    SELECT * FROM mart.mart_price_candles AS c
    WHERE c.coin_id = r.coin_id AND c.interval = $6::mart.candle_interval
      AND c.bucket_start >= r.start_at AND c.bucket_start < r.end_at
    OFFSET 0
  ) AS c
  UNION ALL
  SELECT
    r.coin_id, date_bin($5::interval, s.observed_at - interval '1 millisecond', 'epoch'),
    s.price_usd, s.price_usd, s.price_usd, s.price_usd, 1, s.suspect, s.observed_at, s.observed_at
  FROM range AS r
  CROSS JOIN LATERAL (
    SELECT * FROM staging.stg_prices AS s
    WHERE s.coin_id || '/' || s.source = r.coin_id || '/' || r.source AND s.grain = $7::staging.price_grain AND s.grain <> 'tick'
      AND s.observed_at > r.start_at AND s.observed_at <= r.end_at
    OFFSET 0
  ) AS s
  WHERE s.coin_id = r.coin_id AND s.source = r.source
  UNION ALL
  SELECT
    r.coin_id, date_bin($5::interval, s.observed_at - interval '1 millisecond', 'epoch'),
    s.price_usd, s.price_usd, s.price_usd, s.price_usd, 1, s.suspect, s.observed_at, s.observed_at
  FROM range AS r
  CROSS JOIN LATERAL (
    SELECT * FROM staging.stg_prices AS s
    WHERE s.coin_id = r.coin_id AND s.source = r.source AND s.grain = 'tick' AND $6::mart.candle_interval IS NULL
      AND s.observed_at > r.start_at AND s.observed_at <= r.end_at
    OFFSET 0
  ) AS s
),
next AS MATERIALIZED (
  SELECT
    coin_id, bucket_start,
    (array_agg(open ORDER BY first_observed_at))[1] AS open, max(high) AS high, min(low) AS low,
    (array_agg(close ORDER BY last_observed_at DESC))[1] AS close,
    sum(observations) AS observations, bool_or(suspect) AS suspect,
    min(first_observed_at) AS first_observed_at, max(last_observed_at) AS last_observed_at
  FROM part
  GROUP BY coin_id, bucket_start
),
present AS MATERIALIZED (
  SELECT c.*
  FROM range AS r
  CROSS JOIN LATERAL (
    SELECT * FROM mart.mart_price_candles AS c
    WHERE c.coin_id = r.coin_id AND c.interval = $4::mart.candle_interval
      AND c.bucket_start >= r.start_at AND c.bucket_start < r.end_at
    OFFSET 0
  ) AS c
),
fresh AS (
  INSERT INTO mart.mart_price_candles
    (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
  SELECT
    coin_id, $4::mart.candle_interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at,
    $8::timestamptz
  FROM next AS n
  WHERE NOT EXISTS (SELECT FROM present AS p WHERE p.coin_id = n.coin_id AND p.bucket_start = n.bucket_start)
)
INSERT INTO mart.mart_price_candles
  (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
SELECT
  coin_id, $4::mart.candle_interval, bucket_start, n.open, n.high, n.low, n.close, n.observations, n.suspect, n.first_observed_at,
  n.last_observed_at, $8::timestamptz
FROM next AS n
JOIN present AS p USING (coin_id, bucket_start)
WHERE (p.open, p.high, p.low, p.close, p.observations, p.suspect, p.first_observed_at, p.last_observed_at)
  IS DISTINCT FROM (n.open, n.high, n.low, n.close, n.observations, n.suspect, n.first_observed_at, n.last_observed_at)
ON CONFLICT (coin_id, interval, bucket_start) DO UPDATE SET
  open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, observations = excluded.observations,
  suspect = excluded.suspect, first_observed_at = excluded.first_observed_at, last_observed_at = excluded.last_observed_at,
  computed_at = excluded.computed_at
