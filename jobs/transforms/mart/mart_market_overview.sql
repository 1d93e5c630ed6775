-- Grain: one UTC day of those in affected_mart_market_overview on which a tracked coin has a price, and at least one of these coins a
-- known market cap and one a known volume. What each column means stands in mart_market_overview.ts.
WITH figures AS (
  SELECT price.day, price.coin_id, price.return_1d_pct, market.market_cap_usd, market.volume_24h_usd
  FROM affected_mart_market_overview AS affected
  CROSS JOIN LATERAL ( -- OFFSET 0: the index is probed span by span, whatever the planner believes about the table
    SELECT * FROM mart.mart_crypto_performance AS p WHERE p.day BETWEEN affected.first_day AND affected.last_day OFFSET 0
  ) AS price
  JOIN ops.tracked_coins AS tracked USING (coin_id)
  CROSS JOIN LATERAL (SELECT (price.day + 1)::timestamp AT TIME ZONE 'UTC' AS day_end) AS instant
  LEFT JOIN LATERAL (
    SELECT m.market_cap_usd, m.volume_24h_usd
    FROM staging.stg_market_data AS m
    WHERE m.coin_id = price.coin_id AND m.source = tracked.source
      AND m.observed_at BETWEEN day_end AND day_end + interval '1 hour' AND (m.grain = 'snapshot' OR m.observed_at = day_end)
    ORDER BY m.grain = 'snapshot' DESC, m.observed_at LIMIT 1
  ) AS market ON true
),
totals AS (
  SELECT day, sum(market_cap_usd) AS market_cap, sum(volume_24h_usd) AS volume,
    sum(market_cap_usd) FILTER (WHERE coin_id = 'bitcoin') AS bitcoin_cap,
    sum(market_cap_usd) FILTER (WHERE coin_id = 'ethereum') AS ethereum_cap,
    count(*)::integer AS coins, count(return_1d_pct) AS moves,
    count(*) FILTER (WHERE return_1d_pct > 0)::integer AS gainers, count(*) FILTER (WHERE return_1d_pct < 0)::integer AS losers
  FROM figures
  GROUP BY day
)
SELECT day, trim_scale(market_cap) AS total_market_cap_usd, trim_scale(volume) AS total_volume_24h_usd,
  mart.significant((100 * bitcoin_cap / nullif(market_cap, 0))::double precision) AS bitcoin_dominance_pct,
  mart.significant((100 * ethereum_cap / nullif(market_cap, 0))::double precision) AS ethereum_dominance_pct,
  coins AS coin_count, gainers, losers,
  mart.significant(100 * gainers / nullif(moves, 0)::double precision) AS breadth_pct,
  overall.market_cap_usd AS global_market_cap_usd, overall.volume_24h_usd AS global_volume_24h_usd,
  overall.bitcoin_dominance_pct AS global_bitcoin_dominance_pct
FROM totals
LEFT JOIN LATERAL (
  SELECT g.*
  FROM (SELECT DISTINCT source FROM ops.tracked_coins) AS feeding
  JOIN staging.stg_global AS g ON g.source = feeding.source
    AND g.observed_at >= (day + 1)::timestamp AT TIME ZONE 'UTC' AND g.observed_at <= (day + 1)::timestamp AT TIME ZONE 'UTC' + interval '1 hour'
  ORDER BY g.observed_at, g.source LIMIT 1
) AS overall ON true
WHERE market_cap IS NOT NULL AND volume IS NOT NULL
