-- The few points of history are found among a day's ticks by an index of their own. With plain columns the planner held it and the key for
-- equally cheap while the tables were empty, took the key, and kept that plan: every batch then read all ticks of its coins. On an expression
-- that stands in no other index only this one fits.
DROP INDEX staging.stg_prices_coarse_idx;
CREATE INDEX stg_prices_coarse_idx ON staging.stg_prices ((coin_id || '/' || source), grain, observed_at) WHERE grain <> 'tick';
