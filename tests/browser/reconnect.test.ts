/** A gateway is killed under the open page: the page says so, comes back by itself, and has missed nothing. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { UPDATES_TOPIC } from '../../src/domain/prices.js';
import { trimLog } from '../../src/platform/event-log/trim-log.js';
import { openDatabase } from '../../src/platform/postgres/database.js';
import { attach } from '../../src/platform/postgres/embedded.js';
import { TestSubscription } from '../kit/live.js';
import { waitFor } from '../kit/wait-for.js';
import { findBrowser, launch, openPage } from './browser.js';
import { openScene, type Scene } from './scene.js';

interface Update {
  coinId: string;
  usd: string;
  observedAt: string;
}

const path = findBrowser();
const suite = path === null ? describe.skip : describe;
const SOON = { withinMs: 90_000, everyMs: 200 };
const QUERY = 'subscription { priceUpdated { coinId usd observedAt } }';

/** Every update that the page is told, from the frames of its sockets. */
function listenTo(page: Page): Update[] {
  const told: Update[] = [];
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const message = JSON.parse(String(payload)) as { type: string; payload?: { data?: { priceUpdated?: Update } } };
      const update = message.type === 'next' ? message.payload?.data?.priceUpdated : undefined;
      if (update) told.push({ coinId: update.coinId, usd: update.usd, observedAt: update.observedAt });
    }),
  );
  return told;
}

function byCoin(updates: readonly Update[]): Map<string, string[]> {
  const names = updates.map(({ coinId, usd, observedAt }) => ({ coinId, name: `${observedAt} ${usd}` }));
  return new Map([...Map.groupBy(names, ({ coinId }) => coinId)].map(([coin, own]) => [coin, own.map(({ name }) => name)]));
}

suite('a gateway that dies', () => {
  let scene: Scene;
  let browser: Browser;
  beforeAll(async () => {
    scene = await openScene();
    browser = await launch(path as string);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await scene?.close();
  });

  /** A page on a gateway of its own, which has been told of some updates, and a witness at another one. */
  async function openWitnessed() {
    const gateway = await scene.startGateway();
    const witness = new TestSubscription<{ priceUpdated: Update }>(`${scene.url.replace('http', 'ws')}/graphql`, { query: QUERY });
    await witness.connected;
    const { page, complaints } = await openPage(browser);
    const told = listenTo(page);
    await page.goto(gateway.url);
    await waitFor('the first updates', () => told.length >= 3, SOON);
    return { gateway, witness, page, complaints, told };
  }

  async function missUpdates(witness: TestSubscription<{ priceUpdated: Update }>): Promise<void> {
    const missed = witness.data.length;
    await waitFor('updates that nobody tells the page', () => witness.data.length >= missed + 5, SOON);
  }

  test('costs the page no update', async () => {
    const { gateway, witness, page, complaints, told } = await openWitnessed();
    const runs = await openPage(browser);
    await runs.page.goto(`${gateway.url}/pipelines/runs`);
    await runs.page.locator('[data-run]').first().waitFor();

    gateway.kill('SIGKILL');
    await gateway.ended;
    await page.getByTestId('disconnected').waitFor();
    await runs.page.waitForEvent('requestfailed', { timeout: 60_000 });
    await runs.page.getByTestId('disconnected').waitFor();
    expect(await runs.page.locator('[data-run]').count()).toBeGreaterThan(0);
    await runs.context.close();
    await missUpdates(witness);
    const before = told.length;

    await scene.startGateway(Number(new URL(gateway.url).port));
    await page.getByTestId('resumed').waitFor({ timeout: 60_000 });
    await waitFor('updates after the break', () => told.length >= before + 10, SOON);
    await page.getByRole('button', { name: /the stream of prices/ }).click();
    expect(await page.getByTestId('broken').textContent()).toBe('0');
    expect(await page.getByTestId('resumptions').textContent()).toMatch(/back after .*, [1-9]\d* updates? observed until then came since/);

    // Between the first and the last update of a coin that the page was told, it was told what the witness was told.
    const seen = [...told];
    await waitFor(
      'the witness to know the last one',
      () => {
        const known = byCoin(witness.data.map((data) => data.priceUpdated));
        return [...byCoin(seen)].every(([coin, own]) => known.get(coin)?.includes(own.at(-1) as string));
      },
      SOON,
    );
    const known = byCoin(witness.data.map((data) => data.priceUpdated));
    for (const [coin, own] of byCoin(seen)) {
      const whole = known.get(coin) ?? [];
      expect(own).toEqual(whole.slice(whole.indexOf(own[0] as string), whole.indexOf(own.at(-1) as string) + 1));
    }
    await witness.stop();
    expect(complaints).toEqual([]);
  }, 400_000);

  test('says so where what came meanwhile is kept no more, and goes on', async () => {
    const { gateway, witness, page, complaints, told } = await openWitnessed();
    gateway.kill('SIGKILL');
    await gateway.ended;
    await page.getByTestId('disconnected').waitFor();
    const before = told.length;
    await missUpdates(witness);
    await witness.stop();
    const db = openDatabase(attach(scene.dataDir), { applicationName: 'test', maxConnections: 1 });
    await trimLog(db, { topic: UPDATES_TOPIC, partitions: 1, retentionMs: 0 }, false);
    await db.close();

    await scene.startGateway(Number(new URL(gateway.url).port));
    await waitFor('updates after the break', () => told.length >= before + 3, SOON);
    await page.getByRole('button', { name: /the stream of prices/ }).click();
    await page.getByText('Updates were lost 1 time').waitFor();
    expect(await page.getByTestId('broken').textContent()).toBe('0');
    expect(complaints).toEqual([]);
  }, 400_000);
});
