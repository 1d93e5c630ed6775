/**
 * The tracked coins together, day by day.
 * coin_count: tracked coins with a close that day; the sums, dominance (market cap of one coin in that of all) and moves are over these.
 * Caps and volumes of a coin: of the fetch nearest after the day's end, begun at most 1 h after it; else of the history point at the
 * day's end; else unknown, and left out of the sums. A day on which no cap or no volume at all is known has no row.
 * gainers, losers: coins whose return_1d_pct is above, below zero. breadth_pct: gainers in the coins that have a return, percent
 * (the advances of an advance-decline line over all issues; Colby, The Encyclopedia of Technical Market Indicators, 2003).
 * global_*: the source's own figures, of the fetch of /global nearest after the day's end, begun at most 1 h after it; else null.
 */
import { acceptedRange } from '../../checks/accepted-range.js';
import { freshness } from '../../checks/freshness.js';
import { overviewSums } from '../../checks/reconciliations/overview.js';
import { rowCount } from '../../checks/row-count.js';
import { uniqueKey } from '../../checks/unique-key.js';
import type { Mart } from '../transform.js';

const key = ['day'];

export const martMarketOverview: Mart = {
  name: 'mart.mart_market_overview',
  grain: 'one UTC day',
  key,
  reads: ['mart.mart_crypto_performance', 'staging.stg_market_data', 'staging.stg_global'],
  mode: 'publish',
  // The day itself, and the next for its returns.
  reach: { grain: 'day', days: [[0, 1]] },
  clockColumns: ['computed_at'],
  sql: ['mart/mart_market_overview.sql'],
  checks: [
    uniqueKey(key),
    acceptedRange(key, 'total_market_cap_usd', { min: 0 }),
    acceptedRange(key, 'total_volume_24h_usd', { min: 0 }),
    acceptedRange(key, 'bitcoin_dominance_pct', { min: 0, max: 100 }),
    acceptedRange(key, 'ethereum_dominance_pct', { min: 0, max: 100 }),
    acceptedRange(key, 'breadth_pct', { min: 0, max: 100 }),
    acceptedRange(key, 'global_bitcoin_dominance_pct', { min: 0, max: 100 }),
    overviewSums,
    // Of the newest published day, so that a fall shows at once.
    rowCount(({ through }) => `SELECT coalesce(max(coin_count), 0)::bigint FROM mart.mart_market_overview WHERE day = '${through}'`),
    freshness(`(SELECT max(day) + 1 FROM mart.mart_market_overview)::timestamp AT TIME ZONE 'UTC'`, '30 hours'),
  ],
};
