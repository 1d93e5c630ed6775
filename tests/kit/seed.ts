/**
 * A small market, written by hand, as of NOW: five coins with everything that can be odd about them. Tests of queries ask for these rows.
 * bitcoin has everything, no two figures of its newest day and its market alike; ethereum a price without a day before; tether no market
 * snapshot; dogecoin tiny numbers and no price; "boringdao-[old]" nothing but a name. 2026-03-09 is the newest published day.
 */
import type { Database } from '../../src/platform/postgres/database.js';

export const NOW = '2026-03-10T12:00:30.000Z';

const COINS = `INSERT INTO mart.mart_coins (coin_id, source, symbol, name, image_url, rank, market_cap_usd, fully_diluted_valuation_usd,
    volume_24h_usd, circulating_supply, total_supply, max_supply, high_24h_usd, low_24h_usd, ath_usd, ath_at, atl_usd, atl_at,
    market_observed_at, computed_at) VALUES
  ('bitcoin', 'simulator', 'btc', 'Bitcoin', 'https://example.org/btc.png', 1, 1300000000000.50, 1400000000000, 35000000000, 19800000,
   19900000.00, 21000000, 66000, 64000.10, 109000, '2025-01-20T07:00:00Z', 67.81, '2013-07-06T00:00:00Z', '2026-03-10T00:00:05Z', '2026-03-10T00:01:00Z'),
  ('ethereum', 'simulator', 'eth', 'Ethereum', NULL, 2, 400000000000, NULL, 15000000000, 120000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   '2026-03-10T00:00:05Z', '2026-03-10T00:01:00Z'),
  ('tether', 'simulator', 'usdt', 'tether 100%', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, '2026-03-10T00:01:00Z'),
  ('dogecoin', 'simulator', 'eth', 'Dogecoin', NULL, 8, 690000000000000000000000000000.000000001, NULL, 0.0000000012060, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, '2026-03-10T00:00:05Z', '2026-03-10T00:01:00Z'),
  ('boringdao-[old]', 'simulator', '', 'Équilibre', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, '2026-03-10T00:01:00Z');
INSERT INTO ops.tracked_coins (coin_id, source, tracked_at) SELECT coin_id, source, '2026-03-01' FROM mart.mart_coins`;

// 24 hours before bitcoin's newest price: one at the very edge, one later that must not count, one of another source.
const PRICES = `INSERT INTO mart.mart_latest_prices (coin_id, source, price_usd, observed_at, received_at, origin, position, suspect, computed_at) VALUES
  ('bitcoin', 'simulator', 65000.10, '2026-03-10T12:00:00Z', '2026-03-10T12:00:01Z', 'market.prices.v1/0', 9, false, '2026-03-10T12:00:01Z'),
  ('ethereum', 'simulator', 0.0000000012060, '2026-03-10T11:59:30Z', '2026-03-10T11:59:31Z', 'market.prices.v1/1', 4, true, '2026-03-10T11:59:31Z'),
  ('tether', 'simulator', 1, '2026-03-10T12:00:00Z', '2026-03-10T12:00:01Z', 'market.prices.v1/2', 5, false, '2026-03-10T12:00:01Z');
INSERT INTO staging.stg_prices (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position) VALUES
  ('bitcoin', 'simulator', '2026-03-09T11:59:00Z', 52000, 'tick', 0, false, '2026-03-09T12:00:00Z', 'market.prices.v1/0', 1),
  ('bitcoin', 'simulator', '2026-03-09T12:00:00Z', 52000.08, 'tick', 0, false, '2026-03-09T12:00:01Z', 'market.prices.v1/0', 2),
  ('bitcoin', 'simulator', '2026-03-09T12:00:30Z', 1, 'tick', 0, false, '2026-03-09T12:00:31Z', 'market.prices.v1/0', 3),
  ('bitcoin', 'coingecko', '2026-03-09T12:00:00Z', 2, 'tick', 0, false, '2026-03-09T12:00:01Z', 'market.prices.v1/0', 4),
  ('ethereum', 'simulator', '2026-03-09T10:59:29Z', 1, 'tick', 0, false, '2026-03-09T11:00:00Z', 'market.prices.v1/1', 1),
  ('tether', 'simulator', '2026-03-09T11:00:00Z', 1, 'tick', 0, false, '2026-03-09T11:00:01Z', 'market.prices.v1/2', 1)`;

const CANDLES = `INSERT INTO mart.mart_price_candles (coin_id, interval, bucket_start, open, high, low, close, observations, suspect,
    first_observed_at, last_observed_at, computed_at)
  SELECT c, '1m', b, 100.10, 101, 99.5, 100 + extract(minute FROM b), 2, false, b + interval '1 second', b + interval '1 minute', b + interval '1 minute'
  FROM unnest('{bitcoin,ethereum}'::text[]) c, generate_series('2026-03-10T11:50:00Z'::timestamptz, '2026-03-10T12:00:00Z', '1 minute') b;
INSERT INTO mart.mart_price_candles SELECT 'bitcoin', '1d', d, 1, 2, 0.5, 1.5, 24, false, d + interval '1 hour', d + interval '1 day', d + interval '1 day'
  FROM generate_series('2026-03-07T00:00:00Z'::timestamptz, '2026-03-09T00:00:00Z', '1 day') d`;

const PERFORMANCE = `INSERT INTO mart.mart_crypto_performance (coin_id, day, price_usd, return_1d_pct, return_7d_pct, return_30d_pct, return_90d_pct,
    return_1y_pct, volatility_30d_pct, sharpe_30d, max_drawdown_90d_pct, sma_7_usd, sma_30_usd, rsi_14, beta_to_bitcoin_90d,
    correlation_to_bitcoin_90d, computed_at) VALUES
  ('bitcoin', '2026-03-08', 64000, 1.5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, '2026-03-09T00:01:00Z'),
  ('bitcoin', '2026-03-09', 65000.00, 1.5625, -3.25, 12.5, -20.125, 130.75, 48.0000000001, 1.875, -31.5, 64123.450, 61000.10, 55.5, 1.25, 0.75,
   '2026-03-10T00:01:00Z'),
  ('ethereum', '2026-03-09', 2000, -2.5, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-03-10T00:01:00Z'),
  ('tether', '2026-03-09', 1, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-03-10T00:01:00Z'),
  ('dogecoin', '2026-03-09', 0.0000000012060, 1.5625, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-03-10T00:01:00Z')`;

const OVERVIEWS = `INSERT INTO mart.mart_market_overview (day, total_market_cap_usd, total_volume_24h_usd, bitcoin_dominance_pct, ethereum_dominance_pct,
    coin_count, gainers, losers, breadth_pct, global_market_cap_usd, global_volume_24h_usd, global_bitcoin_dominance_pct, computed_at) VALUES
  ('2026-03-08', 1600000000000.10, 50000000000, 80.5, 19.5, 4, 2, 1, 50, NULL, NULL, NULL, '2026-03-09T00:01:00Z'),
  ('2026-03-09', 1700000000000.00, 50000000001, 76.47, 23.53, 4, 2, 1, 50, 2163547714415237000000, 90000000000, 58.1, '2026-03-10T00:01:00Z')`;

const ALERTS = `INSERT INTO ops.alert_rules (version, name, kind, coin_id, threshold, window_minutes, severity, cooldown_seconds, enabled, created_at, updated_at, deleted_at) VALUES
  (3, 'Bitcoin above 60k', 'PRICE_ABOVE', 'bitcoin', 60000.0, NULL, 'CRITICAL', 300, true, '2026-03-01', '2026-03-01', NULL),
  (1, 'Any coin falls', 'PCT_FALL', NULL, 0.0000000050, 60, 'INFO', 0, false, '2026-03-02', '2026-03-02', NULL),
  (1, 'Gone', 'PRICE_BELOW', 'ethereum', 1, NULL, 'WARNING', 300, false, '2026-03-02', '2026-03-02', '2026-03-03');
INSERT INTO mart.mart_alerts (alert_id, rule_id, rule_version, coin_id, kind, severity, threshold, window_minutes, observed, price_usd, source, observed_at,
    origin, position, triggered_at, late, status, acknowledged_at, resolved_at, message) VALUES
  ('a1', 1, 2, 'bitcoin', 'PRICE_ABOVE', 'CRITICAL', 60000.0, NULL, 60000.50, 60000.50, 'simulator', '2026-03-10T09:00:00Z', 'market.prices.v1/0', 1,
   '2026-03-10T09:00:01Z', false, 'RESOLVED', NULL, '2026-03-10T09:30:00Z', 'bitcoin is at 60000.5 USD, above 60000 USD'),
  ('a2', 1, 3, 'bitcoin', 'PRICE_ABOVE', 'CRITICAL', 60000.0, NULL, 61000, 61000, 'simulator', '2026-03-10T10:00:00Z', 'market.prices.v1/0', 2,
   '2026-03-10T10:00:01Z', false, 'FIRING', NULL, NULL, 'bitcoin is at 61000 USD, above 60000 USD'),
  ('a3', 3, 1, 'ethereum', 'PRICE_BELOW', 'WARNING', 1, NULL, 0.5, 0.5, 'simulator', '2026-03-10T09:50:00Z', 'market.prices.v1/1', 2,
   '2026-03-10T10:00:01Z', true, 'SUPPRESSED', NULL, NULL, 'ethereum is at 0.5 USD, below 1 USD'),
  ('a4', 2, 1, 'removed-coin', 'PCT_FALL', 'INFO', 0.0000000050, 60, -7.25, 3, 'simulator', '2026-03-10T11:00:00Z', 'market.prices.v1/3', 2,
   '2026-03-10T11:00:01Z', false, 'FIRING', NULL, NULL, 'removed-coin fell by 7.25 % in 60 min, more than 0.000000005 %')`;

const OPERATIONS = `INSERT INTO ops.datasets (name, grain, depends_on, version, definition_hash, published_through, updated_at) VALUES
  ('mart.mart_market_overview', 'one UTC day', '{mart.mart_crypto_performance,staging.stg_market_data}', 2, 'x', '2026-03-09', '2026-03-10T00:01:00Z'),
  ('mart.mart_crypto_performance', 'one coin and UTC day', '{mart.mart_price_candles}', 12345678901234567, 'x', '2026-03-09', '2026-03-10T00:01:00Z'),
  ('mart.mart_price_candles', 'one coin, interval and bucket', '{}', 0, 'x', NULL, NULL);
INSERT INTO ops.pipeline_runs (pipeline, slot, logical_date, attempt, status, requested_at, started_at, finished_at, error) VALUES
  ('daily', '2026-03-08', '2026-03-08', 1, 'FAILED', '2026-03-09T00:00:00Z', '2026-03-09T00:00:01Z', '2026-03-09T00:02:00Z', 'a check failed'),
  ('daily', '2026-03-09', '2026-03-09', 2, 'SUCCEEDED', '2026-03-10T00:00:00Z', '2026-03-10T00:00:01Z', '2026-03-10T00:01:00Z', NULL),
  ('restate', '2026-03-10T11:00:00.000Z', NULL, 1, 'QUEUED', '2026-03-10T11:00:00Z', NULL, NULL, NULL);
INSERT INTO ops.task_runs (run_id, run_attempt, name, attempt, status, started_at, finished_at, rows_written, error) VALUES
  (2, 1, 'fetch', 3, 'FAILED', '2026-03-10T00:00:01Z', '2026-03-10T00:00:05Z', NULL, 'timed out'),
  (2, 2, 'publish', 1, 'SUCCEEDED', '2026-03-10T00:00:30Z', '2026-03-10T00:01:00Z', 99999999999, NULL),
  (2, 2, 'fetch', 1, 'SUCCEEDED', '2026-03-10T00:00:10Z', '2026-03-10T00:00:20Z', NULL, NULL);
INSERT INTO ops.check_results (run_id, name, dataset, severity, status, failed_rows, message, checked_at) VALUES
  (2, 'price is positive', 'mart.mart_crypto_performance', 'ERROR', 'FAILED', 7, '7 rows break it', '2026-03-10T00:00:31Z'),
  (2, 'price is positive', 'mart.mart_crypto_performance', 'ERROR', 'PASSED', 0, NULL, '2026-03-10T00:00:40Z'),
  (NULL, 'jump', 'mart.mart_crypto_performance', 'WARN', 'WARNED', 3000000000, 'many', '2026-03-10T01:00:00Z');
INSERT INTO ops.rejected_rows (dataset, source, coin_id, origin, position, reason, payload, rejected_at) VALUES
  ('raw.raw_prices', 'simulator', 'bitcoin', 'market.prices.v1/0', 7, 'price is not a positive decimal', '{"usd":-1}', '2026-03-10T08:00:00Z'),
  ('raw.raw_prices', 'simulator', NULL, 'market.prices.v1/0', 9007199254740993, 'not JSON', '<html>', '2026-03-10T09:00:00Z'),
  ('raw.raw_market_data', 'simulator', 'ethereum', 'daily/2026-03-09/1', 3, 'unknown coin', '{}', '2026-03-10T10:00:00Z');
INSERT INTO ops.dead_letters (topic, partition, "offset", key, reason, payload, attempts, stored_at, redriven_at, discarded_at) VALUES
  ('market.prices.v1', 0, 9007199254740993, 'bitcoin', 'not JSON', convert_to('{"half', 'UTF8'), 1, '2026-03-10T08:00:00Z', NULL, NULL),
  ('market.prices.v1', 1, 5, NULL, 'not text', '\\xff00fe', 5, '2026-03-10T09:00:00Z', '2026-03-10T09:30:00Z', NULL)`;

export async function seedMarket(db: Pick<Database, 'pool'>): Promise<void> {
  for (const sql of [COINS, PRICES, CANDLES, PERFORMANCE, OVERVIEWS, ALERTS, OPERATIONS]) await db.pool.query(sql);
}

/** `count` more coins, coin-001 and so on, each with price, performance, hourly candles and an alert. */
export async function seedManyCoins(db: Pick<Database, 'pool'>, count: number): Promise<void> {
  const ids = `(SELECT 'coin-' || lpad(n::text, 3, '0') AS id, n FROM generate_series(1, ${count}) n) c`;
  for (const sql of [
    `INSERT INTO mart.mart_coins (coin_id, source, symbol, name, rank, market_cap_usd, market_observed_at, computed_at)
     SELECT id, 'simulator', 'c' || n, 'Coin ' || n, 100 + n, 1000000 - n, '${NOW}', '${NOW}' FROM ${ids}`,
    `INSERT INTO mart.mart_latest_prices SELECT id, 'simulator', n, '${NOW}', '${NOW}', 'o', n, false, '${NOW}' FROM ${ids}`,
    `INSERT INTO staging.stg_prices SELECT id, 'simulator', '${NOW}'::timestamptz - interval '24 hours', 2 * n, 'tick', 0, false, '${NOW}', 'o', n FROM ${ids}`,
    `INSERT INTO mart.mart_crypto_performance (coin_id, day, price_usd, return_1d_pct, computed_at) SELECT id, '2026-03-09', n, n / 10.0, '${NOW}' FROM ${ids}`,
    `INSERT INTO mart.mart_price_candles SELECT id, '1h', h, n, n + 1, n, n, 2, false, h, h, '${NOW}'
     FROM ${ids}, generate_series('2026-03-09T00:00:00Z'::timestamptz, '2026-03-10T11:00:00Z', '1 hour') h`,
    `INSERT INTO mart.mart_alerts SELECT 'many-' || id || k, 1, 1, id, 'PRICE_ABOVE', 'INFO', 1, NULL, 2, 2, 'simulator', '${NOW}', 'o', n,
       '${NOW}'::timestamptz - k * interval '1 minute', false, 'RESOLVED', NULL, NULL, 'm' FROM ${ids}, generate_series(1, 3) k`,
  ]) {
    await db.pool.query(sql);
  }
}
