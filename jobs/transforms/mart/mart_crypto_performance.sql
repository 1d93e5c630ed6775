-- Grain: one coin and UTC day that has a close, of the days in affected_mart_crypto_performance. What each column means stands in
-- mart_crypto_performance.ts; here is how the windows are kept cheap and exact:
-- * One row per coin and calendar day, close null where there is none, so that a window of days is a window of rows.
-- * Sums are numeric and therefore exact: Postgres lets a frame of exact sums slide (adds one row, takes one away) instead of summing
--   it anew, and whatever days are computed together, the digits are the same. Floats are made of them only at the end.
-- * A day is a number, n: days since 2000-01-01. What is aligned to something is aligned to n, never to where the reading begins.
-- OFFSET 0 keeps a subselect as it is written: the index is probed span by span, whatever the planner believes about the tables, so the
-- cost follows the affected days and not the history.
WITH merged AS MATERIALIZED (
  SELECT coin_id, unnest(range_agg(span)) AS span
  FROM (
    SELECT coin_id, daterange(first_day - 99, last_day, '[]') AS span FROM affected_mart_crypto_performance
    UNION ALL
    SELECT 'bitcoin', daterange(min(first_day) - 99, max(last_day), '[]') FROM affected_mart_crypto_performance
  ) AS spans
  GROUP BY coin_id
),
-- No day before the coin's first candle is read.
reading AS MATERIALIZED (
  SELECT row_number() OVER (ORDER BY coin_id, span)::integer AS id, coin_id,
    greatest(lower(span), first_candle) - date '2000-01-01' AS first_n, upper(span) - 1 - date '2000-01-01' AS last_n
  FROM merged
  CROSS JOIN LATERAL (
    SELECT (min(bucket_start) AT TIME ZONE 'UTC')::date AS first_candle
    FROM mart.mart_price_candles WHERE coin_id = merged.coin_id AND interval = '1d'
  ) AS candles
),
-- close(D): of the last observation in D, unless it is over 6 hours older than D's end; of a year before the affected days as well.
-- Beyond 1e±100 no price is believed: the quotient of two such prices does not fit into a float.
known AS MATERIALIZED (
  SELECT every.coin_id, (candle.bucket_start AT TIME ZONE 'UTC')::date - date '2000-01-01' AS n, candle.close
  FROM (
    SELECT coin_id, unnest(range_agg(span)) AS span
    FROM (
      SELECT coin_id, span FROM merged
      UNION ALL
      SELECT coin_id, daterange(first_day - 365, last_day - 365, '[]') FROM affected_mart_crypto_performance
    ) AS both_years
    GROUP BY coin_id
  ) AS every
  CROSS JOIN LATERAL (
    SELECT * FROM mart.mart_price_candles AS c
    WHERE c.coin_id = every.coin_id AND c.interval = '1d'
      AND c.bucket_start >= lower(span)::timestamp AT TIME ZONE 'UTC' AND c.bucket_start < upper(span)::timestamp AT TIME ZONE 'UTC'
    OFFSET 0
  ) AS candle
  WHERE candle.last_observed_at >= candle.bucket_start + interval '18 hours' AND candle.close BETWEEN 1e-100 AND 1e100
),
closes AS MATERIALIZED (
  SELECT reading.id, n, n / 90 AS block, known.close
  FROM reading
  CROSS JOIN LATERAL generate_series(first_n, last_n) AS n
  LEFT JOIN known USING (coin_id, n)
),
-- Maximum drawdown of 90 days in a constant number of steps per day (van Herk 1992, for running minima): cut time into blocks of 90
-- days; a window is the tail of one block and the head of the next. tail_*: from this day to its block's end. head_*: from its
-- block's start to this day.
tails AS (
  SELECT id, n, block, close, tail_max, min((tail_min - close) / close) OVER backward AS tail_fall
  FROM (
    SELECT *, max(close) OVER backward AS tail_max, min(close) OVER backward AS tail_min
    FROM closes WINDOW backward AS (PARTITION BY id, block ORDER BY n DESC)
  ) AS tail
  WINDOW backward AS (PARTITION BY id, block ORDER BY n DESC)
),
heads AS (
  SELECT id, n, block, close, tail_max, tail_fall, head_min, min((close - head_max) / head_max) OVER forward AS head_fall
  FROM (
    SELECT *, max(close) OVER forward AS head_max, min(close) OVER forward AS head_min
    FROM tails WINDOW forward AS (PARTITION BY id, block ORDER BY n)
  ) AS head
  WINDOW forward AS (PARTITION BY id, block ORDER BY n)
),
steps AS (
  SELECT id, n, block, close, head_min, head_fall,
    first_value(block) OVER w90 AS first_block, first_value(tail_max) OVER w90 AS first_max, first_value(tail_fall) OVER w90 AS first_fall,
    lag(close) OVER by_day AS close_1, lag(close, 7) OVER by_day AS close_7,
    lag(close, 30) OVER by_day AS close_30, lag(close, 90) OVER by_day AS close_90,
    coalesce(max(n) FILTER (WHERE close IS NULL) OVER by_day, 0) AS hole -- the last day without a close
  FROM heads
  WINDOW by_day AS (PARTITION BY id ORDER BY block, n), w90 AS (by_day ROWS 89 PRECEDING)
),
-- Differences are exact before they are divided: a return of 1e-9 has all its digits.
changes AS MATERIALIZED (
  SELECT id, n, hole, close, close - close_1 AS change,
    ((close - close_1) / close_1)::double precision AS return_1,
    ((close - close_7) / close_7)::double precision AS return_7,
    ((close - close_30) / close_30)::double precision AS return_30,
    ((close - close_90) / close_90)::double precision AS return_90,
    ln((close / close_1)::double precision) AS ln_quotient,
    CASE WHEN first_block < block THEN least(head_fall, first_fall, (head_min - first_max) / first_max) ELSE head_fall END AS fall_90
  FROM steps
),
-- ln(1+x) near 1: x * ln(u) / (u - 1) with u the rounded 1+x keeps the digits that ln(u) loses (Goldberg 1991, theorem 4).
returns AS MATERIALIZED (
  SELECT id, n, hole, close, change, return_1, return_7, return_30, return_90, fall_90,
    round(CASE
      WHEN abs(return_1) > 0.5 THEN ln_quotient
      WHEN 1 + return_1 = 1 THEN return_1
      ELSE return_1 * ln(1 + return_1) / (1 + return_1 - 1)
    END::numeric, 30) AS r
  FROM changes
),
-- own and market: the ln returns of the coin and of bitcoin, on days that both have.
paired AS (
  SELECT returns.*,
    CASE WHEN bitcoin.r IS NOT NULL THEN returns.r END AS own, CASE WHEN returns.r IS NOT NULL THEN bitcoin.r END AS market
  FROM returns
  LEFT JOIN returns AS bitcoin ON bitcoin.n = returns.n AND bitcoin.id = (SELECT id FROM reading WHERE coin_id = 'bitcoin')
),
sums AS (
  SELECT id, n, hole, close, change, return_1, return_7, return_30, return_90, fall_90,
    count(close) OVER w7 AS closes_7, sum(close) OVER w7 AS sum_7,
    count(close) OVER w30 AS closes_30, sum(close) OVER w30 AS sum_30,
    count(r) OVER w30 AS returns_30, sum(r) OVER w30 AS r_30, sum(r * r) OVER w30 AS rr_30,
    count(close) OVER w90 AS closes_90,
    count(own) OVER w90 AS pairs, sum(own) OVER w90 AS x, sum(market) OVER w90 AS y,
    sum(own * own) OVER w90 AS xx, sum(own * market) OVER w90 AS xy, sum(market * market) OVER w90 AS yy
  FROM paired
  WINDOW by_day AS (PARTITION BY id ORDER BY hole, n),
    w7 AS (by_day ROWS 6 PRECEDING), w30 AS (by_day ROWS 29 PRECEDING), w90 AS (by_day ROWS 89 PRECEDING)
),
-- Sums of squares about the mean, times the count; exactly zero if, and only if, all returns are equal.
moments AS MATERIALIZED (
  SELECT id, n, hole, close, change, return_1, return_7, return_30, return_90,
    CASE WHEN closes_90 >= 81 THEN fall_90::double precision END AS fall_90,
    CASE WHEN closes_7 = 7 THEN sum_7 / 7 END AS sma_7, CASE WHEN closes_30 >= 27 THEN sum_30 / closes_30 END AS sma_30,
    CASE WHEN returns_30 >= 27 THEN r_30::double precision / returns_30 END AS mean_30,
    CASE WHEN returns_30 >= 27 THEN sqrt((returns_30 * rr_30 - r_30 * r_30)::double precision / (returns_30 * (returns_30 - 1))) END AS deviation_30,
    CASE WHEN pairs >= 81 THEN (pairs * xx - x * x)::double precision END AS sxx,
    CASE WHEN pairs >= 81 THEN (pairs * xy - x * y)::double precision END AS sxy,
    CASE WHEN pairs >= 81 THEN (pairs * yy - y * y)::double precision END AS syy
  FROM sums
),
-- Wilder's mean after the changes c(1) … c(m), 29 <= m <= 99, is q^(m-14) * mean(c(1) … c(14)) + (q^(m-15) * c(15) + … + c(m)) / 14
-- with q = 13/14. The powers are counted from the start of a block of 128 days, so that they stay small; a window reaches into two
-- blocks at most, so even and odd ones are summed apart. size is gain plus loss; the common factor 1/14 drops out of RSI.
runs AS (
  SELECT *, row_number() OVER run AS position, sum(gain) OVER w14 AS gain_14, sum(size) OVER w14 AS size_14,
    round(gain * weight, 40) AS weighted_gain, round(size * weight, 40) AS weighted_size
  FROM (
    SELECT *, greatest(change, 0) AS gain, abs(change) AS size, n / 128 % 2 AS parity,
      power(14 / 13::double precision, n % 128)::numeric AS weight
    FROM moments WHERE close IS NOT NULL OFFSET 0 -- or Postgres would compute the weight once for each use
  ) AS step
  WINDOW run AS (PARTITION BY id, hole ORDER BY n), w14 AS (run ROWS 13 PRECEDING)
),
smoothed AS (
  SELECT *,
    nth_value(gain_14, 15) OVER w100 AS first_gain, nth_value(size_14, 15) OVER w100 AS first_size,
    coalesce(sum(weighted_gain) FILTER (WHERE position > 15 AND parity = 0) OVER w85, 0) AS even_gain,
    coalesce(sum(weighted_gain) FILTER (WHERE position > 15 AND parity = 1) OVER w85, 0) AS odd_gain,
    coalesce(sum(weighted_size) FILTER (WHERE position > 15 AND parity = 0) OVER w85, 0) AS even_size,
    coalesce(sum(weighted_size) FILTER (WHERE position > 15 AND parity = 1) OVER w85, 0) AS odd_size
  FROM runs
  WINDOW run AS (PARTITION BY id, hole ORDER BY n), w100 AS (run ROWS 99 PRECEDING), w85 AS (run ROWS 84 PRECEDING)
),
strengths AS (
  SELECT *,
    old * first_gain::double precision + new * CASE parity
      WHEN 0 THEN even_gain::double precision + block_before * odd_gain::double precision
      ELSE odd_gain::double precision + block_before * even_gain::double precision END AS gains,
    old * first_size::double precision + new * CASE parity
      WHEN 0 THEN even_size::double precision + block_before * odd_size::double precision
      ELSE odd_size::double precision + block_before * even_size::double precision END AS sizes
  FROM (
    SELECT *, power(13 / 14::double precision, least(position, 100) - 15) AS old, power(13 / 14::double precision, n % 128) AS new,
      power(13 / 14::double precision, 128) AS block_before
    FROM smoothed
  ) AS powers
)
SELECT reading.coin_id, date '2000-01-01' + strengths.n AS day, trim_scale(strengths.close) AS price_usd,
  mart.significant(100 * return_1) AS return_1d_pct,
  mart.significant(100 * return_7) AS return_7d_pct,
  mart.significant(100 * return_30) AS return_30d_pct,
  mart.significant(100 * return_90) AS return_90d_pct,
  mart.significant((100 * (strengths.close - year_ago.close) / year_ago.close)::double precision) AS return_1y_pct,
  mart.significant(100 * sqrt(365) * deviation_30) AS volatility_30d_pct,
  CASE WHEN deviation_30 > 0 THEN mart.significant(sqrt(365) * mean_30 / deviation_30) END AS sharpe_30d,
  mart.significant(100 * fall_90) AS max_drawdown_90d_pct,
  trim_scale(sma_7) AS sma_7_usd,
  trim_scale(sma_30) AS sma_30_usd,
  CASE WHEN position >= 30 THEN mart.significant(CASE WHEN sizes > 0 THEN 100 * gains / sizes ELSE 50 END) END AS rsi_14,
  CASE WHEN syy > 0 THEN mart.significant(sxy / syy) END AS beta_to_bitcoin_90d,
  CASE WHEN sxx > 0 AND syy > 0 THEN mart.significant(sxy / sqrt(sxx) / sqrt(syy)) END AS correlation_to_bitcoin_90d
FROM strengths
JOIN reading USING (id)
JOIN affected_mart_crypto_performance AS affected
  ON affected.coin_id = reading.coin_id AND date '2000-01-01' + strengths.n BETWEEN affected.first_day AND affected.last_day
LEFT JOIN known AS year_ago ON year_ago.coin_id = reading.coin_id AND year_ago.n = strengths.n - 365
