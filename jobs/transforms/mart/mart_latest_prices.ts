/** The newest tick of each coin, from the source that feeds it. */
import { acceptedRange } from '../../checks/accepted-range.js';
import { freshness } from '../../checks/freshness.js';
import { referential } from '../../checks/referential.js';
import type { OwnWriter } from '../transform.js';

const key = ['coin_id'];

export const martLatestPrices: OwnWriter = {
  name: 'mart.mart_latest_prices',
  grain: 'one coin',
  key,
  reads: ['staging.stg_prices'],
  mode: 'stream',
  clockColumns: ['computed_at'],
  sql: ['mart/mart_latest_prices.sql'],
  checks: [
    acceptedRange(key, 'price_usd', { above: 0 }),
    referential(key, 'staging.stg_prices', { coin_id: 't.coin_id', source: 't.source', observed_at: 't.observed_at' }),
    freshness('(SELECT max(observed_at) FROM mart.mart_latest_prices)', '15 minutes'),
  ],
};
