/**
 * The statements that fill a market. A price is a function of its coin and its instant, smooth enough that none is suspect; a tick's
 * position is its place in its partition of the log. Buckets are (start, end], and instants have milliseconds.
 */

const PRICE = `trim_scale(round((base * (1 + 0.2 * sin(seconds / slow + number) + 0.02 * sin(seconds / quick)))::numeric, digits))`;

/** $1: where the ticks begin; $2: how many days before that. The last point is the close of the day before the first tick. */
export const LOAD_DAILY_POINTS = `
INSERT INTO raw.raw_prices (origin, position, observed_at, source, coin_id, price_usd, grain, received_at, payload)
SELECT 'history/' || number || '/1', day, at, 'simulator', coin_id, price, '1d', $1::timestamptz,
  jsonb_build_object('timestamp', (seconds * 1000)::bigint, 'price', price, 'market_cap', round(price * 1e7), 'total_volume', round(price * 1e5))
FROM bench_coins
CROSS JOIN generate_series(0, $2::integer - 1) AS day
CROSS JOIN LATERAL (SELECT $1::timestamptz - make_interval(hours => 24 * ($2::integer - 1 - day)) AS at) AS instant
CROSS JOIN LATERAL (SELECT extract(epoch FROM at)::float8 AS seconds) AS clock
CROSS JOIN LATERAL (SELECT ${PRICE} AS price) AS priced`;

/**
 * What a first history load stores: daily points of 400 days, hourly ones of 90, five-minute ones of one; all but the daily ones lie off
 * the grid. $1: the end of the newest day.
 */
export const LOAD_HISTORY = `
INSERT INTO raw.raw_prices (origin, position, observed_at, source, coin_id, price_usd, grain, received_at, payload)
SELECT 'history/' || number * 3 + series || '/1', point, at, 'simulator', coin_id, price, grain, $1::timestamptz + interval '1 minute',
  jsonb_build_object('timestamp', (seconds * 1000)::bigint, 'price', price, 'market_cap', round(price * 1e7), 'total_volume', round(price * 1e5))
FROM bench_coins
CROSS JOIN (VALUES (0, '1d'::staging.price_grain, interval '24 hours', 400), (1, '1h', '1 hour', 2160), (2, '5m', '5 minutes', 288))
  AS series (series, grain, spacing, points)
CROSS JOIN LATERAL generate_series(0, points - 1) AS point
CROSS JOIN LATERAL (SELECT $1::timestamptz - spacing * (points - 1 - point) - series * interval '17 seconds' AS at) AS instant
CROSS JOIN LATERAL (SELECT extract(epoch FROM at)::float8 AS seconds) AS clock
CROSS JOIN LATERAL (SELECT ${PRICE} AS price) AS priced`;

/** $1: where they begin; $2: days; $3: ticks of a coin in a day; $4: which half of the coins. In the order of their arrival. */
export const LOAD_TICKS = `
INSERT INTO raw.raw_prices (origin, position, observed_at, source, coin_id, price_usd, grain, received_at, payload)
SELECT 'market.prices.v1/' || partition, tick::bigint * siblings + place, at, 'simulator', coin_id, price, 'tick', at + interval '1 second',
  jsonb_build_object('usd', price, 'last_updated_at', floor(seconds)::bigint)
FROM generate_series(0, $2::integer * $3::integer - 1) AS tick
CROSS JOIN (
  SELECT *, count(*) OVER (PARTITION BY partition) AS siblings, row_number() OVER (PARTITION BY partition ORDER BY number) - 1 AS place
  FROM bench_coins
) AS coin
CROSS JOIN LATERAL (SELECT $1::timestamptz + (tick + phase) * (interval '24 hours' / $3::integer) AS at) AS exact
CROSS JOIN LATERAL (SELECT extract(epoch FROM at)::float8 AS seconds) AS clock
CROSS JOIN LATERAL (SELECT ${PRICE} AS price) AS priced
WHERE number % 2 = $4::integer`;

export const LOAD_STAGING = `
INSERT INTO staging.stg_prices (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position)
SELECT coin_id, source, observed_at, price_usd, grain, 0, false, received_at, origin, position FROM raw.raw_prices`;

/** Each level from the one below it and the points of its own grain; ticks are over a minute apart. $1: no tick is younger. */
export const LOAD_CANDLES = [
  `INSERT INTO mart.mart_price_candles
     (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
   SELECT coin_id, '1m', ${bucketOf('1 minute', 'observed_at')}, price_usd, price_usd, price_usd, price_usd, 1, false, observed_at, observed_at, $1::timestamptz
   FROM staging.stg_prices WHERE grain = 'tick'`,
  candles('5m', '5 minutes', below('1m')),
  candles('1h', '1 hour', below('5m')),
  candles(
    '1d',
    '24 hours',
    `${below('1h')} UNION ALL
    SELECT coin_id, observed_at, price_usd, price_usd, price_usd, price_usd, 1, observed_at, observed_at FROM staging.stg_prices WHERE grain = '1d'`,
  ),
  `INSERT INTO mart.mart_latest_prices (coin_id, source, price_usd, observed_at, received_at, origin, position, suspect, computed_at)
   SELECT DISTINCT ON (coin_id) coin_id, source, price_usd, observed_at, received_at, origin, position, suspect, $1::timestamptz
   FROM staging.stg_prices WHERE grain = 'tick' AND observed_at > $1::timestamptz - interval '24 hours' ORDER BY coin_id, observed_at DESC`,
];

function bucketOf(width: string, at: string): string {
  return `date_bin('${width}', ${at} - interval '1 millisecond', '2000-01-01T00:00:00Z')`;
}

function below(interval: string): string {
  return `SELECT coin_id, last_observed_at AS at, open, high, low, close, observations, first_observed_at AS first_at, last_observed_at AS last_at
    FROM mart.mart_price_candles WHERE interval = '${interval}'`;
}

function candles(interval: string, width: string, parts: string): string {
  return `
INSERT INTO mart.mart_price_candles
  (coin_id, interval, bucket_start, open, high, low, close, observations, suspect, first_observed_at, last_observed_at, computed_at)
SELECT coin_id, '${interval}', bucket, (array_agg(open ORDER BY first_at))[1], max(high), min(low), (array_agg(close ORDER BY last_at DESC))[1],
  sum(observations), false, min(first_at), max(last_at), $1::timestamptz
FROM (SELECT *, ${bucketOf(width, 'at')} AS bucket FROM (${parts}) AS part) AS placed
GROUP BY coin_id, bucket`;
}

/** One fetch of /coins/markets five seconds after the end of each day that is published. $1: the first tick; $2: the last such day. */
export const LOAD_SNAPSHOTS = `
INSERT INTO raw.raw_market_data (origin, position, source, coin_id, fetched_at, payload)
SELECT 'simulator/coins/markets/' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), number, 'simulator', coin_id, at,
  jsonb_build_object('id', coin_id, 'symbol', left(coin_id, 4), 'name', initcap(coin_id), 'image', 'https://example.org/' || coin_id || '.png',
    'current_price', price, 'market_cap', round(price * 1e7), 'market_cap_rank', number, 'total_volume', round(price * 1e5),
    'fully_diluted_valuation', round(price * 1.1e7), 'circulating_supply', 10000000, 'total_supply', 11000000, 'max_supply', 21000000,
    'high_24h', price * 1.01, 'low_24h', price * 0.99, 'ath', round(base * 2), 'ath_date', '2025-01-20T07:00:00Z', 'atl', price / 100,
    'atl_date', '2013-07-06T00:00:00Z', 'last_updated', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
FROM generate_series(date_trunc('day', $1::timestamptz, 'UTC') + interval '24 hours', ($2::date + 1)::timestamp AT TIME ZONE 'UTC', interval '24 hours') AS day_end
CROSS JOIN bench_coins
CROSS JOIN LATERAL (SELECT day_end + interval '5 seconds' AS at) AS instant
CROSS JOIN LATERAL (SELECT extract(epoch FROM at)::float8 AS seconds) AS clock
CROSS JOIN LATERAL (SELECT ${PRICE} AS price) AS priced`;

/**
 * The marks of the days to come, as they stand when a day ends: the stream makes one a batch, and housekeeping, at 17 minutes past the
 * hour, leaves one for each coin. $1: the newest published day.
 */
export const LOAD_MARKS = `
INSERT INTO ops.changed_days (coin_id, day)
SELECT coin_id, day FROM bench_coins
CROSS JOIN generate_series($1::date + 1, (SELECT (max(observed_at) AT TIME ZONE 'UTC')::date FROM mart.mart_latest_prices), interval '1 day') AS day
UNION ALL
SELECT s.coin_id, day FROM bench_coins AS c
CROSS JOIN generate_series($1::date + 1, (SELECT (max(observed_at) AT TIME ZONE 'UTC')::date FROM mart.mart_latest_prices), interval '1 day') AS day
JOIN staging.stg_prices AS s ON s.coin_id = c.coin_id AND s.source = 'simulator'
  AND s.observed_at > day::timestamp AT TIME ZONE 'UTC' + interval '23 hours 17 minutes' AND s.observed_at <= day::timestamp AT TIME ZONE 'UTC' + interval '24 hours'`;
