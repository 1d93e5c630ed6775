/** The gateway answers, Postgres does not: pages keep what was answered last, and say so, in a real browser. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import type { TestGateway } from '../kit/gateway.js';
import { NOW } from '../kit/seed.js';
import { waitFor } from '../kit/wait-for.js';
import { findBrowser, launch, openPage } from './browser.js';
import { answerAt, startStillMarket } from './still-market.js';

const path = findBrowser();
const suite = path === null ? describe.skip : describe;

/** The reader's clock, once everything fails. */
const LATER = '2026-03-10T12:04:00.000Z';
/** By then everything that is asked again has been. */
const LONGEST_MS = 600_000;

/** Every page, what it shows, and the questions behind that. By links alone, so that the tab keeps the answers. */
const WAY = [
  { href: '/coins/bitcoin', shows: 'Close of 9 Mar 2026', asked: ['candles', 'coin'] },
  { href: '/alerts', shows: 'bitcoin is at 61000 USD', asked: ['alerts'] },
  { href: '/alerts/history', shows: 'bitcoin is at 61000 USD', asked: ['alert rules', 'alerts', 'coin names'] },
  { href: '/alerts/rules', shows: 'Any coin falls', asked: ['alert rules'] },
  { href: '/pipelines', shows: 'mart_price_candles', asked: ['datasets'] },
  { href: '/pipelines/runs', shows: 'restate', asked: ['runs'] },
];

/** Tables of the log stay, so that the socket does. */
const TABLES = ['pipeline_runs', 'datasets', 'alert_rules'];
const BREAK = ['ALTER SCHEMA mart RENAME TO away', ...TABLES.map((table) => `ALTER TABLE ops.${table} RENAME TO ${table}_away`)];
const MEND = ['ALTER SCHEMA away RENAME TO mart', ...TABLES.map((table) => `ALTER TABLE ops.${table}_away RENAME TO ${table}`)];

suite('a refresh that failed', () => {
  let gateway: TestGateway;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let run: string;
  let time: string = NOW;
  const sockets: WebSocketRoute[] = [];
  beforeAll(async () => {
    gateway = await startStillMarket();
    const { rows } = await gateway.db.pool.query(
      `INSERT INTO ops.pipeline_runs (pipeline, slot, attempt, status, requested_at, started_at)
       VALUES ('daily', '2026-03-10', 1, 'RUNNING', '2026-03-10T12:00:00Z', '2026-03-10T12:00:00Z') RETURNING id`,
    );
    run = `[data-run="${rows[0].id}"] .run-time`;
    browser = await launch(path as string);
    ({ page, complaints } = await openPage(browser));
    page.setDefaultTimeout(30_000);
    await page.routeWebSocket(/graphql/, (socket) => {
      socket.connectToServer();
      sockets.push(socket);
    });
    await page.clock.install({ time: NOW });
    await page.clock.setFixedTime(NOW);
    await answerAt(page, () => time);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
  });
  // What is followed live is refused meanwhile too.
  afterEach(() => expect(complaints.splice(0).filter((each) => !each.includes('a subscription failed'))).toEqual([]));

  const banner = () => page.getByRole('status').filter({ hasText: 'Could not be refreshed' });
  const follow = async (href: string, shows: string) => {
    await page.locator(`a[href="${href}"]`).first().click();
    await page.locator('main').getByText(shows).first().waitFor();
  };
  const market = async () => {
    await follow('/', 'Bitcoin dominance');
    await page.getByRole('img', { name: 'Bitcoin, last 48 hours' }).waitFor();
  };
  const says = async (asked: readonly string[]) => {
    let said = '';
    const all = async () => {
      said = (await banner().count()) === 0 ? '' : ((await banner().textContent()) ?? '');
      const names = /Could not be refreshed: ([^.]*)\./.exec(said)?.[1]?.split(', ') ?? [];
      return asked.every((name) => names.includes(name));
    };
    await waitFor(`a word on ${asked}`, all, { withinMs: 20_000, everyMs: 100 });
    return said;
  };
  const all = async (statements: readonly string[]) => {
    for (const sql of statements) await gateway.db.pool.query(sql);
  };

  test('takes nothing away, and is told with its reason and the time of what is seen, on every page, until it is mended', async () => {
    await page.goto(gateway.url);
    await page.locator('tbody tr.linked', { hasText: 'Bitcoin' }).waitFor();
    for (const { href, shows } of WAY) await follow(href, shows);
    expect(await page.locator(run).textContent()).toBe('30.0 s');
    await market();
    expect(await banner().count()).toBe(0);

    await all(BREAK);
    time = LATER;
    await page.clock.setFixedTime(LATER);
    await page.clock.fastForward(LONGEST_MS);
    const said = await says(['market', 'overview', 'platform', 'trends']);
    expect(said).toContain('the oldest of 10 Mar, 12:00.');
    expect(said).toMatch(/Something went wrong inside the platform\. If it happens again, tell its operator this id: [\da-f-]{36}\./);
    expect(await page.locator('tbody tr.linked', { hasText: 'Bitcoin' }).count()).toBe(1);
    await page.getByText('Bitcoin dominance').waitFor();
    for (const { href, shows, asked } of WAY) {
      await follow(href, shows);
      expect(await says(asked)).toContain('of 10 Mar, 12:00.');
      await page.locator('main').getByText(shows).first().waitFor();
    }
    expect(await page.getByRole('button', { name: 'Connected: the stream of prices' }).count()).toBe(1);
    // As long as it was known to run, and no longer. The text stands though each error has another id, or it would be read out each time.
    const before = await banner().textContent();
    for (const question of ['query Platform', 'query Runs']) {
      const again = page.waitForResponse((response) => response.request().postData()?.includes(question) ?? false);
      await page.clock.fastForward(20_000);
      await again;
    }
    expect([await page.locator(run).textContent(), await banner().textContent()]).toEqual(['30.0 s', before]);

    await all(MEND);
    await page.getByRole('button', { name: 'Try again' }).click();
    await banner().waitFor({ state: 'detached' });
    await waitFor('the run to count on', async () => (await page.locator(run).textContent()) === '4 min', { withinMs: 20_000 });
  }, 180_000);

  test('is made up for as soon as the stream is back, though its time had not come', async () => {
    await market();
    await all(BREAK);
    await page.clock.fastForward(LONGEST_MS);
    await says(['market', 'overview', 'platform', 'trends']);
    await all(MEND);
    for (const socket of sockets.splice(0)) await socket.close({ code: 1013 });
    await banner().waitFor({ state: 'detached', timeout: 20_000 }); // trends are asked for every ten minutes
  }, 120_000);
});
