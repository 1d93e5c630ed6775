/**
 * Sorts ticks, in log order, by what they mean for their coin's newest observation. Pure, so that the cut into batches does not matter
 * (but where a history point has the last word on the very instant of a tick):
 * newest (pushed, evaluated), correction of the newest (pushed), late or duplicate (neither).
 */
import { compareDecimals, type Decimal } from '../../src/domain/decimal.js';
import type { RawPrice } from '../../src/domain/prices.js';

/** The newest observation of a coin. */
export interface Newest {
  priceUsd: Decimal;
  observedAt: Date;
  receivedAt: Date;
  position: bigint;
}

export interface PushedTick {
  tick: RawPrice;
  /** The price that this one replaces as the coin's newest. */
  previousUsd: Decimal | null;
  correction: boolean;
}

/** Moves `newest` along, and returns the ticks that are pushed, in order. */
export function findPushed(ticks: RawPrice[], newest: Map<string, Newest>): PushedTick[] {
  const pushed: PushedTick[] = [];
  for (const tick of ticks) {
    const known = newest.get(tick.coinId);
    const age = known === undefined ? 1 : tick.observedAt.getTime() - known.observedAt.getTime();
    if (age < 0 || (age === 0 && !supersedes(tick, known as Newest))) continue;
    newest.set(tick.coinId, tick);
    const correction = age === 0;
    if (correction && compareDecimals(tick.priceUsd, (known as Newest).priceUsd) === 0) continue;
    pushed.push({ tick, previousUsd: known?.priceUsd ?? null, correction });
  }
  return pushed;
}

/** Of two words on one observation the one received last stands, then the one further on in the log. */
function supersedes(tick: RawPrice, known: Newest): boolean {
  const later = tick.receivedAt.getTime() - known.receivedAt.getTime();
  return later > 0 || (later === 0 && tick.position > known.position);
}
