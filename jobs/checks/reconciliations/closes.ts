/**
 * Closes made once more, straight from raw and past staging and candles: the newest word on the last observation of the day's last
 * six hours. Days whose raw is gone, and days with marks that no publish has taken yet, are left out.
 */
import { reconciliation } from '../reconciliation.js';

export const closesFromRaw = reconciliation(
  'close = the last raw price of the day',
  ({ days }) => `
    SELECT concat(d.coin_id, ' ', d.day, ': ', coalesce(mart.price_usd::text, 'no row'), ', raw has ', coalesce(raw.price_usd::text, 'none')) AS key
    FROM ${days} AS d
    JOIN ops.tracked_coins AS tracked ON tracked.coin_id = d.coin_id
    CROSS JOIN LATERAL (SELECT (d.day + 1)::timestamp AT TIME ZONE 'UTC' AS day_end) AS instant
    LEFT JOIN LATERAL (
      SELECT CASE WHEN r.price_usd BETWEEN 1e-100 AND 1e100 THEN r.price_usd END AS price_usd FROM raw.raw_prices AS r
      WHERE r.coin_id = d.coin_id AND r.source = tracked.source
        AND r.observed_at >= day_end - interval '6 hours' AND r.observed_at <= day_end
      ORDER BY r.observed_at DESC, r.received_at DESC, r.origin DESC, r.position DESC LIMIT 1
    ) AS raw ON true
    LEFT JOIN mart.mart_crypto_performance AS mart ON mart.coin_id = d.coin_id AND mart.day = d.day
    WHERE mart.price_usd IS DISTINCT FROM raw.price_usd
      AND NOT EXISTS (SELECT FROM ops.changed_days AS pending WHERE pending.coin_id = d.coin_id AND pending.day = d.day)`,
);
