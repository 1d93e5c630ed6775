-- Brings staging.stg_prices up to date with raw.raw_prices for the given keys, and returns those that were there before
-- with the same price and grain: nothing follows from them.
-- Grain: one (coin_id, source, observed_at): the value of the greatest (received_at, origin, position) ever received,
-- the finest grain, and how often the value changed on the way. A function of raw alone, so any order of arrival gives the same row.
-- $1 coin_ids, $2 sources, $3 observed_ats: the keys, one each, equal lengths.
WITH touched AS (
  SELECT DISTINCT coin_id, source, observed_at
  FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS k (coin_id, source, observed_at)
),
received AS (
  SELECT
    k.coin_id, k.source, k.observed_at, r.price_usd, r.received_at, r.origin, r.position,
    min(r.grain) OVER w AS grain,
    (r.price_usd <> lag(r.price_usd) OVER w)::integer AS revised,
    row_number() OVER (PARTITION BY k.coin_id, k.source, k.observed_at ORDER BY r.received_at DESC, r.origin DESC, r.position DESC) AS newest
  FROM touched AS k
  CROSS JOIN LATERAL ( -- OFFSET 0: the index is probed key by key, whatever the planner believes about the table
    SELECT * FROM raw.raw_prices AS r
    WHERE r.coin_id = k.coin_id AND r.source = k.source AND r.observed_at = k.observed_at
    OFFSET 0
  ) AS r
  WINDOW w AS (PARTITION BY k.coin_id, k.source, k.observed_at ORDER BY r.received_at, r.origin, r.position)
),
merged AS (
  SELECT
    coin_id, source, observed_at,
    max(price_usd) FILTER (WHERE newest = 1) AS price_usd,
    min(grain) AS grain,
    coalesce(sum(revised), 0)::integer AS revisions,
    max(received_at) FILTER (WHERE newest = 1) AS received_at,
    max(origin) FILTER (WHERE newest = 1) AS origin,
    max(position) FILTER (WHERE newest = 1) AS position
  FROM received
  GROUP BY coin_id, source, observed_at
),
before AS (
  SELECT m.coin_id, m.source, m.observed_at, s.price_usd, s.grain
  FROM merged AS m
  CROSS JOIN LATERAL (
    SELECT * FROM staging.stg_prices AS s
    WHERE s.coin_id = m.coin_id AND s.source = m.source AND s.observed_at = m.observed_at
    OFFSET 0
  ) AS s
),
written AS (
  INSERT INTO staging.stg_prices AS s (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position)
  SELECT coin_id, source, observed_at, price_usd, grain, revisions, false, received_at, origin, position
  FROM merged
  ON CONFLICT (coin_id, source, observed_at) DO UPDATE SET
    price_usd = excluded.price_usd,
    grain = excluded.grain,
    revisions = excluded.revisions,
    received_at = excluded.received_at,
    origin = excluded.origin,
    position = excluded.position
  WHERE (s.received_at, s.origin, s.position, s.grain, s.revisions)
    IS DISTINCT FROM (excluded.received_at, excluded.origin, excluded.position, excluded.grain, excluded.revisions)
)
SELECT coin_id, source, m.observed_at
FROM merged AS m
JOIN before AS b USING (coin_id, source, observed_at)
WHERE b.price_usd = m.price_usd AND b.grain = m.grain
