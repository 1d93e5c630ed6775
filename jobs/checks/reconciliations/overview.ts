/**
 * The overview's sums and counts made once more, coin by coin from the closes and the snapshots. Days with marks that no publish has
 * taken yet are left out.
 */
import { reconciliation } from '../reconciliation.js';

export const overviewSums = reconciliation(
  'sums over the coins = the overview',
  ({ rows }) => `
    SELECT concat(t.day, ': ', CASE WHEN again.cap IS DISTINCT FROM t.total_market_cap_usd THEN 'market cap'
      WHEN again.volume IS DISTINCT FROM t.total_volume_24h_usd THEN 'volume' WHEN again.coins <> t.coin_count THEN 'coin count'
      ELSE 'gainers or losers' END) AS key
    FROM ${rows} AS t
    CROSS JOIN LATERAL (
      SELECT count(p.coin_id) AS coins, count(*) FILTER (WHERE p.return_1d_pct > 0) AS up, count(*) FILTER (WHERE p.return_1d_pct < 0) AS down,
        sum(m.market_cap_usd) FILTER (WHERE p.coin_id IS NOT NULL) AS cap, sum(m.volume_24h_usd) FILTER (WHERE p.coin_id IS NOT NULL) AS volume
      FROM ops.tracked_coins AS c
      LEFT JOIN mart.mart_crypto_performance AS p ON p.coin_id = c.coin_id AND p.day = t.day
      LEFT JOIN LATERAL (
        SELECT (array_agg(s ORDER BY CASE s.grain WHEN 'snapshot' THEN 0 ELSE 1 END, s.observed_at))[1] AS newest
        FROM staging.stg_market_data AS s
        WHERE s.coin_id = c.coin_id AND s.source = c.source AND s.observed_at >= (t.day + 1)::timestamp AT TIME ZONE 'UTC'
          AND s.observed_at <= (t.day + 1)::timestamp AT TIME ZONE 'UTC' + interval '1 hour'
          AND (s.grain = 'snapshot' OR s.observed_at = (t.day + 1)::timestamp AT TIME ZONE 'UTC')
      ) AS market ON true
      LEFT JOIN LATERAL (SELECT (market.newest).market_cap_usd, (market.newest).volume_24h_usd) AS m ON true
    ) AS again
    WHERE (again.cap IS DISTINCT FROM t.total_market_cap_usd OR again.volume IS DISTINCT FROM t.total_volume_24h_usd
        OR again.coins <> t.coin_count OR again.up <> t.gainers OR again.down <> t.losers)
      AND NOT EXISTS (SELECT FROM ops.changed_days AS pending WHERE pending.day BETWEEN t.day - 1 AND t.day)`,
);
