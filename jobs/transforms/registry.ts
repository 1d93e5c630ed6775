/**
 * Every dataset of the platform, one line each, in the order of what they are made from; and what the database knows of them.
 * Must stay true: the hash of a definition covers what decides its rows (SQL, key, reach, and the same of all that it reads) and not
 * what merely looks at them (checks, words); ops.datasets keeps the hash that its rows were made with until they are made anew.
 */
import { createHash } from 'node:crypto';
import type { Database } from '../../src/platform/postgres/database.js';
import { LOCKS } from '../../src/platform/postgres/locks.js';
import { recordDefinitions, upsertDatasets } from '../../src/store/pipelines/datasets.js';
import { martAlerts } from './mart/mart_alerts.js';
import { martCoins } from './mart/mart_coins.js';
import { martCryptoPerformance } from './mart/mart_crypto_performance.js';
import { martLatestPrices } from './mart/mart_latest_prices.js';
import { martMarketOverview } from './mart/mart_market_overview.js';
import { martPriceCandles } from './mart/mart_price_candles.js';
import { rawGlobal, rawMarketData, rawPrices } from './raw.js';
import { stgCoins } from './staging/stg_coins.js';
import { stgGlobal } from './staging/stg_global.js';
import { stgMarketData } from './staging/stg_market_data.js';
import { stgPrices } from './staging/stg_prices.js';
import { type Landing, type Mart, readSql, type Transform } from './transform.js';

export const datasets: readonly Transform[] = [
  rawPrices,
  rawMarketData,
  rawGlobal,
  stgCoins,
  stgMarketData,
  stgGlobal,
  stgPrices,
  martLatestPrices,
  martPriceCandles,
  martAlerts,
  martCoins,
  martCryptoPerformance,
  martMarketOverview,
];

export const landings = datasets.filter((dataset): dataset is Landing => dataset.mode === 'land');
export const marts = datasets.filter((dataset): dataset is Mart => dataset.mode === 'publish');

/** By name. */
export function hashDefinitions(all: readonly Transform[] = datasets): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const dataset of all) {
    const { name, key, mode, clockColumns, reads, sql } = dataset;
    const upstream = reads.map((read) => {
      const hash = hashes.get(read);
      if (hash === undefined) throw new Error(`${name} reads ${read}, which does not stand before it in the registry`);
      return hash;
    });
    const rules = 'reach' in dataset ? dataset.reach : 'newest' in dataset ? dataset.newest : null;
    const files = 'shortCut' in dataset && dataset.shortCut !== undefined ? [...sql, dataset.shortCut] : sql;
    const definition = JSON.stringify({ name, key, mode, clockColumns, rules, sql: files.map(readSql), upstream });
    hashes.set(name, createHash('sha256').update(definition).digest('hex'));
  }
  return hashes;
}

/**
 * Tells the database of every dataset. Returns the names of those whose rows were made by another definition than today's, in the
 * order in which they have to be rebuilt; nothing in a new database. They are returned again until recordDefinitions says otherwise.
 */
export async function registerDatasets(db: Database): Promise<string[]> {
  const hashes = hashDefinitions();
  return db.transaction(async (tx) => {
    // A publish must not lose its race with us for the rows of ops.datasets.
    await tx.query('SELECT pg_advisory_xact_lock($1, 0)', [LOCKS.publish]);
    const stale = await upsertDatasets(
      tx,
      datasets.map(({ name, grain, reads }) => ({ name, grain, dependsOn: reads, definitionHash: hashes.get(name) as string })),
    );
    const kept = datasets.filter(({ sql }) => sql.length === 0); // nothing can make these anew
    await recordDefinitions(tx, new Map(kept.map(({ name }) => [name, hashes.get(name) as string])));
    return datasets.filter(({ name, sql }) => sql.length > 0 && stale.has(name)).map(({ name }) => name);
  });
}
