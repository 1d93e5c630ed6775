/**
 * The overview's sums and counts made once more, one figure at a time, from what the closes and the snapshots say. Days with marks
 * that no publish has taken yet are left out.
 */
import { reconciliation } from '../reconciliation.js';

export const overviewSums = reconciliation(
  'sums over the coins = the overview',
  ({ rows }) => `
    SELECT concat(t.day, ': ', CASE WHEN caps.total IS DISTINCT FROM t.total_market_cap_usd THEN 'market cap'
      WHEN coins.total <> t.coin_count THEN 'coin count' ELSE 'gainers or losers' END) AS key
    FROM ${rows} AS t
    CROSS JOIN LATERAL (
      SELECT count(*) AS total, count(*) FILTER (WHERE p.return_1d_pct > 0) AS up, count(*) FILTER (WHERE p.return_1d_pct < 0) AS down
      FROM ops.tracked_coins AS c JOIN mart.mart_crypto_performance AS p ON p.coin_id = c.coin_id AND p.day = t.day
    ) AS coins
    CROSS JOIN LATERAL (
      SELECT sum(newest.market_cap_usd) AS total
      FROM (
        SELECT m.market_cap_usd, row_number() OVER (
          PARTITION BY m.coin_id ORDER BY CASE m.grain WHEN 'snapshot' THEN 0 ELSE 1 END, m.observed_at) AS choice
        FROM ops.tracked_coins AS c
        JOIN mart.mart_crypto_performance AS p ON p.coin_id = c.coin_id AND p.day = t.day
        JOIN staging.stg_market_data AS m ON m.coin_id = c.coin_id AND m.source = c.source
        WHERE m.observed_at >= (t.day + 1)::timestamp AT TIME ZONE 'UTC'
          AND m.observed_at <= (t.day + 1)::timestamp AT TIME ZONE 'UTC' + CASE m.grain WHEN 'snapshot' THEN interval '1 hour' ELSE interval '0' END
      ) AS newest WHERE choice = 1
    ) AS caps
    WHERE (caps.total IS DISTINCT FROM t.total_market_cap_usd OR coins.total <> t.coin_count OR coins.up <> t.gainers OR coins.down <> t.losers)
      AND NOT EXISTS (SELECT FROM ops.changed_days AS pending WHERE pending.day BETWEEN t.day - 1 AND t.day)`,
);
