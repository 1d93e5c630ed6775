/** The plain model's marts of everything that raw holds, and how the published ones differ from them. */
import Big from 'big.js';
import type { RawPrice } from '../../../src/domain/prices.js';
import { addDays, type UtcDate } from '../../../src/domain/time.js';
import type { Database, Queryable } from '../../../src/platform/postgres/database.js';
import { agrees } from './agreement.js';
import { eachDay, type ModelSnapshot, modelCloses, type SnapshotsOfCoins } from './days.js';
import { type ModelGlobal, modelOverview } from './overview.js';
import { type ModelPerformance, modelPerformance, modelSeries } from './performance.js';
import { type ModelPrice, modelPrices } from './prices.js';
import { readFeeds, readRawPrices } from './published-prices.js';

/** A column, the model's figure, and the magnitude that its terms had before they cancelled. */
export const PERFORMANCE_COLUMNS: readonly [column: string, figure: keyof ModelPerformance, magnitude: number][] = [
  ['return_1d_pct', 'return1d', 0],
  ['return_7d_pct', 'return7d', 0],
  ['return_30d_pct', 'return30d', 0],
  ['return_90d_pct', 'return90d', 0],
  ['return_1y_pct', 'return1y', 0],
  ['volatility_30d_pct', 'volatility30d', 0],
  ['sharpe_30d', 'sharpe30d', 19],
  ['max_drawdown_90d_pct', 'maxDrawdown90d', 0],
  ['sma_7_usd', 'sma7', 0],
  ['sma_30_usd', 'sma30', 0],
  ['rsi_14', 'rsi14', 0],
  ['beta_to_bitcoin_90d', 'beta90d', 1],
  ['correlation_to_bitcoin_90d', 'correlation90d', 1],
];

type Row = Record<string, string | number | null>;
const plain = (value: unknown) => (typeof value === 'string' ? new Big(value).toFixed() : (value ?? null));
const number = (value: unknown) => (value === null || value === undefined ? null : Number(value));

/** What differs between a row and the model's figures, in words. */
export function performanceDifferences(row: Row, expected: ModelPerformance): string[] {
  return PERFORMANCE_COLUMNS.flatMap(([column, figure, magnitude]) => {
    const [actual, wanted] = [number(row[column]), number(expected[figure])];
    return agrees(actual, wanted, magnitude) ? [] : [`${row.coin_id} ${row.day} ${column}: ${actual}, not ${wanted}`];
  });
}

interface Source {
  feeds: Map<string, string>;
  closes: Map<string, Map<UtcDate, string>>;
  snapshots: SnapshotsOfCoins;
  globals: ModelGlobal[];
}

/** Read from raw, and from what the fixtures wrote there: past staging. */
async function readSource(db: Queryable, raw: RawPrice[], prices: ModelPrice[]): Promise<Source> {
  const query = async <T extends object>(sql: string): Promise<T[]> => (await db.query<T>(sql)).rows;
  const feeds = await readFeeds(db);
  const fetched = await query<{ coinId: string; source: string; at: Date; cap: string | null; volume: string | null }>(
    `SELECT coin_id AS "coinId", source, fetched_at AS at, payload ->> 'market_cap' AS cap, payload ->> 'total_volume' AS volume FROM raw.raw_market_data`,
  );
  const overall = await query<{ source: string; at: Date; cap: string; volume: string; bitcoin: string }>(
    `SELECT source, fetched_at AS at, payload #>> '{data,total_market_cap,usd}' AS cap, payload #>> '{data,total_volume,usd}' AS volume,
       payload #>> '{data,market_cap_percentage,btc}' AS bitcoin FROM raw.raw_global`,
  );
  const newest = new Map<string, RawPrice>();
  const points = raw.filter((row) => row.grain === '1d' && JSON.parse(row.payload).market_cap !== undefined);
  for (const row of points.sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime() || (a.origin < b.origin ? -1 : 1))) {
    newest.set(`${row.coinId} ${row.source} ${row.observedAt.getTime()}`, row);
  }
  const daily = [...newest.values()].map((row): ModelSnapshot => {
    const { market_cap, total_volume } = JSON.parse(row.payload) as { market_cap: number | null; total_volume: number | null };
    const [marketCapUsd, volume24hUsd] = [market_cap, total_volume].map((value) => (value === null ? null : String(value))) as [
      string,
      string,
    ];
    return { coinId: row.coinId, source: row.source, observedAt: row.observedAt.getTime(), grain: '1d', marketCapUsd, volume24hUsd };
  });
  const snapshots = fetched.map(
    ({ coinId, source, at, cap, volume }): ModelSnapshot => ({
      coinId,
      source,
      observedAt: at.getTime(),
      grain: 'snapshot',
      marketCapUsd: cap,
      volume24hUsd: volume,
    }),
  );
  const globals = overall.map(
    ({ source, at, cap, volume, bitcoin }): ModelGlobal => ({
      source,
      observedAt: at.getTime(),
      marketCapUsd: cap,
      volume24hUsd: volume,
      bitcoinDominance: Number(bitcoin),
    }),
  );
  const everyCoin = new Map([...new Set(raw.map((row) => row.coinId))].map((coinId) => [coinId, feeds.get(coinId) ?? 'simulator']));
  const byCoin = Map.groupBy([...snapshots, ...daily], ({ coinId }) => coinId);
  return { feeds, closes: modelCloses(prices, everyCoin), snapshots: byCoin, globals };
}

/** The first differences of the published marts to the model's, from the day `from` to the newest published one. */
export async function differencesToModel(db: Database, from: UtcDate, through: UtcDate): Promise<string[]> {
  const raw = await readRawPrices(db.pool);
  return martDifferences(db.pool, { raw, prices: modelPrices(raw) }, from, through);
}

/** `prices`: the model's, of all of `raw`. */
export async function martDifferences(
  db: Queryable,
  { raw, prices }: { raw: RawPrice[]; prices: ModelPrice[] },
  from: UtcDate,
  through: UtcDate,
): Promise<string[]> {
  const source = await readSource(db, raw, prices);
  return [...(await performanceOf(db, source, from, through)), ...(await overviewOf(db, source, from, through))].slice(0, 10);
}

async function performanceOf(db: Queryable, { closes }: Source, from: UtcDate, through: UtcDate): Promise<string[]> {
  const { rows } = await db.query<Row>('SELECT * FROM mart.mart_crypto_performance');
  const byKey = new Map(rows.map((row) => [`${row.coin_id} ${row.day}`, row]));
  const bitcoin = modelSeries(closes.get('bitcoin') ?? new Map(), from, through);
  const wrong: string[] = [];
  for (const [coinId, own] of closes) {
    const series = coinId === 'bitcoin' ? bitcoin : modelSeries(own, from, through);
    for (const [index, day] of [...eachDay(from, through)].entries()) {
      const [row, expected] = [byKey.get(`${coinId} ${day}`), modelPerformance(series, bitcoin, index)];
      byKey.delete(`${coinId} ${day}`);
      if (row === undefined || expected === null) {
        if (row !== undefined || expected !== null) wrong.push(`${coinId} ${day}: ${row ? 'a row' : 'no row'}`);
        continue;
      }
      if (plain(row.price_usd) !== own.get(day)) wrong.push(`${coinId} ${day} price_usd: ${row.price_usd}, not ${own.get(day)}`);
      wrong.push(...performanceDifferences(row, expected));
    }
  }
  return [...wrong, ...[...byKey.keys()].map((key) => `${key}: a row too many`)];
}

async function overviewOf(db: Queryable, source: Source, from: UtcDate, through: UtcDate): Promise<string[]> {
  const { rows } = await db.query<Row>('SELECT * FROM mart.mart_market_overview');
  const byDay = new Map(rows.map((row) => [row.day as UtcDate, row]));
  const wrong: string[] = [];
  for (const day of eachDay(addDays(from, 0), through)) {
    const [row, expected] = [byDay.get(day), modelOverview(day, source)];
    if (row === undefined || expected === null) {
      if (row !== undefined || expected !== null) wrong.push(`overview ${day}: ${row ? 'a row' : 'no row'}`);
      continue;
    }
    const exact = {
      total_market_cap_usd: expected.totalMarketCapUsd,
      total_volume_24h_usd: expected.totalVolume24hUsd,
      coin_count: expected.coinCount,
      gainers: expected.gainers,
      losers: expected.losers,
      global_market_cap_usd: expected.global?.marketCapUsd ?? null,
      global_volume_24h_usd: expected.global?.volume24hUsd ?? null,
      global_bitcoin_dominance_pct: expected.global?.bitcoinDominance ?? null,
    };
    const rounded = {
      bitcoin_dominance_pct: expected.bitcoinDominance,
      ethereum_dominance_pct: expected.ethereumDominance,
      breadth_pct: expected.breadth,
    };
    for (const [column, wanted] of Object.entries(exact))
      if (plain(row[column]) !== plain(wanted)) wrong.push(`overview ${day} ${column}: ${row[column]}, not ${wanted}`);
    for (const [column, wanted] of Object.entries(rounded))
      if (!agrees(number(row[column]), wanted)) wrong.push(`overview ${day} ${column}: ${row[column]}, not ${wanted}`);
  }
  return wrong;
}
