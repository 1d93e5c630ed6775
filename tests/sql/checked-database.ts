/** Forty published days of two coins, for checks to look at. */
import { expect } from '@jest/globals';
import { landMarketData } from '../../jobs/runtime/land.js';
import { addDays, endOfDay, HOUR, MINUTE } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { marketFetch, marketRow } from './market-database.js';
import { dailyPoints, date, failuresOf, givePrices, openMartDatabase, publishThrough, SOURCE } from './mart-database.js';
import { walk } from './series.js';

const FROM = date('2026-01-01');
/** The last of them. */
export const DAY = date('2026-02-09');
export const NOW = new Date(endOfDay(DAY).getTime() + HOUR);

export async function openCheckedDatabase(): Promise<Database> {
  const db = await openMartDatabase(FROM, addDays(DAY, 3), ['bitcoin', 'ethereum']);
  for (const [seed, coinId] of ['bitcoin', 'ethereum'].entries()) {
    await givePrices(db, dailyPoints(coinId, walk({ from: FROM, days: 40, seed, start: '100', move: 0.05 })));
    const ticks = Array.from({ length: 30 }, (_, n) => ({
      coinId,
      observedAt: new Date(endOfDay(DAY).getTime() - n * 20 * MINUTE - 1),
      price: String(100 + n),
      grain: 'tick' as const,
    }));
    await givePrices(db, ticks);
  }
  const at = new Date(endOfDay(DAY).getTime() + MINUTE);
  const rows = ['bitcoin', 'ethereum'].map((coinId) => marketRow(coinId, { cap: '10', volume: '5' }));
  await db.transaction((tx) => landMarketData(tx, { source: SOURCE, result: marketFetch(at, rows), now: at }));
  expect(failuresOf(await publishThrough(db, DAY))).toEqual([]);
  return db;
}
