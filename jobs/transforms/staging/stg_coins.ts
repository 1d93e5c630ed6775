/**
 * One row a coin: id, symbol, name, image and status, as the newest fetch of /coins/markets that holds it says.
 * status is 'inactive' where the source itself had not updated the coin for 7 days when it was fetched. Whether the platform follows
 * a coin is another matter, and the operator's: ops.tracked_coins.
 */
import { notNull } from '../../checks/not-null.js';
import { uniqueKey } from '../../checks/unique-key.js';
import type { Landing } from '../transform.js';

const key = ['coin_id'];

export const stgCoins: Landing = {
  name: 'staging.stg_coins',
  grain: 'one coin',
  key,
  reads: ['raw.raw_market_data'],
  mode: 'land',
  newest: ['fetched_at', 'source'],
  clockColumns: [],
  sql: ['staging/stg_coins.sql'],
  checks: [uniqueKey(key), notNull(key, ['symbol', 'name'])],
};
