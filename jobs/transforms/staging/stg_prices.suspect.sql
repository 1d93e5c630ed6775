-- Marks in staging.stg_prices the prices that jumped further than the platform believes without a second look, and returns the
-- rows that are marked now or whose mark changed. suspect is a function of the row and its predecessor by observed_at: more than 25 %
-- away from a predecessor at most an hour older. So the successor of each given key is redone as well.
-- $1 coin_ids, $2 sources, $3 observed_ats: the keys whose price changed.
WITH touched AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS k (coin_id, source, observed_at)
),
affected AS (
  SELECT coin_id, source, observed_at FROM touched
  UNION
  SELECT k.coin_id, k.source, successor.observed_at
  FROM touched AS k
  CROSS JOIN LATERAL (
    SELECT s.observed_at FROM staging.stg_prices AS s
    WHERE s.coin_id = k.coin_id AND s.source = k.source
      AND s.observed_at > k.observed_at AND s.observed_at <= k.observed_at + interval '1 hour'
    ORDER BY s.observed_at LIMIT 1
  ) AS successor
),
judged AS (
  SELECT
    a.coin_id, a.source, a.observed_at, s.suspect AS was,
    coalesce(greatest(s.price_usd, p.price_usd) > 1.25 * least(s.price_usd, p.price_usd), false) AS suspect
  FROM affected AS a
  CROSS JOIN LATERAL ( -- OFFSET 0: the index is probed key by key, whatever the planner believes about the table
    SELECT * FROM staging.stg_prices AS s
    WHERE s.coin_id = a.coin_id AND s.source = a.source AND s.observed_at = a.observed_at
    OFFSET 0
  ) AS s
  LEFT JOIN LATERAL (
    SELECT p.price_usd FROM staging.stg_prices AS p
    WHERE p.coin_id = a.coin_id AND p.source = a.source
      AND p.observed_at < a.observed_at AND p.observed_at >= a.observed_at - interval '1 hour'
    ORDER BY p.observed_at DESC LIMIT 1
  ) AS p ON true
),
marked AS (
  UPDATE staging.stg_prices AS s SET suspect = j.suspect
  FROM judged AS j
  WHERE j.suspect <> j.was AND s.coin_id = j.coin_id AND s.source = j.source AND s.observed_at = j.observed_at
)
SELECT coin_id, source, observed_at, suspect, suspect <> was AS changed FROM judged WHERE suspect OR was
