/** What comes from outside, kept as received: nothing of the platform's computes it. */
import type { OwnWriter } from './transform.js';

const received = { mode: 'raw', reads: [], clockColumns: [], checks: [], sql: [] } as const;

export const rawPrices: OwnWriter = {
  ...received,
  name: 'raw.raw_prices',
  grain: 'one price observation as received: one log position, or one point of one history call',
  key: ['origin', 'position', 'observed_at'],
};

export const rawMarketData: OwnWriter = {
  ...received,
  name: 'raw.raw_market_data',
  grain: 'one coin in one fetch of /coins/markets',
  key: ['origin', 'position'],
};

export const rawGlobal: OwnWriter = {
  ...received,
  name: 'raw.raw_global',
  grain: 'one fetch of /global',
  key: ['origin'],
};
