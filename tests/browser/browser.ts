/**
 * Chromium for the tests of the pages: Debian's, through playwright-core, which brings none of its own.
 * Must stay true: where there is no browser the tests say so loudly and are skipped; with REQUIRE_BROWSER=1 they fail instead.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
/** No call to anybody but the page's own server. */
const FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
  '--disable-gpu',
];

function findInstalled(): string | null {
  return [process.env.CHROMIUM_PATH, ...PLACES].find((path) => path !== undefined && existsSync(path)) ?? null;
}

const INSTALL = `command -v chromium || command -v chromium-browser || command -v google-chrome || {
  echo 'browser tests: no Chromium here; installing the package chromium' >&2
  { apt-get -o Acquire::Retries=3 update; apt-get -o Acquire::Retries=3 install -y --no-install-recommends chromium; } >/dev/null 2>&1
}`;

/** Where one may install packages, as CI's machine lets one. In turn: another test file may be about it, and half a browser starts none. */
function install(): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || process.env.CHROMIUM_PATH !== undefined) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('flock', [join(tmpdir(), 'cdp-chromium.lock'), 'sh', '-c', INSTALL], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 600_000,
    env,
  });
}

/** The path of a Chromium; null where there is none and none can be had. */
export function findBrowser(): string | null {
  install();
  const path = findInstalled();
  if (path !== null) return path;
  const words = 'no Chromium: install the package chromium, or name one with CHROMIUM_PATH';
  if (process.env.REQUIRE_BROWSER === '1') throw new Error(`browser tests: ${words}`);
  console.warn(`\n${'!'.repeat(100)}\nBROWSER TESTS ARE SKIPPED: ${words}.\nWith REQUIRE_BROWSER=1 they fail.\n${'!'.repeat(100)}\n`);
  return null;
}

export async function launch(path: string): Promise<Browser> {
  // Chromium's sandbox refuses root.
  const flags = process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS;
  return chromium.launch({ executablePath: path, args: flags });
}

export interface WatchedPage {
  context: BrowserContext;
  page: Page;
  /** What the page complained about: broken policy, thrown errors, requests to other servers. */
  complaints: string[];
}

/** A page in a profile of its own that writes down what goes wrong in it. Connections that are refused are the tests' own doing. */
export async function openPage(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const own = (url: string) => ['127.0.0.1', 'localhost', ''].includes(new URL(url).hostname);
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !/ERR_CONNECTION|WebSocket connection|ERR_EMPTY_RESPONSE/.test(text))
      complaints.push(`console: ${text}`);
  });
  page.on('request', (request) => {
    if (!own(request.url())) complaints.push(`asked another server: ${request.url()}`);
  });
  return { context, page, complaints };
}
