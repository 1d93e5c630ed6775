/** What lands: raw as received, staging with every digit, the marks of the days that it describes; again, and out of order. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { describedDay, landGlobal, landHistoryMarketData, landMarketData, rebuildLanded } from '../../jobs/runtime/land.js';
import type { MarketSnapshot } from '../../jobs/sources/source.js';
import { type Database, openDatabase } from '../../src/platform/postgres/database.js';
import { dropMonthlyPartitions } from '../../src/store/raw/partitions.js';
import { whileHeld } from '../kit/held-table.js';
import { waitFor } from '../kit/wait-for.js';
import { globalFetch, marketFetch, marketRow } from './market-database.js';
import { date, givePrices, openMartDatabase, SOURCE } from './mart-database.js';

const AT = new Date('2026-03-10T00:00:07.123Z');
const FULL = `{"id": "bitcoin", "symbol": "btc", "name": "Bitcoin \\"₿\\"", "image": "https://images.example/1.png", "current_price": 70187.0,
  "market_cap": 1381651251183.10, "market_cap_rank": 1, "fully_diluted_valuation": 1.474623675796e+12, "total_volume": 2.0154184933e10,
  "high_24h": 70215, "low_24h": 6.8060e-09, "circulating_supply": 76988210193324640000, "total_supply": 6.9e+28, "max_supply": null,
  "ath": 73738, "ath_date": "2024-03-14T07:10:36.635Z", "atl": 0.00000000000120, "atl_date": "2013-07-06T00:00:00+08:00",
  "roi": {"times": 1.5}, "last_updated": "2026-03-09T23:59:58.001Z"}`;
const SPARE = `{"id": "1move token", "symbol": "", "name": "1move", "image": "missing_large.png", "current_price": null, "market_cap": 0, "total_volume": null, "last_updated": "2026-02-20T00:00:00Z"}`;

let db: Database;
beforeEach(async () => {
  db = await openMartDatabase(date('2026-03-01'), date('2026-03-12'), ['bitcoin', 'ethereum']);
});
afterEach(() => db.close());

const land = (at: Date, rows: string[]) =>
  db.transaction((tx) => landMarketData(tx, { source: SOURCE, result: marketFetch(at, rows), now: at }));
const query = async (sql: string) => (await db.pool.query(sql)).rows;
const marks = () => query('SELECT coin_id, day FROM ops.changed_days ORDER BY coin_id NULLS FIRST, day');
const staging = () =>
  query(`SELECT (to_jsonb(t))::text AS row FROM staging.stg_market_data t ORDER BY coin_id, source, observed_at, grain`);

describe('a fetch of /coins/markets', () => {
  test('stands in staging as the source gave it, to the last digit', async () => {
    await land(AT, [FULL, SPARE]);
    const snapshots = marketFetch(AT, [FULL, SPARE]).rows;
    const rows = await query(`SELECT * FROM staging.stg_market_data WHERE grain = 'snapshot'`);
    expect(rows).toHaveLength(2);
    for (const snapshot of snapshots) {
      const row = rows.find((each) => each.coin_id === snapshot.coinId);
      expect(row).toEqual({
        coin_id: snapshot.coinId,
        source: SOURCE,
        observed_at: AT,
        grain: 'snapshot',
        received_at: AT,
        origin: `${SOURCE}/coins/markets/2026-03-10T00:00:07.123Z`,
        position: BigInt(snapshots.indexOf(snapshot)),
        price_usd: snapshot.priceUsd,
        market_cap_usd: snapshot.marketCapUsd === '0' ? null : snapshot.marketCapUsd, // it knows none
        market_cap_rank: snapshot.marketCapRank,
        fully_diluted_valuation_usd: snapshot.fullyDilutedValuationUsd,
        volume_24h_usd: snapshot.volume24hUsd,
        circulating_supply: snapshot.circulatingSupply,
        total_supply: snapshot.totalSupply,
        max_supply: snapshot.maxSupply,
        high_24h_usd: snapshot.high24hUsd,
        low_24h_usd: snapshot.low24hUsd,
        ath_usd: snapshot.athUsd,
        ath_at: snapshot.athAt,
        atl_usd: snapshot.atlUsd,
        atl_at: snapshot.atlAt,
        source_updated_at: snapshot.sourceUpdatedAt,
      } satisfies Record<string, unknown>);
    }
    expect((snapshots[0] as MarketSnapshot).totalSupply).toBe('69000000000000000000000000000');
  });

  test('names its coins, with status and no image that is none', async () => {
    await land(AT, [FULL, SPARE]);
    expect(await query('SELECT coin_id, symbol, name, image_url, status FROM staging.stg_coins ORDER BY coin_id')).toEqual([
      { coin_id: '1move token', symbol: '', name: '1move', image_url: null, status: 'inactive' },
      { coin_id: 'bitcoin', symbol: 'btc', name: 'Bitcoin "₿"', image_url: 'https://images.example/1.png', status: 'active' },
    ]);
  });

  test('keeps the rows that fail validation, once', async () => {
    const rows = [FULL, marketRow('ethereum', { cap: '-1', volume: '1' })];
    await land(AT, rows);
    await land(AT, rows);
    expect(await query('SELECT dataset, coin_id, origin, position::integer, reason FROM ops.rejected_rows')).toEqual([
      {
        dataset: 'raw.raw_market_data',
        coin_id: 'ethereum',
        origin: `${SOURCE}/coins/markets/${AT.toISOString()}`,
        position: 1,
        reason: 'market_cap is negative',
      },
    ]);
  });

  test('has every instant that Postgres reads, and loses no coin to one that it does not', async () => {
    const withAth = (at: string) => FULL.replace('2024-03-14T07:10:36.635Z', at).replace('"bitcoin"', JSON.stringify(`of ${at}`));
    const read = ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59-15:59', '2024-03-14T07:10:36+15:59'];
    const unread = [
      '0000-12-31T00:00:00Z',
      '2024-03-14T07:10:36+16:00',
      '2024-03-14T07:10:36-23:59',
      `2024-03-14T07:10:36.${'1'.repeat(150)}Z`,
    ];
    await land(AT, [...read, ...unread].map(withAth));
    expect(await query('SELECT FROM staging.stg_market_data')).toHaveLength(read.length);
    expect(await query('SELECT reason FROM ops.rejected_rows')).toEqual(unread.map(() => ({ reason: 'ath_date is not an instant' })));
  });

  test('changes nothing when it lands again', async () => {
    expect(await land(AT, [FULL, SPARE])).toBe(2);
    const before = [await staging(), await marks()];
    expect(await land(AT, [FULL, SPARE])).toBe(0);
    expect([await staging(), await marks()]).toEqual(before);
  });

  test('does not give way to an older one that lands later', async () => {
    const earlier = new Date(AT.getTime() - 86_400_000);
    await land(AT, [marketRow('bitcoin', { cap: '2', volume: '1' })]);
    await land(earlier, [marketRow('bitcoin', { cap: '1', volume: '1' }).replace('"name": "bitcoin"', '"name": "Old"')]);
    expect(await query('SELECT name FROM staging.stg_coins')).toEqual([{ name: 'bitcoin' }]);
    expect(await query('SELECT market_cap_usd FROM staging.stg_market_data ORDER BY observed_at')).toEqual([
      { market_cap_usd: '1' },
      { market_cap_usd: '2' },
    ]);
  });

  test('marks the day that ended at most an hour before it', async () => {
    expect(describedDay(new Date('2026-03-10T00:00:00.000Z'))).toBe('2026-03-09');
    expect(describedDay(new Date('2026-03-10T01:00:00.000Z'))).toBe('2026-03-09');
    expect(describedDay(new Date('2026-03-10T01:00:00.001Z'))).toBe('2026-03-10');
    await land(AT, [FULL]);
    expect(await marks()).toEqual([{ coin_id: 'bitcoin', day: '2026-03-09' }]);
  });

  test('takes the last word of a coin that stands on two of its pages', async () => {
    await land(AT, [marketRow('bitcoin', { cap: '1', volume: '1' }), marketRow('bitcoin', { cap: '2', volume: '1' })]);
    expect(await query('SELECT market_cap_usd FROM staging.stg_market_data')).toEqual([{ market_cap_usd: '2' }]);
  });
});

describe('a fetch of /global', () => {
  test('lands once and marks its day for the whole market', async () => {
    const snapshot = globalFetch(AT, { cap: '2.163547714415237e+20', volume: '90', bitcoin: '60.70858347681936' });
    const landing = () => db.transaction((tx) => landGlobal(tx, { source: SOURCE, snapshot }));
    expect([await landing(), await landing()]).toEqual([true, false]);
    expect(
      await query(
        'SELECT market_cap_usd, volume_24h_usd, bitcoin_dominance_pct, ethereum_dominance_pct, source_updated_at FROM staging.stg_global',
      ),
    ).toEqual([
      {
        market_cap_usd: '216354771441523700000',
        volume_24h_usd: '90',
        bitcoin_dominance_pct: 60.70858347681936,
        ethereum_dominance_pct: null,
        source_updated_at: new Date(1744025333000),
      },
    ]);
    expect(await marks()).toEqual([{ coin_id: null, day: '2026-03-09' }]);
  });
});

describe('daily history points', () => {
  const point = (at: string, cap: string | null) => ({
    coinId: 'ethereum',
    observedAt: new Date(at),
    price: '1',
    payload: `{"timestamp": 1, "price": 1, "market_cap": ${cap}, "total_volume": null}`,
  });

  test('give the cap and volume of the day that they close; only those at midnight, and only where there is one', async () => {
    const origin = await givePrices(db, [
      point('2026-03-05T00:00:00Z', '12.50'),
      point('2026-03-06T00:00:00.001Z', '13'),
      point('2026-03-07T00:00:00Z', null),
    ]);
    await db.pool.query('DELETE FROM ops.changed_days');
    expect(await db.transaction((tx) => landHistoryMarketData(tx, { origin }))).toBe(1);
    expect(await query('SELECT observed_at, grain, market_cap_usd, volume_24h_usd, price_usd FROM staging.stg_market_data')).toEqual([
      { observed_at: new Date('2026-03-05T00:00:00Z'), grain: '1d', market_cap_usd: '12.5', volume_24h_usd: null, price_usd: null },
    ]);
    expect(await marks()).toEqual([{ coin_id: 'ethereum', day: '2026-03-04' }]);
    expect(await db.transaction((tx) => landHistoryMarketData(tx, { origin }))).toBe(0);
  });
});

test('a rebuild from raw gives the same staging, and keeps points whose raw is gone', async () => {
  await land(AT, [FULL, SPARE, FULL.replace('70187.0', '70188')]);
  await land(new Date(AT.getTime() + 3_600_000), [FULL]);
  const origin = await givePrices(db, [
    { coinId: 'bitcoin', observedAt: new Date('2026-03-05T00:00:00Z'), price: '1', payload: '{"market_cap": 5, "total_volume": 6}' },
  ]);
  await db.transaction((tx) => landHistoryMarketData(tx, { origin }));
  const before = [await staging(), await query('SELECT * FROM staging.stg_coins ORDER BY 1')];
  expect([...(await rebuildLanded(db)).values()]).toEqual([0, 0, 0].map(() => ({ written: 0, deleted: 0 })));
  await db.pool.query('TRUNCATE staging.stg_coins, staging.stg_market_data, staging.stg_global');
  await rebuildLanded(db);
  expect([await staging(), await query('SELECT * FROM staging.stg_coins ORDER BY 1')]).toEqual(before);

  await db.pool.query(`INSERT INTO staging.stg_market_data (coin_id, source, observed_at, grain, market_cap_usd, received_at, origin, position)
    VALUES ('bitcoin', '${SOURCE}', '2025-12-01', '1d', 1, '2025-12-01', 'history/9/1', 0), ('bitcoin', '${SOURCE}', '2026-03-06', '1d', 1, '2025-12-01', 'history/9/1', 1)`);
  expect((await rebuildLanded(db)).get('staging.stg_market_data')).toEqual({ written: 0, deleted: 1 });
  expect(await query(`SELECT count(*)::integer FROM staging.stg_market_data WHERE observed_at < '2026-01-01'`)).toEqual([{ count: 1 }]);
});

test('a rebuild from raw takes as long as it takes', async () => {
  await land(AT, [FULL]);
  await db.pool.query('TRUNCATE staging.stg_coins');
  const hurried = openDatabase(db.url, { applicationName: 'test', statementTimeoutMs: 500 });
  try {
    await whileHeld(db, 'raw.raw_market_data', 1_000, () => rebuildLanded(hurried));
  } finally {
    await hurried.close();
  }
  expect(await query('SELECT coin_id FROM staging.stg_coins')).toEqual([{ coin_id: 'bitcoin' }]);
});

describe('a rebuild from raw, and beside it', () => {
  const waitsFor = async (statement: string) =>
    (
      await db.pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
        [`%${statement}%`],
      )
    ).rowCount === 1;

  test('a fetch: it never gives way to an older one', async () => {
    await land(AT, [FULL]);
    await db.pool.query(`UPDATE staging.stg_coins SET name = 'spoilt'`);
    const newer = FULL.replace('Bitcoin', 'Newer');
    const fetch = marketFetch(new Date(AT.getTime() + 60_000), [newer]);
    let rebuilding: Promise<unknown> = Promise.resolve();
    await db.transaction(async (tx) => {
      await landMarketData(tx, { source: SOURCE, result: fetch, now: AT });
      rebuilding = rebuildLanded(db);
      rebuilding.catch(() => {});
      await waitFor('the rebuild', () => waitsFor('INSERT INTO staging.stg_coins'), { withinMs: 20_000 });
    });
    await expect(rebuilding).rejects.toMatchObject({ code: '40001' });
    await rebuildLanded(db);
    expect(await query('SELECT name FROM staging.stg_coins')).toEqual([{ name: 'Newer "₿"' }]);
  });

  test('the drop of a month: its daily points stay', async () => {
    await db.pool.query(`INSERT INTO ops.database (realm, created_at) VALUES ('simulated', now())`);
    const observedAt = new Date('2026-03-05T00:00:00Z');
    const origin = await givePrices(db, [{ coinId: 'bitcoin', observedAt, price: '1', payload: '{"market_cap": 5, "total_volume": 6}' }]);
    await db.transaction((tx) => landHistoryMarketData(tx, { origin }));
    const holder = await db.pool.connect();
    await holder.query('BEGIN; LOCK TABLE raw.raw_market_data');
    const rebuilding = rebuildLanded(db);
    await waitFor('the rebuild', () => waitsFor('INTO staging.stg_coins'), { withinMs: 20_000 });
    let dropped = false;
    const dropping = dropMonthlyPartitions(db, new Date('2026-04-01T00:00:00Z')).finally(() => (dropped = true));
    await waitFor('the drop', async () => dropped || (await waitsFor('UPDATE ops.database')), { withinMs: 20_000, everyMs: 5 });
    await holder.query('COMMIT');
    holder.release();
    expect((await rebuilding).get('staging.stg_market_data')).toEqual({ written: 0, deleted: 0 });
    expect(await dropping).toContain('raw_prices_2026_03');
    expect(await query('SELECT observed_at FROM staging.stg_market_data')).toEqual([{ observed_at: observedAt }]);
  });
});
