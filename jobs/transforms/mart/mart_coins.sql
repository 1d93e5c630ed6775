-- Grain: one tracked coin that a fetch has named, with its newest snapshot; where it has none, the cap and volume of its newest
-- history point. Two probes of an index a coin, so all coins are made at once.
SELECT tracked.coin_id, tracked.source, coin.symbol, coin.name, coin.image_url,
  market.market_cap_rank AS rank, market.market_cap_usd, market.fully_diluted_valuation_usd, market.volume_24h_usd,
  market.circulating_supply, market.total_supply, market.max_supply, market.high_24h_usd, market.low_24h_usd,
  market.ath_usd, market.ath_at, market.atl_usd, market.atl_at, market.observed_at AS market_observed_at
FROM ops.tracked_coins AS tracked
JOIN staging.stg_coins AS coin USING (coin_id)
LEFT JOIN LATERAL (
  (SELECT * FROM staging.stg_market_data AS m
   WHERE m.coin_id = tracked.coin_id AND m.source = tracked.source AND m.grain = 'snapshot'
   ORDER BY m.observed_at DESC LIMIT 1)
  UNION ALL
  (SELECT * FROM staging.stg_market_data AS m
   WHERE m.coin_id = tracked.coin_id AND m.source = tracked.source AND m.grain = '1d'
   ORDER BY m.observed_at DESC LIMIT 1)
  LIMIT 1
) AS market ON true
