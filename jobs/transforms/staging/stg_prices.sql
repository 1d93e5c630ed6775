-- Brings staging.stg_prices up to date with raw.raw_prices within the given spans, marks in ops.changed_days the days that changed, and
-- returns for each span and day the first and the last instant whose price or grain is another now; of sources that feed their coins.
-- Grain: one (coin_id, source, observed_at): the value of the greatest (received_at, origin, position) ever received,
-- the finest grain, and how often the value changed on the way. A function of raw alone, so any order of arrival gives the same row.
-- $1 coin_ids, $2 sources, $3 first and $4 last instants: the spans, both ends included, none overlapping another.
-- OFFSET 0: an index is read span by span, whatever the planner believes about the table. Who writes here holds the coin's lock, so a
-- key that was not there at the start of the statement is not there at its end either.
WITH span AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
    AS k (coin_id, source, first_at, last_at, number)
),
received AS MATERIALIZED (
  SELECT k.number, r.*
  FROM span AS k
  CROSS JOIN LATERAL (
    SELECT r.observed_at, r.price_usd, r.grain, r.received_at, r.origin, r.position FROM raw.raw_prices AS r
    WHERE r.coin_id = k.coin_id AND r.source = k.source AND r.observed_at BETWEEN k.first_at AND k.last_at
    OFFSET 0
  ) AS r
),
counted AS MATERIALIZED ( -- most observations are received once: of those the greatest value is the only one
  SELECT
    number, observed_at, count(*) AS times, max(price_usd) AS price_usd, min(grain) AS grain,
    max(received_at) AS received_at, max(origin) AS origin, max(position) AS position
  FROM received
  GROUP BY number, observed_at
),
repeated AS (
  SELECT
    r.number, r.observed_at, r.price_usd, r.received_at, r.origin, r.position, min(r.grain) OVER w AS grain,
    (r.price_usd <> lag(r.price_usd) OVER w)::integer AS revised,
    lead(r.number) OVER w IS NULL AS newest
  FROM received AS r
  JOIN counted AS c ON c.number = r.number AND c.observed_at = r.observed_at AND c.times > 1
  WINDOW w AS (PARTITION BY r.number, r.observed_at ORDER BY r.received_at, r.origin, r.position)
),
merged AS MATERIALIZED (
  SELECT number, observed_at, price_usd, grain, 0 AS revisions, received_at, origin, position FROM counted WHERE times = 1
  UNION ALL
  SELECT
    number, observed_at, max(price_usd) FILTER (WHERE newest), min(grain), coalesce(sum(revised), 0)::integer,
    max(received_at) FILTER (WHERE newest), max(origin) FILTER (WHERE newest), max(position) FILTER (WHERE newest)
  FROM repeated
  GROUP BY number, observed_at
),
stored AS MATERIALIZED (
  SELECT k.number, s.*
  FROM span AS k
  CROSS JOIN LATERAL (
    SELECT s.observed_at, s.price_usd, s.grain, s.revisions, s.suspect, s.received_at, s.origin, s.position FROM staging.stg_prices AS s
    WHERE s.coin_id = k.coin_id AND s.source = k.source AND s.observed_at BETWEEN k.first_at AND k.last_at
    OFFSET 0
  ) AS s
),
fresh AS (
  INSERT INTO staging.stg_prices (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position)
  SELECT k.coin_id, k.source, m.observed_at, m.price_usd, m.grain, m.revisions, false, m.received_at, m.origin, m.position
  FROM merged AS m
  JOIN span AS k USING (number)
  WHERE NOT EXISTS (SELECT FROM stored AS s WHERE s.number = m.number AND s.observed_at = m.observed_at)
),
restated AS (
  INSERT INTO staging.stg_prices (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position)
  SELECT k.coin_id, k.source, m.observed_at, m.price_usd, m.grain, m.revisions, s.suspect, m.received_at, m.origin, m.position
  FROM merged AS m
  JOIN stored AS s USING (number, observed_at)
  JOIN span AS k USING (number)
  WHERE (m.received_at, m.origin, m.position, m.grain, m.revisions)
    IS DISTINCT FROM (s.received_at, s.origin, s.position, s.grain, s.revisions)
  ON CONFLICT (coin_id, source, observed_at) DO UPDATE SET
    price_usd = excluded.price_usd,
    grain = excluded.grain,
    revisions = excluded.revisions,
    received_at = excluded.received_at,
    origin = excluded.origin,
    position = excluded.position
),
changed AS MATERIALIZED (
  SELECT
    m.number, ((m.observed_at - interval '1 millisecond') AT TIME ZONE 'UTC')::date AS day,
    min(m.observed_at) AS first_at, max(m.observed_at) AS last_at
  FROM merged AS m
  LEFT JOIN stored AS s USING (number, observed_at)
  WHERE s.number IS NULL OR s.price_usd <> m.price_usd OR s.grain <> m.grain
  GROUP BY 1, 2
),
marked AS (
  INSERT INTO ops.changed_days (coin_id, day)
  SELECT DISTINCT k.coin_id, c.day
  FROM changed AS c
  JOIN span AS k USING (number)
)
SELECT c.number::integer - 1 AS span, c.first_at, c.last_at
FROM changed AS c
JOIN span AS k USING (number)
JOIN ops.tracked_coins AS t ON t.coin_id = k.coin_id AND t.source = k.source
ORDER BY c.number, c.first_at
