/**
 * Validation of the price stream: what a record must be to become a row of raw. What fails is kept with the reason, never dropped.
 */
import Big from 'big.js';
import { OLDEST_OBSERVATION_DAYS, type PriceObservation } from '../../src/domain/prices.js';
import { DAY, MINUTE } from '../../src/domain/time.js';
import type { Realm } from '../../src/platform/config.js';

/** How far observed_at may lie from received_at. Months of this window exist as partitions before a consumer is ready. */
const OLDEST_OBSERVATION_MS = OLDEST_OBSERVATION_DAYS * DAY;
const NEWEST_OBSERVATION_MS = 5 * MINUTE;
/** A record cannot have been received later than now; the margin is for clocks that disagree. */
const RECEIVED_AHEAD_MS = 5 * MINUTE;

export interface ValidationContext {
  realm: Realm;
  tracked(coinId: string): boolean;
  now: Date;
  /** Raw is kept from here on; null: for ever. */
  keptFrom: Date | null;
}

/** Real prices span 1e-12 to 6.9e28; a quotient of two beyond this does not fit into a float any more. */
const MAX_EXPONENT = 100;

/** The reason to refuse, or null. */
export function refusal(price: PriceObservation, context: ValidationContext): string | null {
  if ((price.source === 'simulator') !== (context.realm === 'simulated'))
    return `source ${price.source} does not belong to the ${context.realm} realm`;
  // So few digits cannot be beyond it.
  if (price.priceUsd.length > MAX_EXPONENT && Math.abs(new Big(price.priceUsd).e) >= MAX_EXPONENT)
    return `price_usd is beyond 1e±${MAX_EXPONENT}`;
  if (!context.tracked(price.coinId)) return `unknown coin ${price.coinId}: it is not tracked`;
  const [observed, received] = [price.observedAt.getTime(), price.receivedAt.getTime()];
  if (received > context.now.getTime() + RECEIVED_AHEAD_MS) return 'received_at is over 5 minutes ahead of now';
  if (observed > received + NEWEST_OBSERVATION_MS) return 'observed_at is over 5 minutes after received_at';
  if (observed < received - OLDEST_OBSERVATION_MS) return `observed_at is over ${OLDEST_OBSERVATION_DAYS} days before received_at`;
  if (observed < context.now.getTime() - OLDEST_OBSERVATION_MS) return `observed_at is over ${OLDEST_OBSERVATION_DAYS} days ago`;
  if (context.keptFrom !== null && observed < context.keptFrom.getTime()) return 'observed_at lies before the start of retention';
  return null;
}
