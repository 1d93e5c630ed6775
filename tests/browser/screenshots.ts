/**
 * `npm run screenshots -- <address of a running platform> [name …]`: takes the pictures of docs/images, both themes and a phone. With the
 * operator's key in ADMIN_API_KEY they show what its holder sees.
 * Must stay true: of the simulated market alone, whose data nobody owns.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project-root.js';
import { ask } from '../kit/platform-process.js';
import { findBrowser, launch, openPage } from './browser.js';

const FOLDER = join(projectRoot, 'docs/images');
const PAGES: Record<string, string> = {
  market: '/',
  coin: '/coins/ethereum',
  alerts: '/alerts',
  history: '/alerts/history',
  rules: '/alerts/rules',
  pipelines: '/pipelines',
  runs: '/pipelines/runs',
  failures: '/pipelines/failures',
  graphiql: '/graphiql',
  rest: '/api',
};
const LOOKS = [
  { name: 'light', options: { colorScheme: 'light', viewport: { width: 1_280, height: 820 } } },
  { name: 'dark', options: { colorScheme: 'dark', viewport: { width: 1_280, height: 820 } } },
  { name: 'phone', options: { colorScheme: 'dark', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } },
] as const;

const [url, ...wanted] = process.argv.slice(2);
if (url === undefined) throw new Error('usage: npm run screenshots -- http://127.0.0.1:4000');
const { platform } = await ask<{ platform: { realm: string } }>(url, '{ platform { realm } }');
if (platform.realm !== 'SIMULATED') throw new Error(`${url} holds real data: pictures are taken of simulated data alone`);
const path = findBrowser();
if (path === null) throw new Error('no browser');

mkdirSync(FOLDER, { recursive: true });
const browser = await launch(path);
for (const { name: look, options } of LOOKS) {
  for (const [name, address] of Object.entries(PAGES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const { context, page, complaints } = await openPage(browser, options);
    const key = process.env.ADMIN_API_KEY;
    if (key !== undefined) await page.addInitScript(`sessionStorage.setItem('operator-key', ${JSON.stringify(key)})`);
    await page.goto(url + address);
    await page.waitForLoadState('networkidle');
    if (name === 'runs') await page.locator('details.run:has-text("daily"), details.run').first().locator('summary').click();
    if (name === 'graphiql') {
      await page.locator('.graphiql-query-editor .view-line', { hasText: 'query' }).first().waitFor();
      await page.getByRole('button', { name: /Execute query/ }).click();
      await page.locator('.graphiql-response', { hasText: 'Bitcoin' }).waitFor();
    }
    const file = join(FOLDER, `${name}-${look}.png`);
    await page.screenshot({ path: file });
    // A third of the size, and no eye tells: only where ImageMagick is installed.
    spawnSync('convert', [file, '-dither', 'None', '-colors', '256', `PNG8:${file}`]);
    console.log(`${name}-${look}.png ${Math.round(statSync(file).size / 1_000)} kB`, ...complaints);
    await context.close();
  }
}
await browser.close();
