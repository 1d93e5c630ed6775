/** What pages say is so: of ages, of gaps, of days, of what is live, in a real browser. */
import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { TestGateway } from '../kit/gateway.js';
import { waitFor } from '../kit/wait-for.js';
import { findBrowser } from './browser.js';
import { type GivenPage, SOON, type StillPage, update, useStillPages } from './still-market.js';

const path = findBrowser();
const suite = path === null ? describe.skip : describe;
const HOUR_ON = '2026-03-10T13:00:00.000Z';

suite('pages tell the truth', () => {
  let gateway: TestGateway;
  let still: StillPage;
  let page: Page;
  let reopen: GivenPage['reopen'];
  useStillPages(path, (given) => {
    ({ gateway, still, page, reopen } = given);
  });

  const row = (name: string) => page.locator('tbody tr.linked', { hasText: name });
  const stream = () => page.getByRole('button', { name: /the stream of prices/ });
  const asked = (query: string) => page.waitForRequest((request) => request.postData()?.includes(query) ?? false, { timeout: 8_000 }); // sooner than it falls due by itself

  describe('of ages', () => {
    test('a reader whose clock is an hour fast is told the age by the platform’s', async () => {
      await reopen(HOUR_ON);
      await page.goto(`${gateway.url}/coins/bitcoin`);
      await page.getByText('observed 30 s ago by simulator').waitFor();
      expect(await page.getByText('Prices stand still').count()).toBe(0);
    });

    test('prices that stand still are said to, on top and in each row', async () => {
      await page.goto(gateway.url);
      await row('Bitcoin').locator('[data-price="65000.1"]').waitFor();
      expect(await page.getByText('Prices stand still').count()).toBe(0);
      expect(await row('Bitcoin').textContent()).not.toContain('stale');

      await still.setTime(HOUR_ON);
      await page.clock.fastForward(20_000);
      await page.locator('.banner').getByText('Prices stand still').waitFor();
      await page.getByText('The newest is 60 min old').waitFor();
      await row('Bitcoin').getByText('stale: observed 10 Mar, 12:00 UTC').waitFor({ state: 'attached' });
    });

    test('a price’s title is within the pointer’s reach, and says what is doubtful; its row leads to the coin', async () => {
      await page.goto(gateway.url);
      const price = row('Ethereum').locator('[data-price]');
      await price.hover();
      expect(await price.getAttribute('title')).toBe('$0.000000001206; suspect: it jumped further than the platform believes');
      expect(await price.textContent()).toContain('suspect');
      await price.click();
      await page.getByRole('heading', { level: 1, name: 'Ethereum' }).waitFor();
    });
  });

  describe('of gaps', () => {
    const told = async (usd: string, previousUsd: string | null, observedAt: string, cursor: string) => {
      const subscription = await still.subscribed('PriceUpdates');
      subscription.next(update(usd, previousUsd, observedAt, cursor));
      await page.locator(`tr [data-price="${usd}"]`).waitFor();
      return subscription;
    };
    const heading = async () => {
      await stream().click();
      const text = await page.getByRole('region', { name: 'The stream of prices' }).getByRole('heading').textContent();
      await page.keyboard.press('Escape');
      return text;
    };

    test('a break before the first update lost what was told meanwhile', async () => {
      await page.goto(gateway.url);
      await still.subscribed('PriceUpdates');
      await row('Bitcoin').locator('[data-price]').waitFor();
      const again = asked('query Market(');
      await still.drop();
      await page.getByTestId('resumed').getByText('What was told meanwhile is lost').waitFor();
      await again;
      expect(await heading()).toBe('Live, with a gap');
    });

    test('a break that was closed left none, one whose cursor had expired did', async () => {
      await page.goto(gateway.url);
      await row('Bitcoin').locator('[data-price]').waitFor();
      await told('65001', '65000.1', '2026-03-10T12:00:31.000Z', 'c1');
      await still.setTime('2026-03-10T12:00:40.000Z');
      await still.drop();
      const { variables } = await told('65002', '65001', '2026-03-10T12:00:35.000Z', 'c2');
      expect(variables).toEqual({ after: 'c1' });
      await page.getByTestId('resumed').getByText('1 update observed until then came since, none is missing').waitFor();
      expect(await heading()).toBe('Live, without a gap');

      await still.setTime('2026-03-10T12:00:50.000Z');
      await still.drop();
      (await still.subscribed('PriceUpdates')).refuse('CURSOR_EXPIRED', 'kept no more');
      await page.getByTestId('resumed').getByText('What was told meanwhile is lost').waitFor();
      await told('65009', '65008', '2026-03-10T12:00:55.000Z', 'c9');
      expect(await heading()).toBe('Live, with a gap');
    });

    test('a subscription that is refused is not live, until it tells again; a cursor that is not understood is dropped', async () => {
      await page.goto(gateway.url);
      await row('Bitcoin').locator('[data-price]').waitFor();
      await told('65001', '65000.1', '2026-03-10T12:00:31.000Z', 'c1');
      await stream().getByText('Live', { exact: true }).waitFor();
      await still.drop();
      (await still.subscribed('PriceUpdates')).refuse('BAD_USER_INPUT', 'after: this is no cursor');
      const anew = await still.subscribed('PriceUpdates');
      expect(anew.variables).toEqual({ after: null });
      anew.refuse('INTERNAL', 'Something went wrong');
      await page.getByText('The platform refuses it: Something went wrong. Trying again.').waitFor();
      expect(await stream().textContent()).not.toContain('Live');
      await told('65002', null, '2026-03-10T12:00:36.000Z', 'c2');
      await stream().getByText('Live', { exact: true }).waitFor();
      expect(await page.getByText('The platform refuses it').count()).toBe(0);
    });
  });

  describe('of days', () => {
    test('the overview says its day, how many days it draws, and whose dominance it is', async () => {
      await page.goto(gateway.url);
      for (const label of ['Market cap', 'Breadth', 'Bitcoin dominance', 'Movers']) {
        await page.getByRole('heading', { name: `${label}, 9 Mar 2026`, exact: true }).waitFor();
      }
      const dominance = page.locator('.tile', { hasText: 'Bitcoin dominance' });
      expect(await dominance.textContent()).toContain('58.1%of the whole market');
      await page.getByRole('img', { name: 'Market cap over 2 days', exact: true }).waitFor();

      await gateway.db.pool.query(
        `UPDATE mart.mart_market_overview SET global_bitcoin_dominance_pct = NULL, ethereum_dominance_pct = NULL WHERE day = '2026-03-09'`,
      );
      const nextDay = asked('"from":"2025-12-11"');
      await still.setTime('2026-03-11T00:00:30.000Z');
      await nextDay;
      await waitFor(
        'the share of what is followed',
        async () => (await dominance.textContent())?.includes('of the coins followed here'),
        SOON,
      );
      expect(await dominance.textContent()).toContain('76.5%of the coins followed here · Ethereum –');
    });

    test('the last 48 hours hold nothing older', async () => {
      await gateway.db.pool.query(
        `INSERT INTO mart.mart_price_candles SELECT 'tether', '1h', h, 1, 2, 1, 1, 2, false, h, h, h
         FROM unnest('{2026-03-01T00:00:00Z,2026-03-08T11:00:00Z,2026-03-08T13:00:00Z,2026-03-10T11:00:00Z}'::timestamptz[]) h`,
      );
      await page.goto(gateway.url);
      const drawn = page.getByRole('img', { name: 'tether 100%, last 48 hours' }).locator('path');
      await drawn.waitFor({ state: 'attached' });
      expect((await drawn.getAttribute('d'))?.match(/[ML]/g)).toHaveLength(2);
    });
  });

  describe('of what changed meanwhile', () => {
    test('an alert that was sent while the coin’s page was open is resolved there too', async () => {
      const stored = `('a9', 1, 3, 'bitcoin', 'PRICE_ABOVE', 'CRITICAL', 60000, NULL, 65000.1, 65000.1, 'simulator', '2026-03-10T12:00:00Z',
        'market.prices.v1/0', 9, '2026-03-10T12:00:01Z', false, 'FIRING', NULL, NULL, 'bitcoin crossed a line')`;
      await page.goto(`${gateway.url}/coins/bitcoin`);
      await page.getByText('bitcoin is at 61000 USD').waitFor();
      await gateway.db.pool.query(`INSERT INTO mart.mart_alerts (alert_id, rule_id, rule_version, coin_id, kind, severity, threshold, window_minutes, observed,
        price_usd, source, observed_at, origin, position, triggered_at, late, status, acknowledged_at, resolved_at, message) VALUES ${stored}`);
      (await still.subscribed('AlertsTriggered')).next({
        alertTriggered: {
          ...{
            id: 'a9',
            kind: 'PRICE_ABOVE',
            severity: 'CRITICAL',
            status: 'FIRING',
            threshold: '60000',
            observed: '65000.1',
            late: false,
          },
          ...{ observedAt: '2026-03-10T12:00:00.000Z', triggeredAt: '2026-03-10T12:00:01.000Z', message: 'bitcoin crossed a line' },
          ...{ coin: { id: 'bitcoin', symbol: 'btc', name: 'Bitcoin' }, rule: null },
        },
      });
      const alert = page.locator('[data-alert="a9"]');
      await alert.getByText('Firing').waitFor();
      await gateway.db.pool.query(
        "UPDATE mart.mart_alerts SET status = 'RESOLVED', resolved_at = '2026-03-10T12:00:20Z' WHERE alert_id = 'a9'",
      );
      await page.clock.fastForward(31_000);
      await alert.getByText('Resolved').waitFor();
    });

    test('candles that were missed are asked for, and stand where they belong', async () => {
      const candle = (minute: number, observations: number) =>
        `INSERT INTO mart.mart_price_candles SELECT 'bitcoin', '1m', b, 100, 101, 99, 100, ${observations}, false, b, b, b
         FROM (SELECT '2026-03-10T12:0${minute}:00Z'::timestamptz AS b) bucket`;
      await page.goto(`${gateway.url}/coins/bitcoin`);
      const live = async () => {
        const bucket = {
          interval: 'ONE_MINUTE',
          bucketStart: '2026-03-10T12:02:00.000Z',
          open: '100',
          high: '101',
          low: '99',
          close: '100',
        };
        (await still.subscribed('CandleUpdates')).next({ candleUpdated: { ...bucket, observations: 1 } });
      };
      await still.subscribed('CandleUpdates');
      await page.getByRole('button', { name: '1 m', exact: true }).click();
      await live();
      const legend = page.getByTestId('candle');
      await legend.getByText('10 Mar, 12:02').waitFor();

      await gateway.db.pool.query(candle(1, 2));
      const again = page.waitForResponse((response) => response.request().postData()?.includes('query Candles') ?? false);
      await still.drop();
      await again;
      await live();
      await page.locator('.chart canvas').first().waitFor();
      expect(await page.getByText('This page broke').count()).toBe(0);

      await gateway.db.pool.query(candle(2, 7));
      await page.clock.fastForward(61_000);
      await legend.getByText('7 observations').waitFor({ state: 'attached' });
    });

    test('a page that is looked at again asks at once for what fell due meanwhile', async () => {
      await page.goto(`${gateway.url}/pipelines`);
      await page.locator('[data-dataset="mart.mart_price_candles"]').waitFor();
      const see = (state: string) =>
        page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
          document.dispatchEvent(new Event('visibilitychange'))`);
      await see('hidden');
      await page.clock.fastForward(60_000);
      const again = asked('query Platform');
      await see('visible');
      await again;
    });
  });
});
