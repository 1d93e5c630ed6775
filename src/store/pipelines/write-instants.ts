/** When rows of each dataset were last written. Grain: one dataset that has rows. Each part reads an index or a small table: it is asked often. */
import type { Queryable } from '../../platform/postgres/database.js';

/** The stream writes raw, staging, candles and the latest price in one transaction. Rows of a fetch bear its instant. */
export async function getWriteInstants(db: Queryable): Promise<Map<string, Date>> {
  const { rows } = await db.query<{ name: string; at: Date }>({
    name: 'get-write-instants',
    text: `SELECT name, max(at) AS at FROM (
             SELECT name, updated_at AS at FROM ops.datasets
             UNION ALL
             SELECT name, at FROM (SELECT max(computed_at) AS at FROM mart.mart_latest_prices) AS stream
             CROSS JOIN unnest(ARRAY['raw.raw_prices', 'staging.stg_prices', 'mart.mart_latest_prices', 'mart.mart_price_candles']) AS name
             UNION ALL
             SELECT name, at FROM (SELECT max(fetched_at) AS at FROM staging.stg_coins) AS listing
             CROSS JOIN unnest(ARRAY['raw.raw_market_data', 'staging.stg_coins', 'staging.stg_market_data']) AS name
             UNION ALL
             SELECT name, at FROM (SELECT max(fetched_at) AS at FROM raw.raw_global) AS global
             CROSS JOIN unnest(ARRAY['raw.raw_global', 'staging.stg_global']) AS name
             UNION ALL
             SELECT 'mart.mart_alerts', max(triggered_at) FROM mart.mart_alerts
           ) AS written WHERE at IS NOT NULL GROUP BY name`,
  });
  return new Map(rows.map((row) => [row.name, row.at]));
}
