/** Live ticks as the stream stores them. */
import { storePrices } from '../../../jobs/streams/price-writer.js';
import { type Clock, MINUTE } from '../../../src/domain/time.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { priceAt } from './scripted-source.js';

export interface Ticking {
  coinId: string;
  from: Date;
  to: Date;
  /** A minute by default. */
  everyMs?: number;
}

/** Both ends included. */
export async function storeTicks(db: Database, clock: Clock, { coinId, from, to, everyMs = MINUTE }: Ticking): Promise<void> {
  const length = Math.floor((to.getTime() - from.getTime()) / everyMs) + 1;
  const rows = Array.from({ length }, (_, position) => {
    const observedAt = new Date(from.getTime() + position * everyMs);
    const received = {
      source: 'simulator',
      coinId,
      priceUsd: priceAt(coinId, observedAt),
      observedAt,
      receivedAt: observedAt,
      payload: '{}',
    };
    return { ...received, grain: 'tick' as const, origin: `test/${coinId}/${from.toISOString()}`, position: BigInt(position) };
  });
  await db.transaction((tx) => storePrices(tx, rows, clock.now()));
}
