-- Adds to mart.mart_price_candles what was observed after all that they hold, and returns the coins of which something else changed
-- too: their candles have to be recomputed, and are left alone. It gives what recomputing gives: every observation of a coin is in one
-- of its days, so what comes after the last one of its newest day is in no candle of any interval, and nothing else is.
-- Grain: one coin, interval and bucket (start, end]: an observation on the boundary closes the bucket before it.
-- $1 coin_ids, $2 sources, $3 first and $4 last instants: spans whose prices changed, both ends included, none overlapping another. $5 now.
-- OFFSET 0: an index is read span by span, whatever the planner believes about the table. Who writes here holds the coin's lock.
WITH changed AS MATERIALIZED (
  SELECT
    k.*, min(k.first_at) OVER (PARTITION BY k.coin_id) > coalesce(
      ( SELECT c.last_observed_at FROM mart.mart_price_candles AS c
        WHERE c.coin_id = k.coin_id AND c.interval = '1d'
        ORDER BY c.bucket_start DESC LIMIT 1
      ), '-infinity') AS after_all
  FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS k (coin_id, source, first_at, last_at)
  JOIN ops.tracked_coins AS t ON t.coin_id = k.coin_id AND t.source = k.source
),
added AS (
  SELECT s.*
  FROM changed AS k
  CROSS JOIN LATERAL (
    SELECT s.coin_id, s.observed_at, s.price_usd, s.grain, s.suspect FROM staging.stg_prices AS s
    WHERE s.coin_id = k.coin_id AND s.source = k.source AND s.observed_at BETWEEN k.first_at AND k.last_at
    OFFSET 0
  ) AS s
  WHERE k.after_all
),
level (interval, width, finest) AS (
  VALUES
    ('1m'::mart.candle_interval, interval '1 minute', 'tick'::staging.price_grain),
    ('5m', '5 minutes', '5m'), ('1h', '1 hour', '1h'), ('1d', '1 day', '1d')
),
addition AS (
  SELECT
    a.coin_id, l.interval, date_bin(l.width, a.observed_at - interval '1 millisecond', 'epoch') AS bucket_start,
    array_agg(a.price_usd ORDER BY a.observed_at) AS prices, max(a.price_usd) AS high, min(a.price_usd) AS low,
    count(*) AS observations, bool_or(a.suspect) AS suspect, min(a.observed_at) AS first_observed_at, max(a.observed_at) AS last_observed_at
  FROM added AS a
  JOIN level AS l ON a.grain <= l.finest
  GROUP BY 1, 2, 3
),
extended AS (
  INSERT INTO mart.mart_price_candles AS c
    (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
  SELECT
    coin_id, interval, bucket_start, prices[1], high, low, prices[observations], observations, suspect, first_observed_at, last_observed_at,
    $5::timestamptz
  FROM addition
  ON CONFLICT (coin_id, interval, bucket_start) DO UPDATE SET
    high = greatest(c.high, excluded.high), low = least(c.low, excluded.low), close = excluded.close,
    observations = c.observations + excluded.observations, suspect = c.suspect OR excluded.suspect,
    last_observed_at = excluded.last_observed_at, computed_at = excluded.computed_at
)
SELECT DISTINCT coin_id FROM changed WHERE NOT after_all
