-- The whole storage of the platform: raw -> staging -> mart, and ops beside them.
-- Money and quantities are numeric without a scale; instants are timestamptz(3), UTC.
-- A bucket and a day are (start, end]: an observation exactly on a boundary closes the bucket before it.

CREATE SCHEMA raw;
CREATE SCHEMA raw_partitions; -- the monthly children of raw.raw_prices; a schema of its own that Prisma does not list
CREATE SCHEMA staging;
CREATE SCHEMA mart;
CREATE SCHEMA ops;

-- Finest first: min(grain) is the finest.
CREATE TYPE staging.price_grain AS ENUM ('tick', '5m', '1h', '1d');
CREATE TYPE mart.candle_interval AS ENUM ('1m', '5m', '1h', '1d');

---------------------------------------------------------------------------------------------------- raw

-- Grain: one price observation as received: one log position, or one point of one history call.
-- Append-only. origin is 'topic/partition' or 'history/<interval>/<attempt>'; position the offset or the point's number.
CREATE TABLE raw.raw_prices (
  origin      text                COLLATE "C" NOT NULL, -- it breaks ties of received_at: the same everywhere
  position    bigint              NOT NULL,
  observed_at timestamptz(3)      NOT NULL,
  source      text                NOT NULL,
  coin_id     text                NOT NULL,
  price_usd   numeric             NOT NULL CHECK (price_usd > 0),
  grain       staging.price_grain NOT NULL,
  received_at timestamptz(3)      NOT NULL,
  payload     jsonb               NOT NULL,
  PRIMARY KEY (origin, position, observed_at)
) PARTITION BY RANGE (observed_at);
CREATE INDEX raw_prices_observation_idx ON raw.raw_prices (coin_id, source, observed_at);

-- Grain: one coin in one fetch of /coins/markets. origin names the fetch, position the row in it.
CREATE TABLE raw.raw_market_data (
  origin     text           NOT NULL,
  position   integer        NOT NULL,
  source     text           NOT NULL,
  coin_id    text           NOT NULL,
  fetched_at timestamptz(3) NOT NULL,
  payload    jsonb          NOT NULL,
  PRIMARY KEY (origin, position)
);
CREATE INDEX raw_market_data_snapshot_idx ON raw.raw_market_data (coin_id, source, fetched_at);

-- Grain: one fetch of /global.
CREATE TABLE raw.raw_global (
  origin     text           NOT NULL PRIMARY KEY,
  source     text           NOT NULL,
  fetched_at timestamptz(3) NOT NULL,
  payload    jsonb          NOT NULL
);

------------------------------------------------------------------------------------------------ staging

-- Grain: one coin.
CREATE TABLE staging.stg_coins (
  coin_id    text           NOT NULL PRIMARY KEY,
  source     text           NOT NULL,
  symbol     text           NOT NULL,
  name       text           NOT NULL,
  image_url  text,
  status     text           NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive')),
  fetched_at timestamptz(3) NOT NULL
);

-- Grain: one (coin_id, source, observed_at): the value of the greatest (received_at, origin, position) in raw.
CREATE TABLE staging.stg_prices (
  coin_id     text                NOT NULL,
  source      text                NOT NULL,
  observed_at timestamptz(3)      NOT NULL,
  price_usd   numeric             NOT NULL,
  grain       staging.price_grain NOT NULL,
  revisions   integer             NOT NULL,
  suspect     boolean             NOT NULL,
  received_at timestamptz(3)      NOT NULL,
  origin      text                NOT NULL,
  position    bigint              NOT NULL,
  PRIMARY KEY (coin_id, source, observed_at)
);

-- Grain: one coin, one snapshot (grain 'snapshot': a fetch of /coins/markets; '1d': the cap and volume of a daily history point).
CREATE TABLE staging.stg_market_data (
  coin_id                     text           NOT NULL,
  source                      text           NOT NULL,
  observed_at                 timestamptz(3) NOT NULL,
  grain                       text           NOT NULL CHECK (grain IN ('snapshot', '1d')),
  price_usd                   numeric,
  market_cap_usd              numeric,
  market_cap_rank             integer,
  fully_diluted_valuation_usd numeric,
  volume_24h_usd              numeric,
  circulating_supply          numeric,
  total_supply                numeric,
  max_supply                  numeric,
  high_24h_usd                numeric,
  low_24h_usd                 numeric,
  ath_usd                     numeric,
  ath_at                      timestamptz(3),
  atl_usd                     numeric,
  atl_at                      timestamptz(3),
  source_updated_at           timestamptz(3),
  received_at                 timestamptz(3) NOT NULL,
  origin                      text           NOT NULL,
  position                    bigint         NOT NULL,
  PRIMARY KEY (coin_id, source, observed_at, grain)
);

-- Grain: one fetch of /global.
CREATE TABLE staging.stg_global (
  source                 text           NOT NULL,
  observed_at            timestamptz(3) NOT NULL,
  market_cap_usd         numeric,
  volume_24h_usd         numeric,
  bitcoin_dominance_pct  double precision,
  ethereum_dominance_pct double precision,
  source_updated_at      timestamptz(3),
  origin                 text           NOT NULL,
  PRIMARY KEY (source, observed_at)
);

--------------------------------------------------------------------------------------------------- mart

-- Grain: one coin: what a client needs to show it, with its newest market snapshot.
CREATE TABLE mart.mart_coins (
  coin_id                     text           NOT NULL PRIMARY KEY,
  source                      text           NOT NULL,
  symbol                      text           NOT NULL,
  name                        text           NOT NULL,
  image_url                   text,
  rank                        integer,
  market_cap_usd              numeric,
  fully_diluted_valuation_usd numeric,
  volume_24h_usd              numeric,
  circulating_supply          numeric,
  total_supply                numeric,
  max_supply                  numeric,
  high_24h_usd                numeric,
  low_24h_usd                 numeric,
  ath_usd                     numeric,
  ath_at                      timestamptz(3),
  atl_usd                     numeric,
  atl_at                      timestamptz(3),
  market_observed_at          timestamptz(3),
  computed_at                 timestamptz(3) NOT NULL
);

-- Grain: one coin: its newest tick.
CREATE TABLE mart.mart_latest_prices (
  coin_id     text           NOT NULL PRIMARY KEY,
  source      text           NOT NULL,
  price_usd   numeric        NOT NULL,
  observed_at timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL,
  origin      text           NOT NULL,
  position    bigint         NOT NULL,
  suspect     boolean        NOT NULL,
  computed_at timestamptz(3) NOT NULL
);

-- Grain: one coin, interval and bucket (bucket_start, bucket_start + interval].
CREATE TABLE mart.mart_price_candles (
  coin_id           text                 NOT NULL,
  interval          mart.candle_interval NOT NULL,
  bucket_start      timestamptz(3)       NOT NULL,
  open              numeric              NOT NULL,
  high              numeric              NOT NULL,
  low               numeric              NOT NULL,
  close             numeric              NOT NULL,
  observations      integer              NOT NULL,
  suspect           boolean              NOT NULL,
  first_observed_at timestamptz(3)       NOT NULL,
  last_observed_at  timestamptz(3)       NOT NULL,
  computed_at       timestamptz(3)       NOT NULL,
  PRIMARY KEY (coin_id, interval, bucket_start)
);

-- Grain: one coin and UTC day that has a close. Null where the history is too short.
CREATE TABLE mart.mart_crypto_performance (
  coin_id                    text           NOT NULL,
  day                        date           NOT NULL,
  price_usd                  numeric        NOT NULL,
  return_1d_pct              double precision,
  return_7d_pct              double precision,
  return_30d_pct             double precision,
  return_90d_pct             double precision,
  return_1y_pct              double precision,
  volatility_30d_pct         double precision,
  sharpe_30d                 double precision,
  max_drawdown_90d_pct       double precision,
  sma_7_usd                  numeric,
  sma_30_usd                 numeric,
  rsi_14                     double precision,
  beta_to_bitcoin_90d        double precision,
  correlation_to_bitcoin_90d double precision,
  computed_at                timestamptz(3) NOT NULL,
  PRIMARY KEY (coin_id, day)
);
CREATE INDEX mart_crypto_performance_day_idx ON mart.mart_crypto_performance (day);

-- Grain: one UTC day: sums over the tracked coins that have a price that day; global_*: the source's own figures.
CREATE TABLE mart.mart_market_overview (
  day                          date             NOT NULL PRIMARY KEY,
  total_market_cap_usd         numeric          NOT NULL,
  total_volume_24h_usd         numeric          NOT NULL,
  bitcoin_dominance_pct        double precision,
  ethereum_dominance_pct       double precision,
  coin_count                   integer          NOT NULL,
  gainers                      integer          NOT NULL,
  losers                       integer          NOT NULL,
  breadth_pct                  double precision,
  global_market_cap_usd        numeric,
  global_volume_24h_usd        numeric,
  global_bitcoin_dominance_pct double precision,
  computed_at                  timestamptz(3)   NOT NULL
);

-- Grain: one alert. A record of what was said at the time, not derived.
CREATE TABLE mart.mart_alerts (
  alert_id        text           NOT NULL PRIMARY KEY, -- hash of rule, version, coin and observation
  rule_id         bigint         NOT NULL,
  rule_version    integer        NOT NULL,
  coin_id         text           NOT NULL,
  kind            text           NOT NULL, -- src/alerts/rule-kinds.ts
  severity        text           NOT NULL CHECK (severity IN ('INFO', 'WARNING', 'CRITICAL')),
  threshold       numeric        NOT NULL,
  window_minutes  integer,
  observed        numeric        NOT NULL, -- the price in USD, or the change in percent
  price_usd       numeric        NOT NULL,
  source          text           NOT NULL,
  observed_at     timestamptz(3) NOT NULL,
  origin          text           NOT NULL,
  position        bigint         NOT NULL,
  triggered_at    timestamptz(3) NOT NULL,
  late            boolean        NOT NULL,
  status          text           NOT NULL CHECK (status IN ('FIRING', 'ACKNOWLEDGED', 'RESOLVED', 'SUPPRESSED')),
  acknowledged_at timestamptz(3),
  resolved_at     timestamptz(3),
  message         text           NOT NULL
);
CREATE INDEX mart_alerts_triggered_idx ON mart.mart_alerts (triggered_at DESC, alert_id DESC);
CREATE INDEX mart_alerts_coin_idx ON mart.mart_alerts (coin_id, triggered_at DESC, alert_id DESC);

---------------------------------------------------------------------------------------------------- ops

-- What this database's data is, for ever. One row.
CREATE TABLE ops.database (
  only_row      boolean        NOT NULL PRIMARY KEY DEFAULT true CHECK (only_row),
  realm         text           NOT NULL CHECK (realm IN ('simulated', 'real')),
  created_at    timestamptz(3) NOT NULL,
  raw_kept_from timestamptz(3) -- of what was observed before, months of raw_prices were dropped; null: none ever was
);

-- Grain: one coin that the platform follows, and the source that feeds its latest price, candles and marts.
CREATE TABLE ops.tracked_coins (
  coin_id    text           NOT NULL PRIMARY KEY,
  source     text           NOT NULL,
  tracked_at timestamptz(3) NOT NULL
);

-- The event log in Postgres. log_id tells a recreated log from the one that a cursor was made for.
CREATE TABLE ops.log_topics (
  topic      text           NOT NULL PRIMARY KEY,
  log_id     uuid           NOT NULL DEFAULT gen_random_uuid(),
  partitions integer        NOT NULL CHECK (partitions > 0),
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE ops.log_partitions (
  topic        text    NOT NULL REFERENCES ops.log_topics,
  partition    integer NOT NULL,
  start_offset bigint  NOT NULL DEFAULT 0, -- the oldest record kept
  next_offset  bigint  NOT NULL DEFAULT 0, -- the offset that the next record gets
  PRIMARY KEY (topic, partition)
);
CREATE TABLE ops.log_records (
  topic       text           NOT NULL,
  partition   integer        NOT NULL,
  "offset"    bigint         NOT NULL,
  key         text,
  value       bytea          NOT NULL,
  headers     jsonb          NOT NULL DEFAULT '{}',
  appended_at timestamptz(3) NOT NULL,
  PRIMARY KEY (topic, partition, "offset")
);

-- Grain: one partition of a consumed topic. next_offset moves by compare-and-set in the transaction of the rows.
CREATE TABLE ops.stream_offsets (
  topic            text           NOT NULL,
  partition        integer        NOT NULL,
  next_offset      bigint         NOT NULL,
  partition_count  integer        NOT NULL,
  last_fingerprint text,
  last_appended_at timestamptz(3), -- the log's clock at the last committed record: all appended before is committed
  committed_at     timestamptz(3) NOT NULL,
  PRIMARY KEY (topic, partition)
);

-- What a committed batch has to say, ready to send, until it is in the log.
CREATE TABLE ops.outbox (
  target_topic     text     NOT NULL,
  source_topic     text     NOT NULL,
  source_partition integer  NOT NULL,
  source_position  bigint   NOT NULL,
  ordinal          smallint NOT NULL,
  key              text     NOT NULL,
  value            text     NOT NULL,
  PRIMARY KEY (target_topic, source_topic, source_partition, source_position, ordinal)
);
-- What has been published per source partition: moves by compare-and-set after the log's acknowledgement.
CREATE TABLE ops.outbox_progress (
  target_topic       text   NOT NULL,
  source_topic       text   NOT NULL,
  source_partition   integer NOT NULL,
  published_position bigint NOT NULL,
  PRIMARY KEY (target_topic, source_topic, source_partition)
);

-- Grain: one row that failed at the door of a dataset, with the reason.
CREATE TABLE ops.rejected_rows (
  id          bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dataset     text           NOT NULL,
  source      text,
  coin_id     text,
  origin      text           NOT NULL,
  position    bigint         NOT NULL,
  reason      text           NOT NULL,
  payload     text           NOT NULL,
  rejected_at timestamptz(3) NOT NULL,
  UNIQUE (dataset, origin, position)
);

-- Grain: one log record that could not be read, or that failed again and again.
CREATE TABLE ops.dead_letters (
  id           bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic        text           NOT NULL,
  partition    integer        NOT NULL,
  "offset"     bigint         NOT NULL,
  key          text,
  headers      jsonb          NOT NULL DEFAULT '{}',
  reason       text           NOT NULL,
  payload      bytea          NOT NULL,
  attempts     integer        NOT NULL,
  stored_at    timestamptz(3) NOT NULL,
  redriven_at  timestamptz(3),
  discarded_at timestamptz(3),
  UNIQUE (topic, partition, "offset")
);

-- Grain: one stretch of time that no source offers any more.
CREATE TABLE ops.gaps (
  id         bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source     text           NOT NULL,
  coin_id    text,
  from_at    timestamptz(3) NOT NULL,
  to_at      timestamptz(3) NOT NULL,
  reason     text           NOT NULL,
  noticed_at timestamptz(3) NOT NULL
);

-- Marks of (coin, day) that a writer touched, in its own transaction. Insert-only, no key: a publish takes them with DELETE ... RETURNING.
-- coin_id null: a figure of the whole market changed.
CREATE TABLE ops.changed_days (
  coin_id   text,
  day       date           NOT NULL,
  marked_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX changed_days_day_idx ON ops.changed_days (day);

-- Grain: one alert rule, as its newest version says. An edit of kind, threshold or window raises version.
CREATE TABLE ops.alert_rules (
  id               bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version          integer        NOT NULL DEFAULT 1,
  name             text           NOT NULL,
  kind             text           NOT NULL, -- src/alerts/rule-kinds.ts
  coin_id          text, -- null: every coin
  threshold        numeric        NOT NULL CHECK (threshold > 0 AND threshold < 'Infinity'), -- NaN is beyond it
  window_minutes   integer        CHECK (window_minutes > 0), -- of kinds that look back
  severity         text           NOT NULL CHECK (severity IN ('INFO', 'WARNING', 'CRITICAL')),
  cooldown_seconds integer        NOT NULL CHECK (cooldown_seconds >= 0),
  enabled          boolean        NOT NULL,
  created_at       timestamptz(3) NOT NULL,
  updated_at       timestamptz(3) NOT NULL,
  deleted_at       timestamptz(3)
);
-- Grain: one rule version and coin that has been evaluated. No row: unknown.
CREATE TABLE ops.alert_rule_states (
  rule_id          bigint         NOT NULL REFERENCES ops.alert_rules,
  rule_version     integer        NOT NULL,
  coin_id          text           NOT NULL,
  condition        boolean        NOT NULL,
  last_observed_at timestamptz(3) NOT NULL,
  last_fired_at    timestamptz(3), -- observed_at of the alert that was last sent; the cooldown counts from it
  open_alert_id    text,
  PRIMARY KEY (rule_id, rule_version, coin_id)
);

-- Grain: one dataset. version counts publications; published_through is the newest published day.
CREATE TABLE ops.datasets (
  name              text           NOT NULL PRIMARY KEY,
  grain             text           NOT NULL,
  depends_on        text[]         NOT NULL,
  version           bigint         NOT NULL DEFAULT 0,
  definition_hash   text           NOT NULL,
  published_through date,
  updated_at        timestamptz(3)
);

-- Grain: one run of a pipeline. slot is the logical date, or the instant of a run that has none.
CREATE TABLE ops.pipeline_runs (
  id               bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline         text           NOT NULL,
  slot             text           NOT NULL,
  logical_date     date,
  attempt          integer        NOT NULL DEFAULT 1,
  status           text           NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'SKIPPED')),
  requested_at     timestamptz(3) NOT NULL,
  started_at       timestamptz(3),
  finished_at      timestamptz(3),
  error            text,
  lease_owner      text,
  lease_expires_at timestamptz(3),
  UNIQUE (pipeline, slot)
);
CREATE INDEX pipeline_runs_open_idx ON ops.pipeline_runs (requested_at) WHERE status IN ('QUEUED', 'RUNNING');
CREATE TABLE ops.task_runs (
  run_id       bigint         NOT NULL REFERENCES ops.pipeline_runs ON DELETE CASCADE,
  run_attempt  integer        NOT NULL,
  name         text           NOT NULL,
  attempt      integer        NOT NULL,
  status       text           NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'SKIPPED')),
  started_at   timestamptz(3),
  finished_at  timestamptz(3),
  rows_written bigint,
  error        text,
  PRIMARY KEY (run_id, run_attempt, name)
);
-- The attempt that may publish for a run; a publish ends with SELECT ... FOR SHARE of it.
CREATE TABLE ops.run_fences (
  run_id  bigint  NOT NULL PRIMARY KEY REFERENCES ops.pipeline_runs ON DELETE CASCADE,
  attempt integer NOT NULL
);

-- Grain: one check, run once.
CREATE TABLE ops.check_results (
  id          bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id      bigint         REFERENCES ops.pipeline_runs ON DELETE SET NULL,
  name        text           NOT NULL,
  dataset     text           NOT NULL,
  severity    text           NOT NULL CHECK (severity IN ('WARN', 'ERROR')),
  status      text           NOT NULL CHECK (status IN ('PASSED', 'WARNED', 'FAILED')),
  failed_rows bigint         NOT NULL,
  message     text,
  row_count   bigint, -- rows of the dataset that the check saw, for the comparison with the next run
  checked_at  timestamptz(3) NOT NULL
);
CREATE INDEX check_results_dataset_idx ON ops.check_results (dataset, checked_at DESC);
CREATE INDEX check_results_run_idx ON ops.check_results (run_id);

-- Grain: one interval of history to ask a source for: the ledger that makes the load resumable.
CREATE TABLE ops.history_intervals (
  id            bigint              GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source        text                NOT NULL,
  coin_id       text                NOT NULL,
  grain         staging.price_grain NOT NULL CHECK (grain <> 'tick'),
  from_at       timestamptz(3)      NOT NULL,
  to_at         timestamptz(3)      NOT NULL,
  status        text                NOT NULL CHECK (status IN ('PENDING', 'DONE', 'UNAVAILABLE')),
  attempt       integer             NOT NULL DEFAULT 0,
  next_position bigint              NOT NULL DEFAULT 0, -- points of this attempt that are stored
  rows_written  bigint              NOT NULL DEFAULT 0,
  retry_at      timestamptz(3),
  error         text,
  requested_at  timestamptz(3)      NOT NULL,
  finished_at   timestamptz(3),
  UNIQUE (source, coin_id, grain, from_at, to_at)
);
CREATE INDEX history_intervals_pending_idx ON ops.history_intervals (grain DESC, id) WHERE status = 'PENDING';

-- Grain: one API key (a hash of it) at one source: the token bucket that all processes share, and the month's credit.
CREATE TABLE ops.api_budgets (
  key_hash      text             NOT NULL PRIMARY KEY,
  tokens        double precision NOT NULL,
  refilled_at   timestamptz(3)   NOT NULL,
  blocked_until timestamptz(3) -- a Retry-After that every process honours
);
-- Grain: one API key, month and endpoint.
CREATE TABLE ops.api_calls (
  key_hash text   NOT NULL,
  month    date   NOT NULL,
  endpoint text   NOT NULL,
  calls    bigint NOT NULL,
  PRIMARY KEY (key_hash, month, endpoint)
);

-- Points of history, few beside the ticks: each candle interval finds those of its own grain without reading the ticks.
CREATE INDEX stg_prices_coarse_idx ON staging.stg_prices (coin_id, source, grain, observed_at) WHERE grain <> 'tick';
