/**
 * The observation that stands for each instant: the value of the greatest (received_at, origin, position) ever received, the finest
 * grain, how often the value was revised, and whether the price is suspect (over 25 % away from a predecessor at most an hour older).
 */
import { acceptedRange } from '../../checks/accepted-range.js';
import { uniqueKey } from '../../checks/unique-key.js';
import type { OwnWriter } from '../transform.js';

const key = ['coin_id', 'source', 'observed_at'];

export const stgPrices: OwnWriter = {
  name: 'staging.stg_prices',
  grain: 'one coin, source and instant of observation',
  key,
  reads: ['raw.raw_prices'],
  mode: 'stream',
  clockColumns: [],
  sql: ['staging/stg_prices.sql', 'staging/stg_prices.suspect.sql'],
  shortCut: 'prices.extend.sql',
  checks: [uniqueKey(key), acceptedRange(key, 'price_usd', { above: 0 })],
};
