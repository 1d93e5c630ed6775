/** One tick that comes 60 days late: the publish that restates the marts, on 10 million raw rows against 1 million. */
import { publish } from '../../../jobs/runtime/publish.js';
import { storePrices } from '../../../jobs/streams/price-writer.js';
import type { Decimal } from '../../../src/domain/decimal.js';
import { addDays, endOfDay } from '../../../src/domain/time.js';
import { fixedClock } from '../../kit/clock.js';
import type { Benchmark } from '../benchmark.js';
import { compareSizes } from '../market/growth.js';
import { COINS, DAYS_TO_COME, PUBLISHED_THROUGH, type Sized } from '../market/two-sizes.js';

const DAYS_BACK = 60;
const ROUNDS = 9;

export const lateTick: Benchmark = {
  name: 'late-tick',
  about:
    'On the databases of `daily`: the last tick of a day, 60 days back, arrives and is stored by the code of the stream (not timed); the publish ' +
    'of `restate` makes anew what it changes. Another coin each time. Beside it the same for bitcoin, which reaches the beta and correlation of ' +
    'every coin.',
  async run(context) {
    const one = await compareSizes(
      context,
      {
        what: 'one late tick 60 days back on 10 million raw rows: time of the publish, of the same on 1 million',
        rounds: context.smoke ? 1 : ROUNDS,
        prepare: (sized, round) => arrive(sized, COINS[2 + round] as string, '1.01'),
      },
      { atMost: 1.3 },
    );
    const bitcoin = await compareSizes(context, {
      what: 'the same for a tick of bitcoin',
      rounds: context.smoke ? 1 : 5,
      prepare: (sized, round) => arrive(sized, 'bitcoin', (1 + (round + 1) / 1_000).toFixed(3)),
    });
    return [...one, ...bitcoin];
  },
};

/** Stores it and resolves with the publish. */
async function arrive({ db }: Sized, coinId: string, factor: string): Promise<() => Promise<void>> {
  const observedAt = endOfDay(addDays(PUBLISHED_THROUGH, -DAYS_BACK));
  const { rows } = await db.pool.query<{ price: Decimal }>(
    `SELECT (close * $3::numeric)::text AS price FROM mart.mart_price_candles WHERE coin_id = $1 AND interval = '1d' AND bucket_start = $2::timestamptz - interval '24 hours'`,
    [coinId, observedAt, factor],
  );
  const receivedAt = new Date();
  const tick = { source: 'simulator', coinId, priceUsd: rows[0]?.price as Decimal, observedAt, receivedAt, payload: '{}' };
  const place = { grain: 'tick' as const, origin: 'late', position: BigInt(process.hrtime.bigint()) };
  await db.transaction((tx) => storePrices(tx, [{ ...tick, ...place }], receivedAt));
  const clock = fixedClock(endOfDay(addDays(PUBLISHED_THROUGH, DAYS_TO_COME)));
  return async () => {
    const result = await publish(db, { through: null, fence: null, clock });
    const written = result.outcome === 'published' ? (result.changes.get('mart.mart_crypto_performance')?.written ?? 0) : 0;
    if (written < DAYS_BACK) throw new Error(`a late tick of ${coinId} changed ${written} days: ${JSON.stringify(result.outcome)}`);
  };
}
