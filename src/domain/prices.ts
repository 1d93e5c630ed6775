/** A price observation (tick): one price of one coin at one instant of the source's clock. Natural key (source, coinId, observedAt). */
import type { Decimal } from './decimal.js';
import type { PriceGrain } from './time.js';

export interface PriceObservation {
  source: string;
  coinId: string;
  /** USD, greater than zero. */
  priceUsd: Decimal;
  /** The source's clock. */
  observedAt: Date;
  /** Ours; set once, by whoever fetched, and carried along. */
  receivedAt: Date;
  /** The source's own JSON for this price, as received. */
  payload: string;
}

/** An observation where it stands in raw: one log position, or one point of one history call. */
export interface RawPrice extends PriceObservation {
  grain: PriceGrain;
  /** 'topic/partition', or 'history/<interval>/<attempt>'. */
  origin: string;
  /** The offset, or the point's number. */
  position: bigint;
}

/** Nothing is taken that was observed longer ago: no source's history reaches further, and months so far back are not kept ready. */
export const OLDEST_OBSERVATION_DAYS = 400;

export const PRICES_TOPIC = 'market.prices.v1';
export const UPDATES_TOPIC = 'market.updates.v1';
export const ALERTS_TOPIC = 'market.alerts.v1';

export function logOrigin(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
