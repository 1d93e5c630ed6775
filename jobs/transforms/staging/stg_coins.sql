-- Grain: one coin, as its newest fetch says. $1: the origin of a fetch, null for all.
SELECT DISTINCT ON (coin_id) coin_id, source,
  payload ->> 'symbol' AS symbol,
  payload ->> 'name' AS name,
  CASE WHEN payload ->> 'image' ~ '^https?://' THEN payload ->> 'image' END AS image_url,
  CASE WHEN (payload ->> 'last_updated')::timestamptz < fetched_at - interval '7 days' THEN 'inactive' ELSE 'active' END AS status,
  fetched_at
FROM raw.raw_market_data
WHERE $1::text IS NULL OR origin = $1
ORDER BY coin_id, fetched_at DESC, source DESC, origin DESC, position DESC
