/** `daily` for one new day, on 10 million raw rows against 1 million. */
import { landGlobal, landMarketData } from '../../../jobs/runtime/land.js';
import { publish } from '../../../jobs/runtime/publish.js';
import { addDays, endOfDay, MINUTE, SECOND } from '../../../src/domain/time.js';
import { fixedClock } from '../../kit/clock.js';
import { globalFetch, marketFetch, marketRow } from '../../sql/market-database.js';
import type { Benchmark } from '../benchmark.js';
import { compareSizes } from '../market/growth.js';
import { COINS, DAYS_TO_COME, PUBLISHED_THROUGH } from '../market/two-sizes.js';

export const daily: Benchmark = {
  name: 'daily',
  about:
    'The work of `daily` for the next day, which has ended a minute ago: landing one fetch of /coins/markets and one of /global, and the publish ' +
    '(marks, three marts, checks, commit). Left out is what waits: for the source, for the stream. Two databases with the same 404 days of 100 ' +
    'coins, one with a tick of each coin every 90 s in the last 104 days (10 million raw rows), one every 15 min (1 million), both on one server ' +
    'with the settings of the platform. They are filled by set statements; that the platform makes the same rows is checked on one coin each time.',
  run: (context) =>
    compareSizes(
      context,
      {
        what: '`daily` for one new day on 10 million raw rows, time, of the same on 1 million',
        rounds: DAYS_TO_COME - 1,
        async prepare({ db }, round) {
          const day = addDays(PUBLISHED_THROUGH, round + 1);
          const fetchedAt = new Date(endOfDay(day).getTime() + 5 * SECOND);
          const clock = fixedClock(new Date(endOfDay(day).getTime() + MINUTE));
          const rows = COINS.map((coin, index) => marketRow(coin, { cap: String(1e9 * (index + 1)), volume: String(1e7 * (index + 1)) }));
          const result = marketFetch(fetchedAt, rows);
          const snapshot = globalFetch(fetchedAt, { cap: '3000000000000', volume: '90000000000', bitcoin: '55.5' });
          return async () => {
            await db.transaction((tx) => landMarketData(tx, { source: 'simulator', result, now: clock.now() }));
            await db.transaction((tx) => landGlobal(tx, { source: 'simulator', snapshot }));
            const published = await publish(db, { through: day, fence: null, clock });
            if (published.outcome !== 'published') throw new Error(`not published: ${JSON.stringify(published)}`);
          };
        },
      },
      { atMost: 1.3 },
    ),
};
