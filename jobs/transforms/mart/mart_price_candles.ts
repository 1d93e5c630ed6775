/** Open, high, low and close of a coin's prices per minute, five minutes, hour and day; a bucket is (start, end]. */
import { daysHoldTheirHours, soundCandles } from '../../checks/reconciliations/candles.js';
import { uniqueKey } from '../../checks/unique-key.js';
import type { OwnWriter } from '../transform.js';

const key = ['coin_id', 'interval', 'bucket_start'];

export const martPriceCandles: OwnWriter = {
  name: 'mart.mart_price_candles',
  grain: 'one coin, interval and bucket',
  key,
  reads: ['staging.stg_prices'],
  mode: 'stream',
  clockColumns: ['computed_at'],
  sql: ['mart/mart_price_candles.sql'],
  checks: [uniqueKey(key), soundCandles, daysHoldTheirHours],
};
