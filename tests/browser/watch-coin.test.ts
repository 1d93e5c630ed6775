/** "Watch Bitcoin" makes a rule for Bitcoin, whatever became of the names of the coins, in a real browser. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { OPERATOR_KEY, type TestGateway } from '../kit/gateway.js';
import { NOW, seedManyCoins } from '../kit/seed.js';
import { findBrowser, launch } from './browser.js';
import { giveKey } from './scene.js';
import { openStillPage, startStillMarket } from './still-market.js';

const path = findBrowser();
const suite = path === null ? describe.skip : describe;

suite('a rule for the coin whose page led to it', () => {
  let gateway: TestGateway;
  let browser: Browser;
  beforeAll(async () => {
    gateway = await startStillMarket();
    await seedManyCoins(gateway.db, 210);
    await trackCoins(gateway.db.pool, ['coin-210'], 'simulator', new Date(NOW));
    browser = await launch(path as string);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
  });

  /** The coin's option, and the coin that the stored rule is for. */
  async function watch(coinId: string, shown: string, names: 'answered' | 'refused'): Promise<string | null> {
    const { page, context, complaints } = await openStillPage(browser);
    if (names === 'refused') {
      const refusal = { errors: [{ message: 'Too much at once', extensions: { code: 'OVERLOADED' } }] };
      await page.route('**/graphql', (route) =>
        route.request().postData()?.includes('query CoinNames') ? route.fulfill({ json: refusal }) : route.fallback(),
      );
    }
    await page.goto(`${gateway.url}/alerts/rules?coin=${coinId}`);
    await giveKey(page, OPERATOR_KEY);
    if (names === 'refused') await page.getByText('The other coins cannot be shown: Too much at once.').waitFor();
    await page.getByRole('combobox', { name: 'Coin' }).locator('option:checked', { hasText: shown }).waitFor({ state: 'attached' });
    await page.getByLabel('Name').fill(`Watch ${coinId} ${names}`);
    await page.getByLabel('Threshold, USD').fill('0,5');
    await page.getByRole('button', { name: 'Create the rule' }).click();
    await page.getByText('“0,5” is no number: write it like 100000 or 0.5').waitFor();
    await page.getByLabel('Threshold, USD').fill('0.5');
    await page.getByRole('button', { name: 'Create the rule' }).click();
    await page.getByRole('cell', { name: `Watch ${coinId} ${names}` }).waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
    expect(complaints).toEqual([]);
    const { rows } = await gateway.db.pool.query('SELECT coin_id FROM ops.alert_rules WHERE name = $1', [`Watch ${coinId} ${names}`]);
    return rows[0].coin_id;
  }

  test('though it is far down the list', async () => {
    expect(await watch('coin-210', 'Coin 210', 'answered')).toBe('coin-210');
  });

  test('though the names cannot be had', async () => {
    expect(await watch('bitcoin', 'bitcoin', 'refused')).toBe('bitcoin');
  });
});
