import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PLANS } from '../../../../../jobs/sources/coingecko/plans.js';
import { CORRUPTIONS, type FaultRates } from '../../../../../jobs/sources/simulator/faults.js';
import { createMarket } from '../../../../../jobs/sources/simulator/market.js';
import { type Simulator, startSimulator } from '../../../../../jobs/sources/simulator/simulator.js';
import { DAY, HOUR, MINUTE, SECOND } from '../../../../../src/domain/time.js';
import { type FixedClock, fixedClock } from '../../../../kit/clock.js';
import { openLimiter, type TestSource, testSource } from '../coingecko/fixture-server.js';

const NOW = '2026-11-23T10:17:42.345Z';
const MIDNIGHT = Date.UTC(2026, 10, 23);

let clock: FixedClock;
let simulators: Simulator[];
beforeEach(() => {
  clock = fixedClock(NOW);
  simulators = [];
});
afterEach(() => Promise.all(simulators.map((simulator) => simulator.stop())));

async function start(faults: FaultRates = {}, seed = 1): Promise<Simulator> {
  const simulator = await startSimulator({ seed, clock, port: 0, faults });
  simulators.push(simulator);
  return simulator;
}

/** The platform's own way to it. */
async function source(faults?: FaultRates, options: Partial<TestSource> = {}) {
  const { url } = await start(faults);
  return testSource({ url, clock, plan: PLANS.simulator, ...options });
}

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${simulators[0]?.url}${path}`);
  return { status: response.status, body: await response.json() };
}

describe('the simulator, through the platform’s own client', () => {
  test('has a hundred coins with all their figures', async () => {
    const { rows, rejected } = await (await source()).topCoins(100);
    expect(rejected).toEqual([]);
    expect(rows).toHaveLength(100);
    expect(rows[0]).toMatchObject({ coinId: 'bitcoin', symbol: 'btc', name: 'Bitcoin', marketCapRank: 1, imageUrl: null });
    expect(rows.map((row) => row.marketCapRank)).toEqual(rows.map((_, index) => index + 1));
    for (const row of rows) {
      const number = (field: keyof typeof row) => Number(row[field]);
      expect(number('low24hUsd')).toBeLessThanOrEqual(number('priceUsd'));
      expect(number('high24hUsd')).toBeGreaterThanOrEqual(number('priceUsd'));
      expect(number('athUsd')).toBeGreaterThanOrEqual(number('high24hUsd'));
      expect(number('atlUsd')).toBeLessThanOrEqual(number('low24hUsd'));
      expect(number('marketCapUsd') / number('circulatingSupply') / number('priceUsd')).toBeCloseTo(1, 9);
      expect(clock.now().getTime() - (row.sourceUpdatedAt as Date).getTime()).toBeLessThan(30 * SECOND);
    }
  });

  test('says the same as a tick and as a snapshot, in whole seconds', async () => {
    const asked = await source();
    const ids = ['bitcoin', 'tether', 'baby-doge-coin', 'beam', 'beam-2'];
    const ticks = await asked.currentPrices(ids);
    const snapshots = await asked.marketSnapshot(ids);
    expect(ticks.rejected).toEqual([]);
    expect(ticks.rows).toHaveLength(5);
    for (const tick of ticks.rows) {
      const snapshot = snapshots.rows.find((row) => row.coinId === tick.coinId);
      expect([tick.priceUsd, tick.observedAt]).toEqual([snapshot?.priceUsd, snapshot?.sourceUpdatedAt]);
      expect(tick.observedAt.getTime() % SECOND).toBe(0);
    }
  });

  test.each([
    ['5m', DAY, 288],
    ['1h', 90 * DAY, 90 * 24],
    ['1d', 400 * DAY, 400],
  ] as const)('gives %s points that lie in every bucket of their own', async (grain, reach, count) => {
    const from = new Date(clock.now().getTime() - reach);
    // Phase 0 is the one that could fall on the boundary before its bucket.
    const id = createMarket(1).coins.find((coin) => coin.phase === 0)?.id as string;
    const { rows, rejected } = await (await source()).history(id, grain, from, clock.now());
    expect(rejected).toEqual([]);
    const width = { '5m': 5 * MINUTE, '1h': HOUR, '1d': DAY }[grain];
    const buckets = rows.map((point) => Math.ceil(point.observedAt.getTime() / width));
    expect(buckets.length).toBeGreaterThanOrEqual(count - 1);
    expect(buckets.length).toBeLessThanOrEqual(count + 1);
    expect(buckets.slice(1).every((bucket, index) => bucket === (buckets[index] as number) + 1)).toBe(true);
  });

  test('gives daily points at midnight, which are the price of the tick that stood there', async () => {
    const asked = await source();
    const { rows } = await asked.history('dogecoin', '1d', new Date(MIDNIGHT - 3 * DAY), clock.now());
    expect(rows.map((point) => point.observedAt.getTime())).toEqual([MIDNIGHT - 2 * DAY, MIDNIGHT - DAY, MIDNIGHT]);
    clock.set(new Date(MIDNIGHT));
    const [tick] = (await asked.currentPrices(['dogecoin'])).rows;
    expect(rows.at(-1)?.priceUsd).toBe(tick?.priceUsd);
  });

  test('gives finer points that equal the tick at their instant', async () => {
    const asked = await source();
    for (const grain of ['5m', '1h'] as const) {
      const { rows } = await asked.history('sui', grain, new Date(clock.now().getTime() - DAY), clock.now());
      const point = rows[7] as (typeof rows)[0];
      clock.set(point.observedAt);
      const [tick] = (await asked.currentPrices(['sui'])).rows;
      expect([tick?.observedAt, tick?.priceUsd]).toEqual([point.observedAt, point.priceUsd]);
      clock.set(NOW);
    }
  });

  test('has a market that bitcoin is about half of', async () => {
    const snapshot = await (await source()).global();
    expect(Number(snapshot.marketCapUsd)).toBeGreaterThan(1e12);
    expect(Number(snapshot.bitcoinDominancePct)).toBeGreaterThan(35);
    expect(Number(snapshot.bitcoinDominancePct)).toBeLessThan(75);
    expect(snapshot.sourceUpdatedAt).toEqual(new Date('2026-11-23T10:17:42Z'));
  });

  test('agrees with another one of the same seed', async () => {
    const [one, two] = [await source(), await source()];
    expect((await two.topCoins(100)).rows).toEqual((await one.topCoins(100)).rows);
    expect((await two.global()).payload).toEqual((await one.global()).payload);
  });

  test('knows no other coin', async () => {
    const asked = await source();
    await expect(asked.history('no-such-coin', '1d', new Date(0), clock.now())).rejects.toMatchObject({ kind: 'not_found', status: 404 });
    expect(await asked.currentPrices(['no-such-coin'])).toMatchObject({ rows: [], rejected: [] });
    expect((await asked.marketSnapshot(['no-such-coin'])).rows).toEqual([]);
  });
});

describe('the simulator’s HTTP', () => {
  test.each([
    ['/ping', 200, { gecko_says: expect.any(String) }],
    ['/nothing', 404, { error: expect.stringContaining('Incorrect path') }],
    ['/coins/%E0%A4%A/market_chart?vs_currency=usd&days=1', 404, { error: 'coin not found' }],
    ['/simple/price?ids=bitcoin', 422, { error: 'Missing parameter vs_currencies' }],
    ['/simple/price?vs_currencies=usd', 422, { error: 'Missing parameter ids' }],
    ['/simple/price?ids=bitcoin&vs_currencies=usdt', 400, { error: 'invalid vs_currency' }],
    ['/coins/markets', 422, { error: 'Missing parameter vs_currency' }],
    ['/coins/markets?vs_currency=usd&page=0', 400, { error: 'invalid per_page or page' }],
    ['/coins/bitcoin/market_chart?vs_currency=usd', 422, { error: 'Missing parameter days' }],
    ['/coins/bitcoin/market_chart?vs_currency=usd&days=many', 400, { error: 'invalid days' }],
    ['/coins/bitcoin/market_chart?vs_currency=usd&days=401', 401, { error: { status: expect.objectContaining({ error_code: 10012 }) } }],
  ])('answers %s with %d', async (path, status, body) => {
    await start();
    expect(await get(path)).toEqual({ status, body });
  });

  test.each([
    ['days=1', 288, 5 * MINUTE],
    ['days=2', 48, HOUR],
    ['days=90', 2_160, HOUR],
    ['days=91', 91, DAY],
    ['days=30&interval=daily', 30, DAY],
  ])('%s has the granularity of the real API, and now at its end', async (query, count, width) => {
    await start();
    const { body } = await get(`/coins/bitcoin/market_chart?vs_currency=usd&${query}`);
    const { prices, market_caps, total_volumes } = body as Record<string, [number, number][]>;
    const instants = (prices ?? []).map(([at]) => at);
    expect(Math.abs(instants.length - count - 1)).toBeLessThanOrEqual(1);
    expect(instants.at(-1)).toBe(Date.parse('2026-11-23T10:17:42Z'));
    const steps = instants.slice(1, -1).map((at, index) => at - (instants[index] as number));
    expect(steps.reduce((a, b) => a + b) / steps.length / width).toBeCloseTo(1, 1);
    for (const other of [market_caps, total_volumes]) expect((other ?? []).map(([at]) => at)).toEqual(instants);
  });

  test('pages the market', async () => {
    await start();
    const ids = async (query: string) =>
      ((await get(`/coins/markets?vs_currency=usd&${query}`)).body as { id: string }[]).map((row) => row.id);
    const all = await ids('per_page=250');
    expect(all).toHaveLength(100);
    expect([...(await ids('per_page=60&page=1')), ...(await ids('per_page=60&page=2'))]).toEqual(all);
    expect(await ids('per_page=60&page=3')).toEqual([]);
  });

  test('stops while somebody hangs on', async () => {
    const { url, stop } = await start({ hang: 1 });
    const hanging = fetch(`${url}/ping`).catch((error: Error) => error.message);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await stop();
    expect(await hanging).toBe('fetch failed');
  });
});

describe('faults of responses', () => {
  test.each([
    [{ rateLimited: 1 }, { kind: 'rate_limited', status: 429, retryAfterMs: 1_000 }],
    [{ rateLimitedSilently: 1 }, { kind: 'rate_limited', status: 429, retryAfterMs: undefined }],
    [{ rateLimitedAsSuccess: 1 }, { kind: 'rate_limited', status: 200 }],
    [{ serverError: 1 }, { kind: 'unavailable', status: expect.any(Number) }],
    [{ hang: 1 }, { kind: 'unavailable', message: expect.stringContaining('no complete answer') }],
    [{ slow: 1 }, { kind: 'unavailable', message: expect.stringContaining('no complete answer') }],
    [{ truncated: 1 }, { kind: 'unavailable', message: expect.stringContaining('broke off') }],
    [{ malformed: 1 }, { kind: 'malformed', message: expect.stringContaining('something else instead of JSON') }],
    [{ html: 1 }, { kind: 'malformed', message: expect.stringContaining('a page of HTML instead of JSON') }],
    [{ empty: 1 }, { kind: 'malformed', message: expect.stringContaining('an empty body') }],
  ] as [FaultRates, object][])('%j is recognised', async (faults, expected) => {
    const late = 'hang' in faults || 'slow' in faults;
    const asked = await source(faults, { timings: { deadlineMs: late ? 100 : 5_000, retries: 0 } });
    await expect(asked.global()).rejects.toMatchObject(expected);
  });

  test('strike by seed, and are got over', async () => {
    const faults = { rateLimited: 0.1, serverError: 0.15, truncated: 0.1 };
    const limiters = [openLimiter(), openLimiter()];
    for (const limiter of limiters) {
      const asked = await source(faults, { limiter, timings: { retries: 8 } });
      for (let call = 0; call < 30; call++) expect((await asked.currentPrices(['bitcoin'])).rows).toHaveLength(1);
    }
    expect(limiters[0]?.turns.length).toBeGreaterThan(33);
    expect(limiters[1]?.turns).toEqual(limiters[0]?.turns);
    expect(limiters[1]?.blocks).toEqual(limiters[0]?.blocks);
  });
});

describe('faults of observations', () => {
  /** Every two seconds, as the platform polls: what is new each time. */
  async function watch(faults: FaultRates, minutes: number) {
    const asked = await source(faults);
    const seen: { at: number; price: string; polledAt: number }[] = [];
    const rejected: string[] = [];
    for (let poll = 0; poll < minutes * 30; poll++) {
      const result = await asked.currentPrices(['litecoin']);
      for (const row of result.rows) {
        const last = seen.at(-1);
        const next = { at: row.observedAt.getTime(), price: row.priceUsd, polledAt: clock.now().getTime() };
        if (last === undefined || last.at !== next.at || last.price !== next.price) seen.push(next);
      }
      rejected.push(...result.rejected.map((row) => `${row.coinId}: ${row.reason}`));
      clock.advance(2 * SECOND);
    }
    return { seen, rejected };
  }

  test('none: every 30 s a new price, in order', async () => {
    const { seen, rejected } = await watch({}, 10);
    expect(rejected).toEqual([]);
    expect(seen.slice(1).every((row, index) => row.at - (seen[index] as typeof row).at === 30 * SECOND)).toBe(true);
  });

  test('late: some come after their successors, with the price that history has for them', async () => {
    const { seen } = await watch({ late: 0.3 }, 10);
    const late = seen.filter((row, index) => row.at < Math.max(0, ...seen.slice(0, index).map((before) => before.at)));
    const firstSeen = late.filter((row) => seen.findIndex((other) => other.at === row.at) === seen.indexOf(row));
    expect(firstSeen.length).toBeGreaterThan(0);
    clock.set(new Date(firstSeen[0]?.at as number));
    const [truth] = (await (await source()).currentPrices(['litecoin'])).rows;
    expect(truth?.priceUsd).toBe(firstSeen[0]?.price);
  });

  test('duplicate: some come again', async () => {
    const { seen } = await watch({ duplicate: 0.3 }, 10);
    const again = seen.filter((row, index) => seen.slice(0, index).some((before) => before.at === row.at));
    expect(again.length).toBeGreaterThan(0);
    expect(again.every((row) => seen.find((first) => first.at === row.at)?.price === row.price)).toBe(true);
  });

  test('corrected: some come again with another price, which is the right one', async () => {
    const { seen } = await watch({ corrected: 0.5 }, 5);
    const corrections = seen.filter((row, index) => seen[index - 1]?.at === row.at);
    expect(corrections.length).toBeGreaterThan(0);
    clock.set(new Date(corrections[0]?.at as number));
    const [truth] = (await (await source()).currentPrices(['litecoin'])).rows;
    expect(corrections[0]?.price).toBe(truth?.priceUsd);
  });

  test('corrupt: every corruption is rejected, and unasked coins too', async () => {
    const { rejected } = await watch({ corrupt: 1 }, 30);
    const reasons = new Set(rejected);
    expect(reasons).toContain('a-coin-that-nobody-asked-for: the coin was not asked for');
    expect(reasons.size).toBeGreaterThanOrEqual(CORRUPTIONS.length);
    expect(rejected.length).toBeGreaterThanOrEqual(900);
  });
});
