/**
 * What the source says of a coin's market at one instant. grain 'snapshot': a fetch of /coins/markets, all columns; observed_at is when
 * the fetch began. grain '1d': a daily history point, which gives cap and volume; observed_at is the end of the day that it closes.
 * Null where the source says nothing.
 */
import { acceptedRange } from '../../checks/accepted-range.js';
import { referential } from '../../checks/referential.js';
import { uniqueKey } from '../../checks/unique-key.js';
import type { Landing } from '../transform.js';

const key = ['coin_id', 'source', 'observed_at', 'grain'];

export const stgMarketData: Landing = {
  name: 'staging.stg_market_data',
  grain: 'one coin, one snapshot',
  key,
  reads: ['raw.raw_market_data', 'raw.raw_prices'],
  mode: 'land',
  newest: ['received_at', 'origin', 'position'],
  clockColumns: [],
  sql: ['staging/stg_market_data.sql'],
  checks: [
    uniqueKey(key),
    acceptedRange(key, 'price_usd', { above: 0 }),
    acceptedRange(key, 'market_cap_usd', { min: 0 }),
    acceptedRange(key, 'volume_24h_usd', { min: 0 }),
    acceptedRange(key, 'market_cap_rank', { min: 1 }),
    referential(key, 'staging.stg_coins', { coin_id: 't.coin_id' }, 'warn'),
  ],
};
