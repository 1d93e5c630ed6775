/**
 * What an operator's alarms look at, read from the database: how old everything is, and what waits for somebody.
 * Must stay true: it is read every few seconds for as long as the platform runs, so each statement reads an index or a small table.
 */
import type { UtcDate } from '../../domain/time.js';
import type { Queryable } from '../../platform/postgres/database.js';
import { loadChecksOfDatasets } from './check-results.js';
import { findPublishedThrough } from './datasets.js';
import { PIPELINES } from './runs.js';

export interface VitalSigns {
  /** By name: when rows were last written; those that are empty are missing. */
  datasets: { name: string; writtenAt: Date }[];
  /** By its clock. */
  sources: { name: string; newestAt: Date }[];
  publishedThrough: UtcDate | null;
  /** Of the newest slot that succeeded. */
  successes: { pipeline: string; at: Date }[];
  openRuns: { queued: number; running: number };
  gaps: { source: string; count: number }[];
  /** Neither redriven nor discarded, up to 100,000. */
  deadLetters: number;
  outbox: { target: string; batches: number }[];
}

export async function getVitalSigns(db: Queryable): Promise<VitalSigns> {
  const [datasets, sources, publishedThrough, successes, open, gaps, deadLetters, outbox] = await Promise.all([
    db.query<VitalSigns['datasets'][number]>(WRITTEN),
    db.query<VitalSigns['sources'][number]>(
      'SELECT source AS name, max(observed_at) AS "newestAt" FROM mart.mart_latest_prices GROUP BY source',
    ),
    findPublishedThrough(db),
    db.query<VitalSigns['successes'][number]>(SUCCEEDED, [Object.keys(PIPELINES)]),
    db.query<VitalSigns['openRuns']>(
      `SELECT count(*) FILTER (WHERE status = 'QUEUED')::integer AS queued, count(*) FILTER (WHERE status = 'RUNNING')::integer AS running
       FROM ops.pipeline_runs WHERE status IN ('QUEUED', 'RUNNING')`,
    ),
    db.query<VitalSigns['gaps'][number]>('SELECT source, count(*)::integer AS count FROM ops.gaps GROUP BY source'),
    db.query<{ count: number }>(
      `SELECT count(*)::integer AS count
       FROM (SELECT FROM ops.dead_letters WHERE redriven_at IS NULL AND discarded_at IS NULL LIMIT 100000) AS waiting`,
    ),
    db.query<VitalSigns['outbox'][number]>(
      'SELECT target_topic AS target, count(*)::integer AS batches FROM ops.outbox GROUP BY target_topic',
    ),
  ]);
  return {
    datasets: datasets.rows,
    sources: sources.rows,
    publishedThrough,
    successes: successes.rows,
    openRuns: open.rows[0] ?? { queued: 0, running: 0 },
    gaps: gaps.rows,
    deadLetters: deadLetters.rows[0]?.count ?? 0,
    outbox: outbox.rows,
  };
}

/** The stream writes raw, staging, candles and the latest price in one transaction. Rows of a fetch bear its instant. */
const WRITTEN = `
  SELECT name, at AS "writtenAt" FROM (
    SELECT name, updated_at AS at FROM ops.datasets
    UNION ALL
    SELECT name, at FROM (SELECT max(computed_at) AS at FROM mart.mart_latest_prices) AS stream
    CROSS JOIN unnest(ARRAY['raw.raw_prices', 'staging.stg_prices', 'mart.mart_latest_prices', 'mart.mart_price_candles']) AS name
    UNION ALL
    SELECT name, at FROM (SELECT max(fetched_at) AS at FROM staging.stg_coins) AS listing
    CROSS JOIN unnest(ARRAY['raw.raw_market_data', 'staging.stg_coins', 'staging.stg_market_data']) AS name
    UNION ALL
    SELECT name, at FROM (SELECT max(fetched_at) AS at FROM raw.raw_global) AS global
    CROSS JOIN unnest(ARRAY['raw.raw_global', 'staging.stg_global']) AS name
  ) AS written WHERE at IS NOT NULL`;

/** By the key's index: the slots of a pipeline in the order of their dates, or of their instants. */
const SUCCEEDED = `
  SELECT asked.pipeline, newest.at FROM unnest($1::text[]) AS asked (pipeline)
  CROSS JOIN LATERAL (
    SELECT finished_at AS at FROM ops.pipeline_runs AS r
    WHERE r.pipeline = asked.pipeline AND r.status = 'SUCCEEDED' ORDER BY r.slot DESC LIMIT 1) AS newest`;

export interface CheckCount {
  dataset: string;
  result: 'passed' | 'warned' | 'failed';
  count: number;
}

/** Checks by the newest result of each. Looks through a thousand results of each dataset: not for every few seconds. */
export async function countChecks(db: Queryable): Promise<CheckCount[]> {
  const { rows } = await db.query<{ name: string }>('SELECT name FROM ops.datasets ORDER BY name COLLATE "C"');
  const found = await loadChecksOfDatasets(
    db,
    rows.map((row) => row.name),
  );
  return Array.from(found).flatMap(([dataset, results]) =>
    (['passed', 'warned', 'failed'] as const).map((result) => ({
      dataset,
      result,
      count: results.filter(({ status }) => status.toLowerCase() === result).length,
    })),
  );
}
