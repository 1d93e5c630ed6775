import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type StartedSource, startPriceSource } from '../../../../jobs/sources/start-source.js';
import { systemClock } from '../../../../src/domain/time.js';
import { type Config, loadConfig } from '../../../../src/platform/config.js';
import type { Database } from '../../../../src/platform/postgres/database.js';
import { openTestDatabase } from '../../../kit/test-database.js';
import { type FixtureServer, reply, serve } from './coingecko/fixture-server.js';

let database: Database;
const started: StartedSource[] = [];
let server: FixtureServer;

beforeAll(async () => {
  database = await openTestDatabase();
  server = await serve(reply('{"bitcoin":{"usd":1,"last_updated_at":1795421229}}'));
});
afterAll(async () => {
  await Promise.all([...started, server].map((each) => each.stop()));
  await database.close();
});

async function start(env: Record<string, string>): Promise<StartedSource['source']> {
  const config: Config = loadConfig(env);
  const source = await startPriceSource(config, { database, clock: systemClock, logger: { warn: () => {} } });
  started.push(source);
  return source.source;
}

async function calls(): Promise<Record<string, bigint>> {
  const { rows } = await database.pool.query<{ endpoint: string; calls: bigint }>('SELECT endpoint, calls FROM ops.api_calls');
  return Object.fromEntries(rows.map((row) => [row.endpoint, row.calls]));
}

describe('the configured source', () => {
  test('is the simulator, polled as often as wanted, its calls counted', async () => {
    const source = await start({});
    expect([source.name, source.historyDays]).toEqual(['simulator', 400]);
    const { rows } = await source.topCoins(3);
    expect(rows.map((row) => row.coinId)).toContain('bitcoin');
    expect((await source.currentPrices(rows.map((row) => row.coinId))).rows.every((row) => row.source === 'simulator')).toBe(true);
    expect(await source.pollSeconds(2, ['bitcoin'])).toBe(2);
    expect(await calls()).toEqual({ '/coins/markets': 1n, '/simple/price': 1n });
  });

  test('is CoinGecko, with the plan’s key in its header and the pace of its credit', async () => {
    const key = 'CG-secret';
    const source = await start({
      PRICE_SOURCE: 'coingecko',
      COINGECKO_PLAN: 'demo',
      COINGECKO_API_KEY: key,
      COINGECKO_BASE_URL: `${server.url}/`,
    });
    expect([source.name, source.historyDays]).toEqual(['coingecko', 365]);
    const { rows } = await source.currentPrices(['bitcoin']);
    expect(rows[0]).toMatchObject({ source: 'coingecko', priceUsd: '1' });
    expect(server.headers[0]).toMatchObject({ 'x-cg-demo-api-key': key });
    expect(await source.pollSeconds(2, ['bitcoin'])).toBeGreaterThan(2);
    expect((await calls())['/simple/price']).toBe(1n);
  });

  test('keeps to another rate and credit where they are set', async () => {
    const given = { PRICE_SOURCE: 'coingecko', COINGECKO_BASE_URL: server.url, COINGECKO_CALLS_PER_MINUTE: '100' };
    expect(await (await start(given)).pollSeconds(1, ['bitcoin'])).toBe(1); // the plan's own rate would make it 20
    const source = await start({ ...given, COINGECKO_MONTHLY_CREDIT: '100' });
    await source.currentPrices(['bitcoin']);
    // In the next month too, which may begin at any moment.
    await database.pool.query(
      `INSERT INTO ops.api_calls (key_hash, month, endpoint, calls)
       SELECT key_hash, (date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month')::date, '/spent', 90
       FROM ops.api_budgets, generate_series(0, 1) AS n`,
    );
    await expect(source.currentPrices(['bitcoin'])).rejects.toThrow('the 100 calls that the plan gives a month are spent');
  });
});
