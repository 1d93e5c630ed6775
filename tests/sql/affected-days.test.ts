/** How far a changed day reaches, by what a mart's definition says. */
import { expect, test } from '@jest/globals';
import { findAffected, takeMarks } from '../../jobs/runtime/affected-days.js';
import { martCryptoPerformance } from '../../jobs/transforms/mart/mart_crypto_performance.js';
import type { DaySpan } from '../../jobs/transforms/transform.js';
import { addDays } from '../../src/domain/time.js';
import { correct, DAY, useFortyDays } from './forty-days.js';
import { givePrices } from './mart-database.js';

const forty = useFortyDays();

test.each<{ bitcoin: DaySpan[]; reached: string[] }>([
  { bitcoin: [[0, 0]], reached: ['bitcoin', 'ethereum'] },
  { bitcoin: [], reached: ['bitcoin'] },
])('a changed day of bitcoin, whose reach is $bitcoin, reaches $reached', async ({ bitcoin, reached }) => {
  await forty.publishDay(DAY);
  await givePrices(forty.db, [{ ...correct(addDays(DAY, -5), '7'), coinId: 'bitcoin' }]);
  const { rows } = await forty.db.transaction(async (tx) => {
    await takeMarks(tx, DAY);
    await findAffected(tx, { ...martCryptoPerformance, reach: { grain: 'coin-day', own: [[0, 0]], bitcoin } }, addDays(DAY, -39), DAY);
    return tx.query('SELECT * FROM affected_mart_crypto_performance ORDER BY coin_id');
  });
  expect(rows).toEqual(reached.map((coin_id) => ({ coin_id, first_day: addDays(DAY, -5), last_day: addDays(DAY, -5) })));
});
