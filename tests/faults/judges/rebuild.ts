/**
 * Rebuildable, and incremental equals full: all that is derived is thrown away, the platform's own rebuild makes it anew from raw, and
 * every row must be the one that was there, clock columns aside.
 */
import { findRun, requestRunByHand } from '../../../src/store/pipelines/runs.js';
import { waitFor } from '../../kit/wait-for.js';
import type { Platform } from '../platform/platform.js';

const DERIVED = [
  'staging.stg_coins',
  'staging.stg_market_data',
  'staging.stg_global',
  'staging.stg_prices',
  'mart.mart_latest_prices',
  'mart.mart_price_candles',
  'mart.mart_coins',
  'mart.mart_crypto_performance',
  'mart.mart_market_overview',
];
const WITHIN = { withinMs: 90_000, everyMs: 100 };

export async function judgeRebuild(platform: Platform): Promise<string[]> {
  const { pool } = platform.db();
  await pool.query('DROP SCHEMA IF EXISTS before_rebuild CASCADE; CREATE SCHEMA before_rebuild');
  const columns = new Map<string, string>();
  for (const table of DERIVED) {
    const { rows } = await pool.query<{ list: string }>(
      `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS list FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'computed_at'`,
      [table],
    );
    columns.set(table, rows[0]?.list as string);
    await pool.query(`CREATE TABLE before_rebuild.${table.replace('.', '_')} AS SELECT ${columns.get(table)} FROM ${table}`);
  }
  await pool.query(`TRUNCATE ${DERIVED.join(', ')}; UPDATE ops.datasets SET definition_hash = 'of the fault suite'`);
  const { run } = await requestRunByHand(pool, { pipeline: 'rebuild', logicalDate: null, now: new Date() });
  const ended = await waitFor(
    'the rebuild has ended',
    async () => {
      const now = await findRun(pool, run.id);
      return now !== null && now.finishedAt !== null && now;
    },
    WITHIN,
  );
  if (ended.status !== 'SUCCEEDED') return [`the rebuild ${ended.status.toLowerCase()}: ${ended.error}`];
  const wrong: string[] = [];
  for (const [table, list] of columns) {
    const before = `SELECT ${list} FROM before_rebuild.${table.replace('.', '_')}`;
    const { rows } = await pool.query<{ what: string; row: string }>(
      `(SELECT 'had' AS what, r::text AS row FROM (${before} EXCEPT ALL SELECT ${list} FROM ${table}) AS r LIMIT 3)
       UNION ALL (SELECT 'has', r::text FROM (SELECT ${list} FROM ${table} EXCEPT ALL ${before}) AS r LIMIT 3)`,
    );
    wrong.push(...rows.map(({ what, row }) => `${table} ${what} ${row} ${what === 'had' ? 'before' : 'after'} the rebuild only`));
  }
  await pool.query('DROP SCHEMA before_rebuild CASCADE');
  return wrong;
}
