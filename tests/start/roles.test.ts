/** The roles as processes of their own on Kafka and a given Postgres: prices flow to a subscriber, and go on when a consumer is killed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClient } from 'graphql-ws';
import pg from 'pg';
import WebSocket from 'ws';
import { ALERTS_TOPIC, PRICES_TOPIC, UPDATES_TOPIC } from '../../src/domain/prices.js';
import { describeOnKafka, openOperator } from '../kit/kafka/test-kafka.js';
import { compareMetrics } from '../kit/metrics.js';
import { buildPlatform, makeDataDir, spawnPlatform } from '../kit/platform-process.js';
import { createEmptyDatabase } from '../kit/test-database.js';
import { waitFor } from '../kit/wait-for.js';

type Role = ReturnType<typeof spawnPlatform> & { url: string };

interface Update {
  coinId: string;
  observedAt: string;
}

await describeOnKafka('the roles apart', (kafka) => {
  const running = new Map<string, Role>();
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let directory: ReturnType<typeof makeDataDir>;

  beforeAll(async () => {
    buildPlatform();
    directory = makeDataDir();
    database = await createEmptyDatabase();
    // A broker that outlives the run may have them from the last one.
    const operator = await openOperator(kafka);
    const topics = await operator.admin.listTopics();
    for (const topic of [PRICES_TOPIC, UPDATES_TOPIC, ALERTS_TOPIC]) if (topics.includes(topic)) await operator.deleteTopic(topic);
    await operator.close();
  });
  afterAll(async () => {
    for (const role of running.values()) role.kill('SIGKILL');
    await Promise.all([...running.values()].map((role) => role.ended));
    await database.drop();
    directory.remove();
  });

  async function start(name: string, role: string): Promise<Role> {
    const process = spawnPlatform([role], {
      DATABASE_URL: database.url,
      KAFKA_BROKERS: kafka.brokers.join(','),
      DATA_DIR: directory.dataDir,
      COINS: '60',
      PORT: '0',
    });
    const url = await Promise.race([
      process.says(new RegExp(`${role}: (http://127\\.0\\.0\\.1:\\d+)`)),
      process.ended.then((code) => {
        throw new Error(`${role} ended (${code}):\n${process.output()}`);
      }),
    ]);
    running.set(name, { ...process, url });
    return { ...process, url };
  }

  async function ready({ url }: Role): Promise<void> {
    while (!(await fetch(`${url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  function subscribe(url: string) {
    const updates: Update[] = [];
    let failure: unknown = null;
    const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
    client.subscribe<{ priceUpdated: Update }>(
      { query: 'subscription { priceUpdated { coinId observedAt } }' },
      { next: ({ data }) => data && updates.push(data.priceUpdated), error: (error) => (failure = error), complete: () => {} },
    );
    return {
      updates,
      async has(count: number) {
        while (updates.length < count && failure === null) await new Promise((resolve) => setTimeout(resolve, 50));
        if (failure !== null) throw failure;
      },
      close: () => client.dispose(),
    };
  }

  async function storedTicks(): Promise<Map<string, number[]>> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(`SELECT coin_id, observed_at FROM staging.stg_prices WHERE grain = 'tick' ORDER BY observed_at`);
    await client.end();
    return new Map(
      [...Map.groupBy(rows, (row) => row.coin_id as string)].map(([coin, ticks]) => [coin, ticks.map((row) => +row.observed_at)]),
    );
  }

  test('a subscriber gets every tick in order while a consumer is killed, and all stop cleanly when asked to', async () => {
    await start('worker', 'worker');
    const consumers = [await start('first consumer', 'consumer'), await start('second consumer', 'consumer')];
    const roles = [...consumers, await start('gateway', 'gateway'), await start('producer', 'producer')];
    await Promise.all(roles.map(ready));
    const subscriber = subscribe((running.get('gateway') as Role).url);
    await subscriber.has(10);
    // One operation over HTTP, for the metrics of operations.
    const { url } = running.get('gateway') as Role;
    await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ platform { realm } }' }),
    });
    // The worker's need a first run.
    const metricsOf = async (names: string[]) =>
      (await Promise.all(names.map(async (name) => (await fetch(`${running.get(name)?.url}/metrics`)).text()))).join('\n');
    for (const [role, names] of [
      ['gateway', ['gateway']],
      ['worker', ['worker']],
      ['producer', ['producer']],
      ['consumer', ['first consumer', 'second consumer']],
    ] as const) {
      const shown = () => metricsOf([...names]).then((text) => compareMetrics(text, role));
      await waitFor(`the metrics of the ${role}`, async () => (await shown()).missing.length === 0, { withinMs: 90_000, everyMs: 500 });
      expect([role, await shown()]).toEqual([role, { missing: [], unknown: [] }]);
    }
    running.get('first consumer')?.kill('SIGKILL');
    await running.get('first consumer')?.ended;
    running.delete('first consumer');
    // Until every coin has come again: those whose partition the dead one had, too.
    const coins = new Set(subscriber.updates.map(({ coinId }) => coinId));
    const since = subscriber.updates.length;
    const missing = () => {
      const again = new Set(subscriber.updates.slice(since).map(({ coinId }) => coinId));
      return [...coins].filter((coin) => !again.has(coin));
    };
    while (missing().length > 0) await subscriber.has(subscriber.updates.length + 1);

    const stored = await storedTicks();
    for (const [coin, updates] of Map.groupBy(subscriber.updates, ({ coinId }) => coinId)) {
      const instants = updates.map(({ observedAt }) => Date.parse(observedAt));
      const [first, last] = [instants[0] as number, instants.at(-1) as number];
      expect(instants).toEqual(stored.get(coin)?.filter((at) => at >= first && at <= last));
    }
    await subscriber.close();
    for (const role of running.values()) role.kill('SIGTERM');
    for (const [name, role] of running) expect([name, await role.ended]).toEqual([name, 0]);
    running.clear();
  }, 240_000);

  test('producer and consumer without Kafka say what they need', async () => {
    for (const role of ['producer', 'consumer']) {
      const process = spawnPlatform([role], { DATABASE_URL: database.url, PORT: '0' });
      expect(await process.ended).toBe(1);
      expect(process.output()).toMatch(/set KAFKA_BROKERS and DATABASE_URL.*cdp up/);
    }
  });
});
