-- Brings mart.mart_latest_prices up to date for the given coins: the newest tick of the source that feeds the coin.
-- Grain: one coin. $1 coin_ids. $2 now. What stands there already bounds the search: a scan from the end reads all of its page otherwise.
INSERT INTO mart.mart_latest_prices AS l (coin_id, source, price_usd, observed_at, received_at, origin, position, suspect, computed_at)
SELECT t.coin_id, t.source, s.price_usd, s.observed_at, s.received_at, s.origin, s.position, s.suspect, $2::timestamptz
FROM ops.tracked_coins AS t
CROSS JOIN LATERAL (
  SELECT * FROM staging.stg_prices AS s
  WHERE s.coin_id = t.coin_id AND s.source = t.source AND s.grain = 'tick' AND s.observed_at >= coalesce(
    (SELECT known.observed_at FROM mart.mart_latest_prices AS known WHERE known.coin_id = t.coin_id AND known.source = t.source), '-infinity')
  ORDER BY s.observed_at DESC LIMIT 1
) AS s
WHERE t.coin_id = ANY ($1::text[])
ON CONFLICT (coin_id) DO UPDATE SET
  source = excluded.source, price_usd = excluded.price_usd, observed_at = excluded.observed_at, received_at = excluded.received_at,
  origin = excluded.origin, position = excluded.position, suspect = excluded.suspect, computed_at = excluded.computed_at
WHERE (l.source, l.price_usd, l.observed_at, l.received_at, l.origin, l.position, l.suspect)
  IS DISTINCT FROM (excluded.source, excluded.price_usd, excluded.observed_at, excluded.received_at, excluded.origin,
                    excluded.position, excluded.suspect)
