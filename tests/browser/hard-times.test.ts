/** What a reader has stays theirs: through an outage, a rollout, a browser that keeps nothing, and on the way back; in a real browser. */
import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { OPERATOR_KEY, type TestGateway } from '../kit/gateway.js';
import { seedManyCoins } from '../kit/seed.js';
import { waitFor } from '../kit/wait-for.js';
import { findBrowser } from './browser.js';
import { giveKey } from './scene.js';
import { SOON, type StillPage, useStillPages } from './still-market.js';

const path = findBrowser();
const suite = path === null ? describe.skip : describe;

suite('what a reader has', () => {
  let gateway: TestGateway;
  let still: StillPage;
  let page: Page;
  useStillPages(
    path,
    (given) => {
      ({ gateway, still, page } = given);
    },
    {
      prepare: ({ db }) => seedManyCoins(db, 80),
      tolerated: /a subscription failed|Failed to load resource|could not be loaded/,
    },
  );

  const rows = () => page.locator('tbody tr.linked');
  const fail = (query: string) =>
    page.route('**/graphql', (route) =>
      (route.request().postData() ?? '').includes(query)
        ? route.fulfill({ json: { errors: [{ message: 'Not today', extensions: { code: 'INTERNAL' } }] } })
        : route.fallback(),
    );

  test('is found again on the way back to the market: rows, order, search and place, though it cannot be asked', async () => {
    await page.goto(gateway.url);
    await rows().first().waitFor();
    await page.getByRole('button', { name: 'Price', exact: true }).click();
    await page.getByRole('searchbox', { name: 'Search coins' }).fill('coin-');
    await waitFor(
      'the coins that match',
      async () => (await rows().count()) > 20 && (await rows().first().textContent())?.includes('Coin 80'),
      SOON,
    );
    const low = page.getByRole('link', { name: 'Coin 20', exact: false }).first();
    await low.scrollIntoViewIfNeeded();
    expect(await page.evaluate('scrollY')).toBeGreaterThan(1_000);
    await low.click();
    await page.getByRole('heading', { level: 1, name: 'Coin 20' }).waitFor();
    expect(await page.evaluate('scrollY')).toBe(0);

    await fail('query Market(');
    for (const back of [() => page.goBack(), () => page.getByRole('link', { name: 'Back to the market' }).click()]) {
      await back();
      await rows().first().waitFor();
      expect(await rows().first().textContent()).toContain('Coin 80');
      expect(await page.getByRole('searchbox', { name: 'Search coins' }).inputValue()).toBe('coin-');
      expect(await page.getByText('The coins cannot be shown').count()).toBe(0);
      await waitFor(
        'the place on the page',
        async () => {
          const { y } = (await low.boundingBox()) ?? { y: -1 };
          return y > 0 && y < 900;
        },
        SOON,
      );
      await low.click();
      await page.getByRole('heading', { level: 1, name: 'Coin 20' }).waitFor();
    }
  }, 90_000);

  test('of history stays when older alerts cannot be had, and is as it is now', async () => {
    await gateway.db.pool.query("UPDATE mart.mart_alerts SET status = 'FIRING' WHERE alert_id IN ('many-coin-0801', 'many-coin-0802')");
    await page.goto(`${gateway.url}/alerts/history`);
    const items = page.locator('.alert-item');
    const firing = page.locator('[data-alert="many-coin-0801"]');
    await firing.waitFor();
    await giveKey(page, OPERATOR_KEY);
    await fail('"after":"');
    await page.getByRole('button', { name: 'Older ones' }).click();
    await page.getByText('The alerts cannot be shown').waitFor();
    expect(await items.count()).toBe(50);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.getByText('The alerts cannot be shown').locator('..').getByRole('button', { name: 'Try again' }).click();
    await waitFor('older ones', async () => (await items.count()) === 100, SOON);

    await firing.getByRole('button', { name: 'Acknowledge' }).click();
    await firing.getByText('Acknowledged', { exact: true }).waitFor();
    expect(await page.evaluate('document.activeElement.dataset.alert')).toBe('many-coin-0801');

    // As newer ones come, none falls between two pages.
    const shown = () => items.evaluateAll((all) => all.map((item) => item.getAttribute('data-alert')));
    const before = await shown();
    await gateway.db.pool.query(
      `INSERT INTO mart.mart_alerts SELECT 'newer-' || n, rule_id, rule_version, coin_id, kind, severity, threshold, window_minutes, observed, price_usd, source,
         '2026-03-10T12:30:00Z', origin, position, '2026-03-10T12:30:00Z', late, 'RESOLVED', NULL, NULL, 'newer' FROM mart.mart_alerts, generate_series(1, 3) AS n WHERE alert_id = 'a2'`,
    );
    await page.locator('.alert-item button', { hasText: 'Acknowledge' }).first().click();
    await waitFor(
      'all of before but the last three, and the newer ones',
      async () => {
        const now = await shown();
        return (
          now.length === 100 &&
          now.filter((id) => id?.startsWith('newer-')).length === 3 &&
          before.slice(0, 97).every((id) => now.includes(id))
        );
      },
      SOON,
    );
  }, 120_000);

  test('is not taken away by a part of the pages that is gone: each wait for it is longer', async () => {
    let documents = 0;
    page.on('request', (request) => {
      if (request.isNavigationRequest()) documents++;
    });
    await page.clock.pauseAt('2026-03-10T12:01:00.000Z');
    await page.route('**/coin-page*.js', (route) => route.fulfill({ status: 404, body: '' }));
    await page.goto(`${gateway.url}/coins/bitcoin`);
    const passUntil = async (what: string, over: () => boolean | Promise<boolean>) => {
      let passedMs = 0;
      await waitFor(
        what,
        async () => {
          await page.clock.runFor(100);
          passedMs += 100;
          return over();
        },
        { ...SOON, everyMs: 20 },
      );
      return passedMs;
    };
    await passUntil('a word on it', () => page.getByText('This page cannot be had now').isVisible());
    await passUntil('the first attempt', () => documents === 2);
    for (const attempt of [2, 3]) {
      const waitedMs = await passUntil(`attempt ${attempt}`, () => documents === attempt + 1);
      expect(waitedMs).toBeGreaterThanOrEqual(1_000 * 2 ** (attempt - 1));
    }
    await page.unroute('**/coin-page*.js');
    await passUntil('the page', () => page.getByText('observed').first().isVisible());
  }, 90_000);

  test('is shown in a browser that keeps nothing, key and theme too', async () => {
    await page.addInitScript(`for (const name of ['sessionStorage', 'localStorage'])
      Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError'); } });`);
    await page.goto(gateway.url);
    await rows().first().waitFor();
    await page.getByRole('button', { name: 'Theme: system' }).click();
    await page.locator('html[data-theme="light"]').waitFor();
    await page.getByRole('link', { name: 'Alerts' }).click();
    await giveKey(page, OPERATOR_KEY);
    await page.getByRole('link', { name: 'Rules' }).click();
    await page.getByRole('button', { name: 'New rule' }).waitFor();
  });

  test('typed into the key’s dialog is forgotten with it', async () => {
    await page.goto(`${gateway.url}/pipelines/failures`);
    const give = page.getByRole('main').getByRole('button', { name: 'Give the key' });
    await give.click();
    const key = page.getByLabel('Key', { exact: true });
    await key.fill('not the key');
    await page.getByRole('button', { name: 'Use this key' }).click();
    await page.getByText("This is not the operator's key").waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await give.click();
    expect(await key.inputValue()).toBe('');
    expect(await page.getByText("This is not the operator's key").count()).toBe(0);
    await key.fill(OPERATOR_KEY);
    await page.getByRole('button', { name: 'Use this key' }).click();
    await give.waitFor({ state: 'detached' });
    await waitFor(
      'the focus on what is there',
      async () => (await page.evaluate('document.activeElement.ariaLabel')) === "The operator's key is given",
      SOON,
    );
  });

  test('picked stays picked where sending again failed', async () => {
    await page.goto(`${gateway.url}/pipelines/failures`);
    await giveKey(page, OPERATOR_KEY);
    const letters = page.getByRole('region', { name: 'Dead letters' });
    await letters.getByLabel('All', { exact: true }).check();
    await fail('RedriveDeadLetters');
    await letters.getByRole('button', { name: 'Send again' }).click();
    await letters.getByText('Not today').waitFor();
    await letters.getByText('1 picked').waitFor();
  });

  test('of alerts is made up for after a loss, though the first question fails', async () => {
    await page.goto(`${gateway.url}/alerts`);
    const alerts = await still.subscribed('AlertsTriggered');
    let failures = 1;
    await page.route('**/graphql', (route) => {
      const feed = (route.request().postData() ?? '').includes('"first":50');
      if (feed && failures-- > 0) return route.fulfill({ json: { errors: [{ message: 'Not today' }] } });
      return route.fallback();
    });
    await gateway.db.pool.query(
      `INSERT INTO mart.mart_alerts SELECT 'lost', rule_id, rule_version, coin_id, kind, severity, threshold, window_minutes, observed, price_usd, source,
         '2026-03-10T12:00:10Z', origin, position, '2026-03-10T12:00:10Z', late, 'FIRING', NULL, NULL, 'fired in the gap' FROM mart.mart_alerts WHERE alert_id = 'a2'`,
    );
    alerts.refuse('CURSOR_EXPIRED', 'kept no more');
    await page.locator('.alert-item', { hasText: 'fired in the gap' }).waitFor();
    (await still.subscribed('AlertsTriggered')).refuse('INTERNAL', 'Not today');
    await page.getByText('Refused: Not today').waitFor();
    // The next try stands, though nothing fires.
    await page.clock.fastForward(5_000);
    await page.getByText('Listening', { exact: true }).waitFor();
  });
});
