-- Marks in staging.stg_prices the prices that jumped further than the platform believes without a second look, and returns the
-- rows that are marked now or whose mark changed; remarked: changed, and of the source that feeds the coin. suspect is a function of the row and its predecessor by observed_at: more than 25 %
-- away from a predecessor at most an hour older. So the successor of each span is redone as well.
-- $1 coin_ids, $2 sources, $3 first and $4 last instants: the spans, both ends included; their prices may have changed.
-- OFFSET 0: the index is read span by span, whatever the planner believes about the table.
WITH span AS (
  SELECT
    k.*,
    ( SELECT p.observed_at FROM staging.stg_prices AS p
      WHERE p.coin_id = k.coin_id AND p.source = k.source
        AND p.observed_at < k.first_at AND p.observed_at >= k.first_at - interval '1 hour'
      ORDER BY p.observed_at DESC LIMIT 1
    ) AS before_at,
    ( SELECT n.observed_at FROM staging.stg_prices AS n
      WHERE n.coin_id = k.coin_id AND n.source = k.source
        AND n.observed_at > k.last_at AND n.observed_at <= k.last_at + interval '1 hour'
      ORDER BY n.observed_at LIMIT 1
    ) AS after_at
  FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
    AS k (coin_id, source, first_at, last_at, number)
),
neighbours AS (
  SELECT
    k.coin_id, k.source, k.first_at, s.observed_at, s.price_usd, s.suspect AS was,
    lag(s.observed_at) OVER w AS before_at, lag(s.price_usd) OVER w AS before_usd
  FROM span AS k
  CROSS JOIN LATERAL (
    SELECT s.observed_at, s.price_usd, s.suspect FROM staging.stg_prices AS s
    WHERE s.coin_id = k.coin_id AND s.source = k.source
      AND s.observed_at BETWEEN coalesce(k.before_at, k.first_at) AND coalesce(k.after_at, k.last_at)
    OFFSET 0
  ) AS s
  WINDOW w AS (PARTITION BY k.number ORDER BY s.observed_at)
),
judged AS MATERIALIZED (
  SELECT coin_id, source, observed_at, was, suspect
  FROM neighbours
  CROSS JOIN LATERAL (
    SELECT coalesce(
      before_at >= observed_at - interval '1 hour' AND greatest(price_usd, before_usd) > 1.25 * least(price_usd, before_usd), false
    ) AS suspect
  ) AS judgement
  WHERE observed_at >= first_at AND (suspect OR was)
),
marked AS (
  UPDATE staging.stg_prices AS s SET suspect = j.suspect
  FROM judged AS j
  WHERE j.suspect <> j.was AND s.coin_id = j.coin_id AND s.source = j.source AND s.observed_at = j.observed_at
)
SELECT
  coin_id, source, observed_at, suspect,
  suspect <> was AND EXISTS (SELECT FROM ops.tracked_coins AS t WHERE t.coin_id = j.coin_id AND t.source = j.source) AS remarked
FROM judged AS j
