/** mart_coins and mart_market_overview: which fetch describes a day, and which a coin. */
import { describe, expect, test } from '@jest/globals';
import { landGlobal, landMarketData } from '../../jobs/runtime/land.js';
import { addDays, endOfDay, HOUR, MINUTE } from '../../src/domain/time.js';
import { correct, DAY, useFortyDays } from './forty-days.js';
import { globalFetch, marketFetch, marketRow } from './market-database.js';
import { givePrices, SOURCE } from './mart-database.js';

const forty = useFortyDays();
const { query, publishDay } = forty;

describe('coins and the overview', () => {
  const fetchAt = (at: Date, caps: Record<string, string | null>) => {
    const rows = Object.entries(caps).map(([coinId, cap]) => marketRow(coinId, { cap, volume: '10', more: ', "market_cap_rank": null' }));
    return forty.db.transaction((tx) => landMarketData(tx, { source: SOURCE, result: marketFetch(at, rows), now: at }));
  };
  const end = endOfDay(DAY).getTime();
  const overview = async () =>
    (
      await query(
        'SELECT total_market_cap_usd AS cap, total_volume_24h_usd AS volume, bitcoin_dominance_pct AS btc, coin_count AS coins, global_market_cap_usd AS overall FROM mart.mart_market_overview WHERE day = $1',
        [DAY],
      )
    )[0];

  test('take the fetch nearest after the end of the day, begun at most an hour after it', async () => {
    await fetchAt(new Date(end - 1), { bitcoin: '1', ethereum: '1' });
    await fetchAt(new Date(end + HOUR + 1), { bitcoin: '2', ethereum: '2' });
    await publishDay(DAY);
    expect(await overview()).toBeUndefined();
    await fetchAt(new Date(end + HOUR), { bitcoin: '30', ethereum: '10' });
    await publishDay(null);
    expect(await overview()).toEqual({ cap: '40', volume: '20', btc: 75, coins: 2, overall: null });
    await fetchAt(new Date(end), { bitcoin: '3', ethereum: null });
    await forty.db.transaction((tx) =>
      landGlobal(tx, { source: SOURCE, snapshot: globalFetch(new Date(end + HOUR), { cap: '5000', volume: '1', bitcoin: '50' }) }),
    );
    await publishDay(null);
    expect(await overview()).toEqual({ cap: '3', volume: '20', btc: 100, coins: 2, overall: '5000' });
  });

  test('leave out coins that are not tracked', async () => {
    await fetchAt(new Date(end + MINUTE), { bitcoin: '30', ethereum: '10', tether: '7' });
    await forty.db.pool.query(`DELETE FROM ops.tracked_coins WHERE coin_id = 'ethereum'`);
    await publishDay(DAY);
    expect(await overview()).toMatchObject({ cap: '30', coins: 1 });
    expect(await query('SELECT coin_id, rank, market_cap_usd FROM mart.mart_coins')).toEqual([
      { coin_id: 'bitcoin', rank: null, market_cap_usd: '30' },
    ]);
  });

  test('a coin shows all that its snapshot says, each figure in its own column', async () => {
    const more = `, "image": "https://example.org/btc.png", "market_cap_rank": 3, "fully_diluted_valuation": 40.5, "circulating_supply": 50,
      "total_supply": 60, "max_supply": 70, "high_24h": 80.25, "low_24h": 79, "ath": 100, "ath_date": "2025-01-20T07:00:00Z", "atl": 0.5,
      "atl_date": "2013-07-06T00:00:00Z"`;
    const row = marketRow('bitcoin', { cap: '30', volume: '20', more });
    const at = new Date(end + MINUTE);
    await forty.db.transaction((tx) => landMarketData(tx, { source: SOURCE, result: marketFetch(at, [row]), now: at }));
    await publishDay(DAY);
    expect(await query('SELECT * FROM mart.mart_coins')).toEqual([
      {
        coin_id: 'bitcoin',
        source: SOURCE,
        symbol: 'bit',
        name: 'bitcoin',
        image_url: 'https://example.org/btc.png',
        rank: 3,
        market_cap_usd: '30',
        fully_diluted_valuation_usd: '40.5',
        volume_24h_usd: '20',
        circulating_supply: '50',
        total_supply: '60',
        max_supply: '70',
        high_24h_usd: '80.25',
        low_24h_usd: '79',
        ath_usd: '100',
        ath_at: new Date('2025-01-20T07:00:00Z'),
        atl_usd: '0.5',
        atl_at: new Date('2013-07-06T00:00:00Z'),
        market_observed_at: at,
        computed_at: new Date(end + 5 * MINUTE),
      },
    ]);
  });

  test('a coin shows its newest snapshot at once, whatever day it belongs to', async () => {
    await publishDay(DAY);
    await fetchAt(new Date(end + 15 * HOUR), { bitcoin: '99', ethereum: '1' });
    await givePrices(forty.db, [correct(addDays(DAY, -1), '7')]);
    await publishDay(null);
    expect(await query(`SELECT market_cap_usd, market_observed_at FROM mart.mart_coins WHERE coin_id = 'bitcoin'`)).toEqual([
      { market_cap_usd: '99', market_observed_at: new Date(end + 15 * HOUR) },
    ]);
  });
});
