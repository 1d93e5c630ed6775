/**
 * What an operator's alarms look at, read from the database: how old everything is, and what waits for somebody.
 * Must stay true: it is read every few seconds for as long as the platform runs, so each statement reads an index or a small table.
 */
import type { UtcDate } from '../../domain/time.js';
import type { Queryable } from '../../platform/postgres/database.js';
import { loadChecksOfDatasets } from './check-results.js';
import { findPublishedThrough } from './datasets.js';
import { PIPELINES } from './runs.js';
import { getWriteInstants } from './write-instants.js';

export interface VitalSigns {
  /** When rows of each were last written; those that are empty are missing. */
  datasets: Map<string, Date>;
  /** By its clock. */
  sources: { name: string; newestAt: Date }[];
  publishedThrough: UtcDate | null;
  /** Of the newest slot that succeeded. */
  successes: { pipeline: string; at: Date }[];
  openRuns: { queued: number; running: number };
  gaps: { source: string; count: number }[];
  /** Neither redriven nor discarded, up to 100,000. */
  deadLetters: number;
  /** Of every target that an outbox was used for. */
  outbox: { target: string; batches: number }[];
}

export async function getVitalSigns(db: Queryable): Promise<VitalSigns> {
  const [datasets, sources, publishedThrough, successes, open, gaps, deadLetters, outbox] = await Promise.all([
    getWriteInstants(db),
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
      `SELECT target_topic AS target, count(o.target_topic)::integer AS batches
       FROM (SELECT target_topic FROM ops.outbox_progress UNION SELECT target_topic FROM ops.outbox) AS known
       LEFT JOIN ops.outbox AS o USING (target_topic)
       GROUP BY target_topic ORDER BY target_topic`,
    ),
  ]);
  return {
    datasets,
    sources: sources.rows,
    publishedThrough,
    successes: successes.rows,
    openRuns: open.rows[0] ?? { queued: 0, running: 0 },
    gaps: gaps.rows,
    deadLetters: deadLetters.rows[0]?.count ?? 0,
    outbox: outbox.rows,
  };
}

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
