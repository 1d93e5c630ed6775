-- Grain: one coin, one snapshot: a fetch of /coins/markets ('snapshot'), or the cap and volume of a daily history point ('1d').
-- Numbers go from jsonb to numeric as text: no digit is lost. A cap, a supply or an extreme price of 0 is how the
-- source says that it knows none. $1: the origin of a fetch or of a history call, null for all.
SELECT DISTINCT ON (coin_id, source, observed_at, grain) *
FROM (
  SELECT coin_id, source, fetched_at AS observed_at, 'snapshot' AS grain,
    trim_scale((payload ->> 'current_price')::numeric) AS price_usd,
    trim_scale(nullif((payload ->> 'market_cap')::numeric, 0)) AS market_cap_usd,
    (payload ->> 'market_cap_rank')::numeric::integer AS market_cap_rank,
    trim_scale(nullif((payload ->> 'fully_diluted_valuation')::numeric, 0)) AS fully_diluted_valuation_usd,
    trim_scale((payload ->> 'total_volume')::numeric) AS volume_24h_usd,
    trim_scale(nullif((payload ->> 'circulating_supply')::numeric, 0)) AS circulating_supply,
    trim_scale(nullif((payload ->> 'total_supply')::numeric, 0)) AS total_supply,
    trim_scale(nullif((payload ->> 'max_supply')::numeric, 0)) AS max_supply,
    trim_scale((payload ->> 'high_24h')::numeric) AS high_24h_usd,
    trim_scale((payload ->> 'low_24h')::numeric) AS low_24h_usd,
    trim_scale(nullif((payload ->> 'ath')::numeric, 0)) AS ath_usd,
    (payload ->> 'ath_date')::timestamptz(3) AS ath_at,
    trim_scale(nullif((payload ->> 'atl')::numeric, 0)) AS atl_usd,
    (payload ->> 'atl_date')::timestamptz(3) AS atl_at,
    (payload ->> 'last_updated')::timestamptz(3) AS source_updated_at,
    fetched_at AS received_at, origin, position::bigint AS position
  FROM raw.raw_market_data
  WHERE $1::text IS NULL OR origin = $1
  UNION ALL
  SELECT coin_id, source, observed_at, '1d',
    NULL, trim_scale(nullif((payload ->> 'market_cap')::numeric, 0)), NULL, NULL, trim_scale((payload ->> 'total_volume')::numeric),
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, received_at, origin, position
  FROM raw.raw_prices
  WHERE ($1::text IS NULL OR origin = $1) AND grain = '1d' AND observed_at = date_trunc('day', observed_at, 'UTC')
    AND coalesce(payload ->> 'market_cap', payload ->> 'total_volume') IS NOT NULL
) AS snapshots
ORDER BY coin_id, source, observed_at, grain, received_at DESC, origin DESC, position DESC
