/** What a reader of screens hears: each event once, and no counter; and that the focus is never lost. In a real browser. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { OPERATOR_KEY, type TestGateway } from '../kit/gateway.js';
import { findBrowser } from './browser.js';
import { giveKey } from './scene.js';
import { type StillPage, useStillPages } from './still-market.js';

const path = findBrowser();
const suite = path === null ? describe.skip : describe;

/** Runs in the page: writes down what each live region comes to say. */
const LISTEN = `
  globalThis.heard = [];
  const said = new WeakMap();
  const hear = () => {
    for (const region of document.querySelectorAll('[role="status"], [aria-live]')) {
      const text = region.textContent;
      if (text !== '' && text !== said.get(region)) heard.push(text);
      said.set(region, text);
    }
  };
  new MutationObserver(hear).observe(document, { subtree: true, childList: true, characterData: true });`;

suite('by ear', () => {
  let gateway: TestGateway;
  let still: StillPage;
  let page: Page;
  useStillPages(path, (given) => {
    ({ gateway, still, page } = given);
  });
  beforeEach(() => page.addInitScript(LISTEN));

  const heard = async () => (await page.evaluate('globalThis.heard')) as string[];

  test('prices that stand still are said once, not with each minute of their age', async () => {
    await page.goto(gateway.url);
    await page.locator('tbody tr.linked').first().waitFor();
    for (const minutes of [10, 20, 30]) {
      await still.setTime(`2026-03-10T12:${minutes}:00.000Z`);
      await page.locator('.banner').getByText(`The newest is ${minutes} min old`).waitFor();
    }
    expect((await heard()).filter((said) => said.includes('Prices stand still'))).toHaveLength(1);
  });

  test('a dataset is said when it is picked, not with each second of its age', async () => {
    await page.goto(`${gateway.url}/pipelines`);
    await page.locator('[data-dataset="mart.mart_market_overview"]').click();
    const details = page.getByRole('region', { name: 'mart.mart_market_overview' });
    await details.waitFor();
    await page.getByRole('status').getByText('mart.mart_market_overview: not checked').waitFor({ state: 'attached' });
    expect(await details.getAttribute('aria-live')).toBeNull();
  });

  test('an alert is said by its message alone', async () => {
    await page.goto(`${gateway.url}/alerts`);
    const told = {
      ...{ id: 'a9', kind: 'PRICE_ABOVE', severity: 'CRITICAL', status: 'FIRING', threshold: '60000', observed: '65000.1', late: false },
      ...{ observedAt: '2026-03-10T12:00:00.000Z', triggeredAt: '2026-03-10T12:00:01.000Z', message: 'bitcoin crossed a line' },
      ...{ coin: { id: 'bitcoin', symbol: 'btc', name: 'Bitcoin' }, rule: null },
    };
    (await still.subscribed('AlertsTriggered')).next({ alertTriggered: told });
    await page.locator('[data-alert="a9"]').waitFor();
    expect((await heard()).filter((text) => text.includes('crossed'))).toEqual(['bitcoin crossed a line']);
  });

  test('the focus stays near what was pressed, where that goes', async () => {
    await page.goto(`${gateway.url}/alerts/rules`);
    await giveKey(page, OPERATOR_KEY);
    page.once('dialog', (dialog) => void dialog.accept());
    const row = page.getByRole('row', { name: /Any coin falls/ });
    await row.getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Rules');
  });

  test('why an acknowledgement failed is said', async () => {
    await page.goto(`${gateway.url}/alerts`);
    await giveKey(page, OPERATOR_KEY);
    await page.route('**/graphql', (route) =>
      (route.request().postData() ?? '').includes('Acknowledge(')
        ? route.fulfill({ json: { errors: [{ message: 'Not today' }] } })
        : route.fallback(),
    );
    const alert = page.locator('[data-alert="a2"]');
    await alert.getByRole('button', { name: 'Acknowledge' }).click();
    await alert.getByRole('alert').getByText('Not today').waitFor();
  });
});
