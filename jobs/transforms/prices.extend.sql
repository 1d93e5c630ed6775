-- The short cut for ticks of instants at which nothing was observed before: adds them to staging.stg_prices, mart.mart_price_candles and
-- mart.mart_latest_prices, and marks their days in ops.changed_days. Returns the suspect ones among them, and with suspect_at null the
-- spans that it left alone, with all of their coins: those have to be merged, judged and recomputed. It gives what that would give, for
-- no observation that stands there changes: neither its value, nor whether it is suspect where a late tick now stands before it. (Of a coin
-- whose source was switched, what a late tick is added to may still be the other one's: see docs/how-to/follow-coins.md.)
-- Grain of candles: one coin, interval and bucket (start, end]: an observation on the boundary closes the bucket before it.
-- $1 coin_ids, $2 sources, $3 first and $4 last instants: the spans, both ends included, none overlapping another. $5 now.
-- Of what raw holds within them all that is not in staging yet are ticks.
-- OFFSET 0: an index is read span by span, whatever the planner believes about the table. Who writes here holds the coin's lock.
WITH span AS MATERIALIZED ( -- of the sources that feed their coins; known_at: the last observation, for the candles and for staging
  SELECT k.*, p.known_at, p.known_usd, p.known_grain
  FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
    AS k (coin_id, source, first_at, last_at, number)
  JOIN ops.tracked_coins AS t ON t.coin_id = k.coin_id AND t.source = k.source
  CROSS JOIN LATERAL (
    SELECT c.last_observed_at FROM mart.mart_price_candles AS c
    WHERE c.coin_id = k.coin_id AND c.interval = '1d'
    ORDER BY c.bucket_start DESC LIMIT 1
  ) AS c
  JOIN LATERAL (
    SELECT p.observed_at AS known_at, p.price_usd AS known_usd, p.grain AS known_grain FROM staging.stg_prices AS p
    WHERE p.coin_id = k.coin_id AND p.source = k.source AND p.observed_at >= c.last_observed_at
    ORDER BY p.observed_at DESC LIMIT 1
  ) AS p ON p.known_at = c.last_observed_at -- else the candles are still of another source
),
late AS MATERIALIZED (
  SELECT
    k.*,
    ( SELECT p.observed_at FROM staging.stg_prices AS p
      WHERE p.coin_id = k.coin_id AND p.source = k.source AND p.observed_at < k.first_at
      ORDER BY p.observed_at DESC LIMIT 1
    ) AS before_at,
    ( SELECT n.observed_at FROM staging.stg_prices AS n
      WHERE n.coin_id = k.coin_id AND n.source = k.source AND n.observed_at > k.last_at
      ORDER BY n.observed_at LIMIT 1
    ) AS after_at
  FROM span AS k
  WHERE k.first_at <= k.known_at
),
barred AS MATERIALIZED ( -- what is not a tick is not the latest price though it is the last; of two late spans neither knows the other's ticks
  SELECT coin_id FROM late GROUP BY coin_id HAVING count(*) > 1 OR max(known_grain) <> 'tick'
),
received AS MATERIALIZED (
  SELECT k.number, k.coin_id, k.source, k.known_at, k.known_usd, r.*
  FROM span AS k
  CROSS JOIN LATERAL (
    SELECT r.observed_at, r.price_usd, r.grain, r.received_at, r.origin, r.position FROM raw.raw_prices AS r
    WHERE r.coin_id = k.coin_id AND r.source = k.source AND r.observed_at BETWEEN k.first_at AND k.last_at
    OFFSET 0
  ) AS r
  WHERE k.coin_id NOT IN (SELECT coin_id FROM barred)
),
stored AS MATERIALIZED (
  SELECT k.number, k.coin_id, s.*
  FROM late AS k
  CROSS JOIN LATERAL (
    SELECT s.observed_at, s.price_usd, s.suspect, s.received_at, s.origin, s.position FROM staging.stg_prices AS s
    WHERE s.coin_id = k.coin_id AND s.source = k.source
      AND s.observed_at BETWEEN coalesce(k.before_at, k.first_at) AND coalesce(k.after_at, k.last_at)
    OFFSET 0
  ) AS s
  WHERE k.coin_id NOT IN (SELECT coin_id FROM barred)
),
neighbours AS ( -- was: whether what stands there was suspect
  SELECT
    number, coin_id, source, known_at, observed_at, price_usd, grain, received_at, origin, position, NULL::boolean AS was, false AS restated,
    lag(observed_at, 1, known_at) OVER w AS before_at, lag(price_usd, 1, known_usd) OVER w AS before_usd,
    lead(observed_at) OVER w IS NULL AS newest
  FROM received
  WHERE observed_at > known_at
  WINDOW w AS (PARTITION BY coin_id ORDER BY observed_at)
  UNION ALL
  SELECT
    number, coin_id, source, known_at, observed_at, coalesce(s.price_usd, r.price_usd), grain, r.received_at, r.origin, r.position, s.suspect,
    (r.received_at, r.origin, r.position) <> (s.received_at, s.origin, s.position),
    lag(observed_at) OVER w, lag(coalesce(s.price_usd, r.price_usd)) OVER w, false
  FROM (SELECT * FROM received WHERE observed_at <= known_at) AS r
  FULL JOIN stored AS s USING (number, coin_id, observed_at)
  WINDOW w AS (PARTITION BY number ORDER BY observed_at)
),
judged AS MATERIALIZED (
  SELECT
    *,
    coalesce(before_at >= observed_at - interval '1 hour' AND greatest(price_usd, before_usd) > 1.25 * least(price_usd, before_usd), false)
      AS suspect
  FROM neighbours
),
added AS MATERIALIZED (
  SELECT * FROM judged
  WHERE was IS NULL
    AND coin_id NOT IN (
      SELECT coin_id FROM judged
      WHERE before_at = observed_at OR restated OR (was <> suspect AND before_at IS NOT NULL) -- twice in raw, or raw was dropped since
    )
),
staged AS (
  INSERT INTO staging.stg_prices (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position)
  SELECT coin_id, source, observed_at, price_usd, grain, 0, suspect, received_at, origin, position
  FROM added
),
minute AS MATERIALIZED (
  SELECT
    coin_id, date_bin('1 minute', observed_at - interval '1 millisecond', 'epoch') AS bucket_start,
    (array_agg(price_usd ORDER BY observed_at))[1] AS open, max(price_usd) AS high, min(price_usd) AS low,
    (array_agg(price_usd ORDER BY observed_at))[count(*)] AS close, count(*) AS observations, bool_or(suspect) AS suspect,
    min(observed_at) AS first_observed_at, max(observed_at) AS last_observed_at, min(known_at) AS known_at
  FROM added
  GROUP BY 1, 2
),
five_minutes AS MATERIALIZED (
  SELECT
    coin_id, date_bin('5 minutes', bucket_start, 'epoch') AS bucket_start, (array_agg(open ORDER BY bucket_start))[1] AS open, max(high) AS high,
    min(low) AS low, (array_agg(close ORDER BY bucket_start))[count(*)] AS close, sum(observations) AS observations, bool_or(suspect) AS suspect,
    min(first_observed_at) AS first_observed_at, max(last_observed_at) AS last_observed_at, min(known_at) AS known_at
  FROM minute
  GROUP BY 1, 2
),
hour AS MATERIALIZED (
  SELECT
    coin_id, date_bin('1 hour', bucket_start, 'epoch') AS bucket_start, (array_agg(open ORDER BY bucket_start))[1] AS open, max(high) AS high,
    min(low) AS low, (array_agg(close ORDER BY bucket_start))[count(*)] AS close, sum(observations) AS observations, bool_or(suspect) AS suspect,
    min(first_observed_at) AS first_observed_at, max(last_observed_at) AS last_observed_at, min(known_at) AS known_at
  FROM five_minutes
  GROUP BY 1, 2
),
day AS MATERIALIZED (
  SELECT
    coin_id, date_bin('1 day', bucket_start, 'epoch') AS bucket_start, (array_agg(open ORDER BY bucket_start))[1] AS open, max(high) AS high,
    min(low) AS low, (array_agg(close ORDER BY bucket_start))[count(*)] AS close, sum(observations) AS observations, bool_or(suspect) AS suspect,
    min(first_observed_at) AS first_observed_at, max(last_observed_at) AS last_observed_at, min(known_at) AS known_at
  FROM hour
  GROUP BY 1, 2
),
marked AS (
  INSERT INTO ops.changed_days (coin_id, day)
  SELECT coin_id, (bucket_start AT TIME ZONE 'UTC')::date FROM day
),
addition AS (
  SELECT '1m'::mart.candle_interval AS interval, * FROM minute
  UNION ALL SELECT '5m', * FROM five_minutes
  UNION ALL SELECT '1h', * FROM hour
  UNION ALL SELECT '1d', * FROM day
),
begun AS ( -- nothing was observed in it before, nor after
  INSERT INTO mart.mart_price_candles
    (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
  SELECT
    coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, $5::timestamptz
  FROM addition
  WHERE bucket_start >= known_at
),
extended AS (
  INSERT INTO mart.mart_price_candles AS c
    (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
  SELECT
    coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, $5::timestamptz
  FROM addition
  WHERE bucket_start < known_at
  ON CONFLICT (coin_id, interval, bucket_start) DO UPDATE SET
    open = CASE WHEN c.first_observed_at < excluded.first_observed_at THEN c.open ELSE excluded.open END,
    high = greatest(c.high, excluded.high), low = least(c.low, excluded.low),
    close = CASE WHEN c.last_observed_at > excluded.last_observed_at THEN c.close ELSE excluded.close END,
    observations = c.observations + excluded.observations, suspect = c.suspect OR excluded.suspect,
    first_observed_at = least(c.first_observed_at, excluded.first_observed_at),
    last_observed_at = greatest(c.last_observed_at, excluded.last_observed_at), computed_at = excluded.computed_at
),
latest AS (
  INSERT INTO mart.mart_latest_prices (coin_id, source, price_usd, observed_at, received_at, origin, position, suspect, computed_at)
  SELECT coin_id, source, price_usd, observed_at, received_at, origin, position, suspect, $5::timestamptz
  FROM added
  WHERE newest
  ON CONFLICT (coin_id) DO UPDATE SET
    source = excluded.source, price_usd = excluded.price_usd, observed_at = excluded.observed_at, received_at = excluded.received_at,
    origin = excluded.origin, position = excluded.position, suspect = excluded.suspect, computed_at = excluded.computed_at
)
SELECT number::integer - 1 AS span, observed_at AS suspect_at FROM added WHERE suspect
UNION ALL
SELECT number::integer - 1, NULL
FROM unnest($1::text[]) WITH ORDINALITY AS k (coin_id, number)
WHERE number NOT IN (SELECT number FROM added)
