/** Dead letters and rejected rows, of real records: seen, sent again, put away, in a real browser. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Browser, Locator, Page } from 'playwright-core';
import type { Decimal } from '../../src/domain/decimal.js';
import { encodePriceRecord } from '../../src/domain/price-record.js';
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import { createPostgresEventLog } from '../../src/platform/event-log/postgres-event-log.js';
import { type Database, openDatabase } from '../../src/platform/postgres/database.js';
import { attach } from '../../src/platform/postgres/embedded.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { waitFor } from '../kit/wait-for.js';
import { findBrowser, launch, openPage } from './browser.js';
import { giveKey, openScene, type Scene } from './scene.js';

const path = findBrowser();
const suite = path === null ? describe.skip : describe;

suite('what failed validation', () => {
  let scene: Scene;
  let db: Database;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    scene = await openScene();
    db = openDatabase(attach(scene.dataDir), { applicationName: 'test', maxConnections: 2 });
    browser = await launch(path as string);
    ({ page, complaints } = await openPage(browser));
    page.setDefaultTimeout(60_000);
    await page.goto(`${scene.url}/pipelines/failures`);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await db?.close();
    await scene?.close();
  });

  const append = (key: string, value: Buffer) =>
    createPostgresEventLog(db, pino({ level: 'silent' })).append(PRICES_TOPIC, [{ key, value }]);
  const list = (title: string) => page.getByRole('region', { name: title });
  const placeOf = async (failure: Locator) => (await failure.locator('.mono').textContent()) ?? '';
  const sendAllAgain = async (of: Locator) => {
    await of.getByLabel('All', { exact: true }).check();
    await of.getByRole('button', { name: 'Send again' }).click();
    await of.getByText('1 record appended to the log anew').waitFor();
  };

  test('is shown to the operator alone', async () => {
    await page.getByText('For the operator alone').waitFor();
    await giveKey(page, scene.key);
    await list('Dead letters').getByText('No dead letters').waitFor();
    await list('Rejected rows').getByText('No rejected rows').waitFor();
  });

  test('a record that is none becomes a dead letter, and another one when it is sent again; put away, it is gone', async () => {
    const letters = list('Dead letters');
    await append('bitcoin', Buffer.from('{"half a record'));
    const letter = letters.locator('.failure');
    await letter.waitFor();
    await letter.getByText('As received').click();
    expect(await letter.locator('pre').textContent()).toBe('{"half a record');
    const first = await placeOf(letter);
    expect(first).toMatch(/^market\.prices\.v1\/\d at \d+$/);

    await sendAllAgain(letters);
    // Sent again, the first waits no more; what came of it does.
    await letters.locator('.failure .mono', { hasText: first }).waitFor({ state: 'detached' });
    await letter.waitFor();
    const second = await placeOf(letter);
    expect(second).not.toBe(first);

    await letters.getByRole('button', { name: 'Sent again too' }).click();
    const old = letters.locator('.failure', { hasText: first });
    await old.getByText('sent again').waitFor();
    expect(await old.getByRole('checkbox').isDisabled()).toBe(true);
    await letters.getByRole('button', { name: 'Waiting' }).click();
    await old.waitFor({ state: 'detached' });

    await letter.getByRole('checkbox').check();
    page.once('dialog', (dialog) => void dialog.dismiss());
    await letters.getByRole('button', { name: 'Put away' }).click();
    await letters.getByText('1 picked').waitFor();
    page.once('dialog', (dialog) => void dialog.accept());
    await letters.getByRole('button', { name: 'Put away' }).click();
    await letters.getByText('1 record put away').waitFor();
    await letters.getByText('No dead letters').waitFor();
    const { rows } = await db.pool.query(
      'SELECT redriven_at IS NULL AS kept, discarded_at IS NULL AS waits FROM ops.dead_letters ORDER BY id',
    );
    expect(rows).toEqual([
      { kept: false, waits: true },
      { kept: true, waits: false },
    ]);
  }, 180_000);

  test('a price of a coin that nobody follows is rejected until somebody does: then it is let in', async () => {
    const rejected = list('Rejected rows');
    const now = new Date();
    const price = {
      source: 'simulator',
      coinId: 'late-listing',
      priceUsd: '1.5' as Decimal,
      observedAt: now,
      receivedAt: now,
      payload: '{}',
    };
    await append('late-listing', encodePriceRecord(price));
    const row = rejected.locator('.failure');
    await row.getByText('late-listing').first().waitFor();
    const first = await placeOf(row);
    await sendAllAgain(rejected);
    await rejected.locator('.failure .mono', { hasText: first }).waitFor({ state: 'detached' });
    await row.waitFor(); // the cause stands as before

    await trackCoins(db.pool, ['late-listing'], 'simulator', now);
    await sendAllAgain(rejected);
    await rejected.getByText('No rejected rows').waitFor();
    const stored = "SELECT trim_scale(price_usd)::text AS usd FROM mart.mart_latest_prices WHERE coin_id = 'late-listing'";
    await waitFor('its price', async () => (await db.pool.query(stored)).rows[0]?.usd === '1.5', { withinMs: 60_000, everyMs: 200 });
    expect(complaints).toEqual([]);
  }, 180_000);
});
