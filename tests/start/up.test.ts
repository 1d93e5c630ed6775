/** What a newcomer does: start on an empty directory, ask, subscribe, kill it in the middle, start again and miss nothing. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from 'graphql-ws';
import pg from 'pg';
import WebSocket from 'ws';
import { attach } from '../../src/platform/postgres/embedded.js';
import { compareMetrics } from '../kit/metrics.js';
import { ask, buildPlatform, makeDataDir, type PlatformProcess, spawnPlatform, startPlatform } from '../kit/platform-process.js';
import { waitFor } from '../kit/wait-for.js';

interface Update {
  cursor: string;
  coinId: string;
  observedAt: string;
}

const COINS = { COINS: '30' };
let directory: ReturnType<typeof makeDataDir>;
const running: PlatformProcess[] = [];

beforeAll(() => {
  buildPlatform();
  directory = makeDataDir();
});
afterAll(async () => {
  for (const each of running) {
    each.kill('SIGTERM');
    await each.ended;
  }
  directory.remove();
});

async function start(env: Record<string, string> = COINS): Promise<PlatformProcess> {
  const platform = await startPlatform(directory.dataDir, env);
  running.push(platform);
  return platform;
}

/** What the stream has stored, oldest first. */
async function storedTicks(): Promise<{ coinId: string; at: number }[]> {
  const client = new pg.Client({ connectionString: attach(directory.dataDir) });
  await client.connect();
  const { rows } = await client.query(`SELECT coin_id, observed_at FROM staging.stg_prices WHERE grain = 'tick' ORDER BY observed_at`);
  await client.end();
  return rows.map((row) => ({ coinId: row.coin_id, at: row.observed_at.getTime() }));
}

/** Collects updates until there are `count`, or until the socket is gone. */
function collect(url: string, after: string | null, count: number): Promise<Update[]> {
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
  const updates: Update[] = [];
  const query = 'subscription ($after: String) { priceUpdated(after: $after) { cursor coinId observedAt } }';
  return new Promise((resolve, reject) => {
    const end = () => {
      void client.dispose();
      resolve(updates);
    };
    client.subscribe<{ priceUpdated: Update }>(
      { query, variables: { after } },
      {
        next: ({ data, errors }) => {
          if (errors) reject(new Error(errors.map((error) => error.message).join('; ')));
          if (data && updates.length < count) updates.push(data.priceUpdated); // some may be on their way when it is enough
          if (updates.length === count) end();
        },
        error: end,
        complete: end,
      },
    );
  });
}

describe('the platform', () => {
  test('has a year of marts when it says that it is ready', async () => {
    const { url } = await start();
    const aYearAgo = new Date(Date.now() - 370 * 86_400_000).toISOString().slice(0, 10);
    const data = await ask<{
      coins: { totalCount: number; nodes: { performance: { return1yPct: number | null }; candles: unknown[] }[] };
      marketOverviews: unknown[];
      platform: { realm: string };
    }>(
      url,
      `{ coins(first: 30) { totalCount nodes { performance { return1yPct } candles(interval: ONE_DAY) { close } } }
         marketOverviews(from: "${aYearAgo}") { day } platform { realm } }`,
    );
    expect(data.coins.totalCount).toBe(30);
    for (const coin of data.coins.nodes) {
      expect(coin.performance.return1yPct).not.toBeNull();
      expect(coin.candles.length).toBeGreaterThan(365);
    }
    expect(data.marketOverviews.length).toBeGreaterThan(365);
    expect(data.platform.realm).toBe('SIMULATED');
    await waitFor(
      'every metric, for a reading that takes too long is left out of a scrape',
      async () => {
        const shown = await (await fetch(`${url}/metrics`)).text();
        expect(compareMetrics(shown, 'up')).toEqual({ missing: [], unknown: [] });
        expect(shown).toMatch(/cdp_checks\{dataset="mart.mart_crypto_performance",result="passed",role="up"\} [1-9]/);
        return true;
      },
      { withinMs: 60_000 },
    );
  }, 120_000);

  test('answers with an error where Postgres does not answer in time, and does not wait for as long as a pipeline would', async () => {
    const { url } = running[0] as PlatformProcess;
    const client = new pg.Client({ connectionString: attach(directory.dataDir) });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE mart.mart_market_overview');
    const reply = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ marketOverviews(from: "2026-01-01") { day } }' }),
    });
    expect(await reply.json()).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    await client.end();
  }, 60_000);

  test('is refused a second time on the same directory', async () => {
    const second = spawnPlatform(['up'], { DATA_DIR: directory.dataDir, PORT: '0' });
    expect(await second.ended).toBe(75);
    expect(second.output()).toMatch(/Another platform runs on the data directory/);
  });

  test('loses no update when it is killed in the middle: a subscriber resumes by cursor', async () => {
    const platform = running[0] as PlatformProcess;
    const firstPart = collect(platform.url, null, Number.POSITIVE_INFINITY);
    const enough = await collect(platform.url, null, 15);
    expect(enough).toHaveLength(15);
    platform.kill('SIGKILL');
    expect(await platform.ended).toBe('SIGKILL');
    running.length = 0;
    const before = await firstPart;
    const { url } = await start();
    const after = await collect(url, (before.at(-1) as Update).cursor, 30);
    const seen = Map.groupBy([...before, ...after], (update) => update.coinId);
    const stored = await storedTicks();
    for (const [coinId, updates] of seen) {
      const instants = updates.map((update) => Date.parse(update.observedAt));
      const [first, last] = [instants[0] as number, instants.at(-1) as number];
      expect(instants).toEqual(
        stored.filter((tick) => tick.coinId === coinId && tick.at >= first && tick.at <= last).map((tick) => tick.at),
      );
    }
    // Some coin was seen on both sides of the kill, or the cursor proved nothing.
    const both = [...seen.values()].filter((updates) => before.includes(updates[0] as Update) && after.includes(updates.at(-1) as Update));
    expect(both).not.toEqual([]);
  }, 120_000);

  test('stops cleanly on Ctrl-C, also while it is starting', async () => {
    const platform = running[0] as PlatformProcess;
    platform.kill('SIGINT');
    expect(await platform.ended).toBe(0);
    running.length = 0;
    const interrupted = spawnPlatform(['up'], { DATA_DIR: directory.dataDir, PORT: '0', COINS: '35' });
    await interrupted.says(/polling \d+ prices/);
    interrupted.kill('SIGINT');
    expect(await interrupted.ended).toBe(0);
    const { url } = await start({ COINS: '35' });
    const { coins } = await ask<{ coins: { totalCount: number } }>(url, '{ coins { totalCount } }');
    expect(coins.totalCount).toBeGreaterThanOrEqual(30);
  }, 120_000);

  test('refuses the other realm, and all mistakes in the configuration at once', async () => {
    (running[0] as PlatformProcess).kill('SIGTERM');
    await (running[0] as PlatformProcess).ended;
    running.length = 0;
    const real = spawnPlatform(['up'], {
      DATA_DIR: directory.dataDir,
      PORT: '0',
      PRICE_SOURCE: 'coingecko',
      COINGECKO_BASE_URL: 'http://127.0.0.1:9/api/v3',
    });
    expect(await real.ended).toBe(1);
    expect(real.output()).toMatch(/holds simulated data.*The two never mix/s);
    const wrong = spawnPlatform(['up'], { PORT: 'x', PRICE_SOURCE: 'y', COINS: '0' });
    expect(await wrong.ended).toBe(1);
    for (const name of ['PORT', 'PRICE_SOURCE', 'COINS']) expect(wrong.output()).toContain(`  - ${name} `);
  });
});
