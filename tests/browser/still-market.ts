/** Pages on the small market of tests/kit/seed.ts: time stands until a test moves it, and what is told live is what the test tells. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import { projectRoot } from '../../src/platform/project-root.js';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';
import { buildPlatform } from '../kit/platform-process.js';
import { NOW } from '../kit/seed.js';
import { waitFor } from '../kit/wait-for.js';
import { launch, openPage, type WatchedPage } from './browser.js';

export const SOON = { withinMs: 20_000, everyMs: 50 };

export async function startStillMarket(): Promise<TestGateway> {
  buildPlatform();
  return startTestGateway({ pages: join(projectRoot, 'dist/web') });
}

/** The gateway's answers say that it is `time()` there. */
export async function answerAt(page: Page, time: () => string): Promise<void> {
  await page.route('**/graphql', async (route) => {
    const response = await route.fetch().catch(() => null);
    if (response === null) return route.abort().catch(() => {});
    const headers = { ...response.headers(), date: new Date(time()).toUTCString() };
    await route.fulfill({ response, headers }).catch(() => {}); // the page may be gone
  });
}

export interface Subscribed {
  name: string;
  variables: Record<string, unknown>;
  next(data: object): void;
  /** One answer without data, and the end. */
  refuse(code: string, message: string): void;
}

export interface StillPage extends WatchedPage {
  /** Moves both clocks. */
  setTime(instant: string): Promise<void>;
  /** Sets the platform's alone. */
  setPlatformTime(instant: string): void;
  subscriptions: Subscribed[];
  /** The next subscription of that name which was not there before. */
  subscribed(name: string): Promise<Subscribed>;
  /** Closes the connection, as a gateway that restarts. */
  drop(): Promise<void>;
}

export async function openStillPage(browser: Browser, readersTime: string = NOW): Promise<StillPage> {
  const watched = await openPage(browser);
  const { page } = watched;
  page.setDefaultTimeout(SOON.withinMs);
  let time: string = NOW;
  let socket: WebSocketRoute | null = null;
  const subscriptions: Subscribed[] = [];
  const taken = new Set<Subscribed>();
  await page.clock.install({ time: readersTime });
  await page.clock.setFixedTime(readersTime);
  await answerAt(page, () => time);
  await page.routeWebSocket(/graphql/, (opened) => {
    socket = opened;
    const send = (message: object) => opened.send(JSON.stringify(message));
    opened.onMessage((text) => {
      const { type, id, payload } = JSON.parse(String(text));
      if (type === 'connection_init') send({ type: 'connection_ack' });
      if (type === 'ping') send({ type: 'pong' });
      if (type !== 'subscribe') return;
      subscriptions.push({
        name: /subscription (\w+)/.exec(payload.query)?.[1] ?? '',
        variables: payload.variables,
        next: (data) => send({ id, type: 'next', payload: { data } }),
        refuse: (code, message) => {
          send({ id, type: 'next', payload: { data: null, errors: [{ message, extensions: { code } }] } });
          send({ id, type: 'complete' });
        },
      });
    });
  });
  return {
    ...watched,
    subscriptions,
    async setTime(instant) {
      time = instant;
      await page.clock.setFixedTime(instant);
    },
    setPlatformTime(instant) {
      time = instant;
    },
    async subscribed(name) {
      const found = await waitFor(name, () => subscriptions.find((each) => each.name === name && !taken.has(each)), SOON);
      taken.add(found);
      return found;
    },
    async drop() {
      await socket?.close({ code: 1013 });
    },
  };
}

export interface GivenPage {
  gateway: TestGateway;
  still: StillPage;
  page: Page;
  /** Closes it, and gives another one to a reader whose clock says this. */
  reopen(readersTime: string): Promise<void>;
}

/**
 * One market for a suite, and for each test a page of its own, handed to `give`. `prepare`: fills the market. `tolerated`: what the page may
 * complain about.
 */
export function useStillPages(
  path: string | null,
  give: (given: GivenPage) => void,
  {
    prepare = async () => {},
    tolerated = /a subscription failed/,
  }: { prepare?(gateway: TestGateway): Promise<void>; tolerated?: RegExp } = {},
): void {
  let gateway: TestGateway;
  let browser: Browser;
  let still: StillPage;
  const open = async (readersTime?: string) => {
    still = await openStillPage(browser, readersTime);
    give({
      ...{ gateway, still, page: still.page },
      async reopen(otherTime) {
        await still.context.close();
        await open(otherTime);
      },
    });
  };
  beforeAll(async () => {
    gateway = await startStillMarket();
    await prepare(gateway);
    browser = await launch(path as string);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
  });
  beforeEach(() => open());
  afterEach(async () => {
    await still.page.unrouteAll({ behavior: 'ignoreErrors' });
    await still.context.close();
    expect(still.complaints.filter((each) => !tolerated.test(each))).toEqual([]);
  });
}

/** An update of a price as the subscription tells it. */
export function update(usd: string, previousUsd: string | null, observedAt: string, cursor: string) {
  return { priceUpdated: { cursor, coinId: 'bitcoin', usd, previousUsd, suspect: false, observedAt } };
}
