/** The source's own figures for the whole market. observed_at is when the fetch began. Null where the source says nothing. */
import { acceptedRange } from '../../checks/accepted-range.js';
import { uniqueKey } from '../../checks/unique-key.js';
import type { Landing } from '../transform.js';

const key = ['source', 'observed_at'];

export const stgGlobal: Landing = {
  name: 'staging.stg_global',
  grain: 'one fetch of /global',
  key,
  reads: ['raw.raw_global'],
  mode: 'land',
  newest: ['origin'],
  clockColumns: [],
  sql: ['staging/stg_global.sql'],
  checks: [
    uniqueKey(key),
    acceptedRange(key, 'market_cap_usd', { above: 0 }),
    acceptedRange(key, 'bitcoin_dominance_pct', { min: 0, max: 100 }),
    acceptedRange(key, 'ethereum_dominance_pct', { min: 0, max: 100 }),
  ],
};
