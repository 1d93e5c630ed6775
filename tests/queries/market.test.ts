/** The market by day, and the coins that moved most. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

describe('marketOverview', () => {
  test('of the newest published day', async () => {
    const { json } = await gateway.ask(`{ marketOverview {
      day totalMarketCapUsd totalVolume24hUsd bitcoinDominancePct ethereumDominancePct coinCount gainers losers
      globalMarketCapUsd globalVolume24hUsd globalBitcoinDominancePct computedAt
      topGainers { coin { id name } return1dPct } topLosers { coin { id } return1dPct } } }`);
    expect(json).toEqual({
      data: {
        marketOverview: {
          day: '2026-03-09',
          totalMarketCapUsd: '1700000000000',
          totalVolume24hUsd: '50000000001',
          bitcoinDominancePct: 76.47,
          ethereumDominancePct: 23.53,
          coinCount: 4,
          gainers: 2,
          losers: 1,
          globalMarketCapUsd: '2163547714415237000000',
          globalVolume24hUsd: '90000000000',
          globalBitcoinDominancePct: 58.1,
          computedAt: '2026-03-10T00:01:00.000Z',
          topGainers: [
            { coin: { id: 'bitcoin', name: 'Bitcoin' }, return1dPct: 1.5625 },
            { coin: { id: 'dogecoin', name: 'Dogecoin' }, return1dPct: 1.5625 },
          ],
          topLosers: [{ coin: { id: 'ethereum' }, return1dPct: -2.5 }],
        },
      },
    });
  });

  test('names no coin that is not followed any more', async () => {
    const movers = '{ marketOverview { topGainers { coin { id } } } }';
    const { rows } = await gateway.db.pool.query(`DELETE FROM ops.tracked_coins WHERE coin_id = 'dogecoin' RETURNING *`);
    const { json } = await gateway.ask(movers);
    const names = Object.keys(rows[0]);
    await gateway.db.pool.query(
      `INSERT INTO ops.tracked_coins (${names}) VALUES (${names.map((_, place) => `$${place + 1}`)})`,
      Object.values(rows[0]),
    );
    expect(json.data.marketOverview.topGainers).toEqual([{ coin: { id: 'bitcoin' } }]);
  });

  test('of a named day: what was not fetched is null, and moves are those of that day', async () => {
    const { json } = await gateway.ask(`{ marketOverview(day: "2026-03-08") { day globalMarketCapUsd globalVolume24hUsd
      topGainers(first: 1) { coin { id } return1dPct } topLosers(first: 1) { coin { id } } } none: marketOverview(day: "2026-03-10") { day } }`);
    expect(json.data).toEqual({
      marketOverview: {
        day: '2026-03-08',
        globalMarketCapUsd: null,
        globalVolume24hUsd: null,
        topGainers: [{ coin: { id: 'bitcoin' }, return1dPct: 1.5 }],
        topLosers: [],
      },
      none: null,
    });
  });

  test.each(['day: "2026-02-29"', 'day: "2026-3-9"', 'day: "0000-01-01"', 'day: ""', 'day: 20260309'])('refuses %s', async (args) => {
    const { json } = await gateway.ask(`{ marketOverview(${args}) { day } }`);
    expect(json.errors.map((error: { extensions: { code: string } }) => error.extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test.each([0, 201])('refuses %s movers', async (first) => {
    const { json } = await gateway.ask('query ($first: Int!) { marketOverview { topGainers(first: $first) { return1dPct } } }', { first });
    expect(json.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('marketOverviews', () => {
  test.each([
    ['from: "2026-03-08", to: "2026-03-09"', ['2026-03-08', '2026-03-09']],
    ['from: "2026-03-09"', ['2026-03-09']],
    ['from: "2026-03-01", to: "2026-03-08"', ['2026-03-08']],
    ['from: "2026-03-11"', []],
  ])('%s: both ends included, oldest first', async (args, expected) => {
    const { json } = await gateway.ask(`{ marketOverviews(${args}) { day } }`);
    expect(json.data.marketOverviews.map((overview: { day: string }) => overview.day)).toEqual(expected);
  });

  test.each([
    ['from: "2026-03-09", to: "2026-03-08"', 'exchange them'],
    ['from: "2020-01-01"', 'span over 1000 days'],
    ['from: "2026-13-01"', 'not a calendar date'],
  ])('refuses %s', async (args, message) => {
    const { json } = await gateway.ask(`{ marketOverviews(${args}) { day } }`);
    expect(json.errors).toEqual([expect.objectContaining({ message: expect.stringContaining(message) })]);
    expect(json.errors[0].extensions).toEqual({ code: 'BAD_USER_INPUT' });
  });
});
