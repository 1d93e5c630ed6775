/**
 * What a client needs to show a coin. Only tracked coins; figures of the source that feeds the coin, from its newest snapshot
 * whenever that was fetched (market_observed_at says when): the one mart that describes now and not a day. rank is the source's
 * market_cap_rank and null where it gives none.
 */
import { acceptedRange } from '../../checks/accepted-range.js';
import { freshness } from '../../checks/freshness.js';
import { notNull } from '../../checks/not-null.js';
import { referential } from '../../checks/referential.js';
import { rowCount } from '../../checks/row-count.js';
import { uniqueKey } from '../../checks/unique-key.js';
import type { Mart } from '../transform.js';

const key = ['coin_id'];

export const martCoins: Mart = {
  name: 'mart.mart_coins',
  grain: 'one tracked coin',
  key,
  reads: ['staging.stg_coins', 'staging.stg_market_data'],
  mode: 'publish',
  reach: { grain: 'whole' },
  clockColumns: ['computed_at'],
  sql: ['mart/mart_coins.sql'],
  checks: [
    uniqueKey(key),
    notNull(key, ['symbol', 'name']),
    referential(key, 'ops.tracked_coins', { coin_id: 't.coin_id', source: 't.source' }),
    acceptedRange(key, 'market_cap_usd', { min: 0 }),
    rowCount(({ rows }) => `SELECT count(*) FROM ${rows} AS t`),
    freshness('(SELECT max(market_observed_at) FROM mart.mart_coins)', '36 hours'),
  ],
};
