/** Subscriptions. */
import { operation } from '../operation.js';
import type { AlertFields } from './alerts.js';
import { ALERT_FIELDS } from './alerts.js';
import type { CandleFields, CandleInterval } from './coin.js';

export interface PriceUpdate {
  cursor: string;
  coinId: string;
  usd: string;
  previousUsd: string | null;
  suspect: boolean;
  observedAt: string;
}

export const PRICE_UPDATES = operation<{ priceUpdated: PriceUpdate }, { after?: string | null }>(`
  subscription PriceUpdates($after: String) {
    priceUpdated(after: $after) { cursor coinId usd previousUsd suspect observedAt }
  }`);

export const ALERTS_TRIGGERED = operation<{ alertTriggered: AlertFields }, { after?: string | null }>(`
  subscription AlertsTriggered($after: ID) {
    alertTriggered(after: $after) { ${ALERT_FIELDS} }
  }`);

export const CANDLE_UPDATES = operation<{ candleUpdated: CandleFields }, { coinId: string; interval: CandleInterval; after?: null }>(`
  subscription CandleUpdates($coinId: ID!, $interval: CandleInterval!) {
    candleUpdated(coinId: $coinId, interval: $interval) { interval bucketStart open high low close observations }
  }`);
