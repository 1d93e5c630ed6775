/** The main paths of the dashboard in a real browser, on the real platform with its simulated market. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { ask } from '../kit/platform-process.js';
import { waitFor } from '../kit/wait-for.js';
import { findBrowser, launch, openPage, type WatchedPage } from './browser.js';
import { COINS, giveKey, newestPrice, openScene, type Scene } from './scene.js';

const path = findBrowser();
const suite = path === null ? describe.skip : describe;
/** A coin ticks every 30 s; a busy machine is slow. */
const SOON = { withinMs: 90_000, everyMs: 200 };

/** Runs in the page: adds up how far things moved that nobody had touched. */
const WATCH_SHIFTS = `
  globalThis.shifted = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.shifted += entry.value))).observe({ type: 'layout-shift', buffered: true });`;

/** A condition may be over the moment before it is said that one knows: then the next alert. */
async function acknowledgeOne(page: Page, url: string): Promise<void> {
  const acknowledged = page.locator('.alert-item', { has: page.getByText('Acknowledged', { exact: true }) }).first();
  const button = page.getByRole('button', { name: 'Acknowledge' }).first();
  const press = async () => {
    if ((await button.count()) > 0) await button.click({ timeout: 1_000 }).catch(() => {}); // it may go as we reach for it
    return (await acknowledged.count()) > 0;
  };
  await waitFor('an alert that is acknowledged', press, SOON);
  const query = '{ alerts(first: 200) { nodes { acknowledgedAt } } }';
  const { alerts } = await ask<{ alerts: { nodes: { acknowledgedAt: string | null }[] } }>(url, query);
  expect(alerts.nodes.some(({ acknowledgedAt }) => acknowledgedAt !== null)).toBe(true);
}

suite('the dashboard', () => {
  let scene: Scene;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    scene = await openScene();
    browser = await launch(path as string);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await scene?.close();
  });
  beforeEach(async () => {
    watched = await openPage(browser);
    page = watched.page;
    page.setDefaultTimeout(30_000);
  });
  afterEach(async () => {
    await watched.context.close();
    expect(watched.complaints).toEqual([]);
  });

  const priceOf = (coin: string) => page.locator(`tr:has(a[href="/coins/${coin}"]) [data-price]`);

  test('shows every coin, and a price that changes without a reload', async () => {
    await page.goto(scene.url);
    await page.getByText('Simulated market').waitFor();
    expect(await page.getByTestId('attribution').textContent()).toContain('Simulated data: no real prices');
    await waitFor('all rows', async () => (await page.locator('tbody tr.linked').count()) === COINS, SOON);
    const shown = () =>
      priceOf('bitcoin').evaluate((price) => ({
        usd: price.getAttribute('data-price'),
        pushes: Number(price.getAttribute('data-pushes')),
        flashes: /flash-(up|down)/.test(price.className),
      }));
    const before = await shown();
    // Pushed, for a price is also asked for now and then, which does not flash.
    await waitFor(
      'another price of bitcoin, pushed',
      async () => {
        const { usd, pushes, flashes } = await shown();
        return usd !== before.usd && pushes > before.pushes && flashes;
      },
      SOON,
    );
    await waitFor(
      'the price that the API has',
      async () => {
        const { usd } = await newestPrice(scene.url, 'bitcoin');
        return (await priceOf('bitcoin').getAttribute('data-price')) === usd;
      },
      SOON,
    );
  }, 240_000);

  test('sorts, searches and leads to a coin by keyboard alone', async () => {
    await page.goto(scene.url);
    await page.locator('tbody tr.linked').first().waitFor();
    await page.getByRole('button', { name: 'Price', exact: true }).press('Enter');
    const shown = async () => {
      const prices = await page.locator('tbody [data-price]').all();
      return Promise.all(prices.map(async (price) => Number(await price.getAttribute('data-price'))));
    };
    await page.locator('th[aria-sort="descending"]').waitFor();
    const prices = await shown();
    expect(prices[0]).toBe(Math.max(...prices));
    await page.locator('body').press('/');
    await page.keyboard.type('bitcoin');
    await waitFor(
      'bitcoin and its like alone',
      async () => {
        const names = await page.locator('tbody tr.linked').allTextContents();
        return names.length > 0 && names.every((name) => /bitcoin|btc/i.test(name));
      },
      SOON,
    );
    await page.locator('.coin-name[href="/coins/bitcoin"]').press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Bitcoin' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/coins/bitcoin');
  }, 120_000);

  test('a deep link shows the coin: candles of each interval, figures with their meaning, a live price', async () => {
    await page.goto(`${scene.url}/coins/ethereum`);
    await page.locator('.chart canvas').first().waitFor();
    for (const interval of ['1 m', '5 m', '1 d', '1 h']) {
      await page.getByRole('button', { name: interval, exact: true }).click();
      await page.locator(`button[aria-pressed="true"]:text-is("${interval}")`).waitFor();
      await page.locator('.chart canvas').first().waitFor();
    }
    const close = async () => (await page.getByTestId('candle').textContent()) ?? '';
    const before = await close();
    await waitFor('the last candle to move', async () => (await close()) !== before, SOON);
    await page.getByText('Return per unit of that risk').waitFor();
    await page.goto(`${scene.url}/coins/no-such-coin`);
    await page.getByText('The platform does not follow “no-such-coin”').waitFor();
  }, 240_000);

  test('runs a pipeline for the key’s holder, and for nobody else', async () => {
    await page.goto(`${scene.url}/pipelines`);
    await page.locator('[data-dataset="mart.mart_price_candles"]').click();
    await page.getByText('one coin, interval and bucket').waitFor();
    await page.getByRole('link', { name: 'Runs' }).click();
    const button = page.locator('[data-pipeline="housekeeping"]').getByRole('button', { name: 'Run now' });
    await button.click();
    await page.getByLabel('Key', { exact: true }).fill('not the key');
    await page.getByRole('button', { name: 'Use this key' }).click();
    await page.getByText("This is not the operator's key").waitFor();
    await page.getByLabel('Key', { exact: true }).fill(scene.key);
    await page.getByRole('button', { name: 'Use this key' }).click();
    await button.click();
    const said = await page.locator('[data-pipeline="housekeeping"] [role="status"]').textContent();
    const id = /Run (\d+) is asked for/.exec(said ?? '')?.[1];
    expect(id).toBeDefined();
    await page.locator(`[data-run="${id}"][data-status="SUCCEEDED"]`).waitFor({ timeout: 60_000 });
    await page.locator(`[data-run="${id}"] summary`).click();
    await page.locator(`[data-run="${id}"]`).getByText('check_all').waitFor();
    await page.getByRole('link', { name: 'Failures' }).click();
    await page.getByText('No dead letters').waitFor();
  }, 180_000);

  test('a rule that is made here fires, and its alert arrives here', async () => {
    await page.goto(`${scene.url}/alerts/rules`);
    await giveKey(page, scene.key);
    await page.getByRole('button', { name: 'New rule' }).click();
    await page.getByLabel('Name').fill('Any stir');
    await page.getByLabel('Condition').selectOption('PCT_RISE');
    await page.getByLabel('Threshold, percent').fill('0.0001');
    await page.getByLabel('Within, minutes').fill('1');
    await page.getByLabel('Quiet after an alert, seconds').fill('0');
    await page.getByRole('button', { name: 'Create the rule' }).click();
    await page.getByRole('cell', { name: 'Any stir' }).waitFor();
    await page.getByRole('link', { name: 'Live', exact: true }).click();
    const alert = page.locator('.alert-item.fresh', { hasText: 'Any stir' }).first();
    await alert.waitFor({ timeout: 240_000 });
    const id = await alert.getAttribute('data-alert'); // first: others may come before it
    const stored = await ask<{ alerts: { nodes: { id: string; message: string }[] } }>(
      scene.url,
      '{ alerts(first: 200) { nodes { id message } } }',
    );
    expect(stored.alerts.nodes.map((each) => each.id)).toContain(id);
    await acknowledgeOne(page, scene.url);
    await page.getByRole('link', { name: 'Rules' }).click();
    const row = page.getByRole('row', { name: /Any stir/ });
    await row.getByRole('button', { name: 'Switch off' }).click();
    await row.getByText('Off', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Threshold, percent').fill('0.000100000000000000002');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Any coin up over 0.000100000000000000002% in 1 min').waitFor();
    page.once('dialog', (dialog) => void dialog.accept());
    await row.getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
  }, 300_000);

  test('the feed holds what was sent alone, also what fired before anybody listened', async () => {
    const asked: unknown[] = [];
    const stored = {
      ...{ __typename: 'Alert', id: 'a1', kind: 'PRICE_ABOVE', severity: 'CRITICAL', status: 'FIRING', threshold: '1', observed: '2' },
      ...{ observedAt: '2026-03-10T09:00:00.000Z', triggeredAt: '2026-03-10T09:00:01.000Z', late: false, rule: null },
      ...{ message: 'fired while nobody listened', coin: { __typename: 'Coin', id: 'bitcoin', symbol: 'btc', name: 'Bitcoin' } },
    };
    await page.route('**/graphql', (route) => {
      const { query, variables } = route.request().postDataJSON() as { query: string; variables: { filter: unknown } };
      if (!query.includes('query Alerts(')) return route.continue();
      const nodes = asked.push(variables.filter) === 1 ? [] : [stored];
      return route.fulfill({ json: { data: { alerts: { nodes, pageInfo: { hasNextPage: false, endCursor: null } } } } });
    });
    await page.goto(scene.url);
    await page.getByRole('link', { name: /Alerts \d+ new/ }).click();
    await page.locator('.alert-item.fresh', { hasText: 'fired while nobody listened' }).waitFor();
    expect(asked.slice(0, 2)).toEqual([{ sent: true }, { sent: true }]);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test('real data name their source, with the link that its terms ask for', async () => {
    await page.route('**/graphql', async (route) => {
      const response = await route.fetch();
      const real = (await response.text())
        .replace('"realm":"SIMULATED"', '"realm":"REAL"')
        .replace(/"attribution":"[^"]*"/, '"attribution":"Data provided by CoinGecko (https://www.coingecko.com)"');
      await route.fulfill({ response, body: real });
    });
    await page.goto(scene.url);
    const link = page.getByRole('link', { name: 'Data provided by CoinGecko', exact: true });
    await link.waitFor();
    expect(await link.getAttribute('href')).toBe('https://www.coingecko.com');
    expect(await page.getByText('Simulated').count()).toBe(0);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test('GraphiQL asks, with the schema’s documentation at hand', async () => {
    await page.goto(`${scene.url}/graphiql`);
    // Before its editor is there, the button does nothing.
    await page.locator('.graphiql-query-editor .view-line', { hasText: 'query' }).first().waitFor();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.graphiql-response', { hasText: 'Bitcoin' }).waitFor();
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).first().waitFor();
    await page.getByRole('tab', { name: 'LivePrices' }).click();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.graphiql-response', { hasText: 'priceUpdated' }).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: /Stop query/ }).click();
    await giveKey(page, scene.key);
  }, 180_000);

  test('GraphiQL fits a phone: the answer stands below the query, and both can be read', async () => {
    const phone = await openPage(browser, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    await phone.page.goto(`${scene.url}/graphiql`);
    const query = phone.page.locator('.graphiql-query-editor');
    await query.locator('.view-line', { hasText: 'query' }).first().waitFor();
    await phone.page.getByRole('button', { name: /Execute query/ }).tap();
    const answer = phone.page.locator('.graphiql-response');
    await answer.filter({ hasText: 'Bitcoin' }).waitFor();
    const [above, below] = [await query.boundingBox(), await answer.boundingBox()];
    expect(await phone.page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(above?.width).toBeGreaterThan(300);
    expect(below?.width).toBeGreaterThan(300);
    expect(below?.height).toBeGreaterThan(250);
    expect(below?.y).toBeGreaterThanOrEqual((above?.y ?? 0) + (above?.height ?? 0));
    await phone.context.close();
    expect(phone.complaints).toEqual([]);
  }, 120_000);

  test('at an address where nothing is, the page says so and leads on', async () => {
    await page.goto(`${scene.url}/no/such/page`);
    await page.getByText('There is no page at this address').waitFor();
    await page.getByRole('link', { name: 'To the market' }).click();
    await page.locator('tbody tr.linked').first().waitFor();
    for (const address of ['/alerts/nonsense', '/pipelines/nonsense']) {
      await page.goto(scene.url + address);
      await page.getByText('There is no page at this address').waitFor();
    }
    expect(watched.complaints.splice(0)).toEqual([expect.stringContaining('status of 404')]);
  });

  test('nothing moves while the pages load, also on a phone', async () => {
    const phone = await openPage(browser, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    for (const address of ['/', '/coins/bitcoin', '/alerts', '/pipelines']) {
      await phone.page.addInitScript(WATCH_SHIFTS);
      await phone.page.goto(scene.url + address);
      await phone.page.getByRole('heading', { level: 1 }).waitFor();
      await phone.page.waitForLoadState('networkidle');
      const [shift, width] = (await phone.page.evaluate('[globalThis.shifted, document.documentElement.scrollWidth]')) as [number, number];
      expect({ address, shifts: shift > 0.1, wide: width > 390 }).toEqual({ address, shifts: false, wide: false });
    }
    await phone.context.close();
    expect(phone.complaints).toEqual([]);
  }, 120_000);
});
