-- The few points of history are found among a day's ticks by an index of their own. With observed_at as it is in both, the planner held it
-- and the key for equally cheap, took the key, and read every tick of the bucket to find none that is coarse. On this expression only one fits.
DROP INDEX staging.stg_prices_coarse_idx;
CREATE INDEX stg_prices_coarse_idx ON staging.stg_prices (coin_id, source, grain, (observed_at AT TIME ZONE 'UTC')) WHERE grain <> 'tick';
