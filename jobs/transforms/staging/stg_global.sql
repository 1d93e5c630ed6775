-- Grain: one fetch of /global. $1: its origin, null for all.
SELECT DISTINCT ON (source, fetched_at) source, fetched_at AS observed_at,
  trim_scale((figures -> 'total_market_cap' ->> 'usd')::numeric) AS market_cap_usd,
  trim_scale((figures -> 'total_volume' ->> 'usd')::numeric) AS volume_24h_usd,
  (figures -> 'market_cap_percentage' ->> 'btc')::double precision AS bitcoin_dominance_pct,
  (figures -> 'market_cap_percentage' ->> 'eth')::double precision AS ethereum_dominance_pct,
  to_timestamp((figures ->> 'updated_at')::double precision)::timestamptz(3) AS source_updated_at,
  origin
FROM raw.raw_global
CROSS JOIN LATERAL (SELECT payload -> 'data' AS figures) AS body
WHERE $1::text IS NULL OR origin = $1
ORDER BY source, fetched_at, origin DESC
