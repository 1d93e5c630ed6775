/**
 * ops.check_results. Grain: one check, run once. Readers are shown what each check says now: the newest look at what a publish touched, or
 * the newest look at whole tables (by housekeeping, or a rebuild, which touches all), whichever is worse. A look at a few rows takes nothing back.
 */
import type { Queryable } from '../../platform/postgres/database.js';

export interface CheckResultRow {
  name: string;
  dataset: string;
  severity: 'WARN' | 'ERROR';
  status: 'PASSED' | 'WARNED' | 'FAILED';
  failedRows: bigint;
  message: string | null;
  checkedAt: Date;
}

const COLUMNS = 'name, dataset, severity, status, failed_rows AS "failedRows", message, checked_at AS "checkedAt"';

/** Results of a dataset that are looked through for the newest of each check: a check that long ago did not run is no news. */
const LOOK_BACK = 1_000;
/** Whole tables are looked at once a day, by one of housekeeping's hourly runs. */
const LOOK_BACK_RUNS = 48;

/** What each check on each of the datasets says now, by name of the check. */
export async function loadChecksOfDatasets(db: Queryable, datasets: readonly string[]): Promise<Map<string, CheckResultRow[]>> {
  const { rows } = await db.query<CheckResultRow>({
    name: 'load-checks-of-datasets',
    text: `WITH looked AS (
             SELECT * FROM ops.check_results WHERE dataset = ANY ($1) AND run_id IN (
               SELECT id FROM ops.pipeline_runs WHERE pipeline IN ('housekeeping', 'rebuild') ORDER BY id DESC LIMIT ${LOOK_BACK_RUNS})
             UNION
             SELECT recent.* FROM unnest($1::text[]) AS asked (of)
             CROSS JOIN LATERAL (SELECT * FROM ops.check_results WHERE dataset = asked.of ORDER BY checked_at DESC LIMIT ${LOOK_BACK}) recent
           ), newest AS (
             SELECT DISTINCT ON (dataset, name, whole) looked.*, coalesce(r.pipeline IN ('housekeeping', 'rebuild'), false) AS whole
             FROM looked LEFT JOIN ops.pipeline_runs AS r ON r.id = looked.run_id
             ORDER BY dataset, name, whole, checked_at DESC, looked.id DESC
           )
           SELECT DISTINCT ON (dataset, name) ${COLUMNS} FROM newest
           ORDER BY dataset, name, array_position('{FAILED,WARNED,PASSED}', status), checked_at DESC`,
    values: [datasets],
  });
  return Map.groupBy(rows, (row) => row.dataset);
}

/** The newest result of each check that each of the runs made, by dataset and name of the check. */
export async function loadChecksOfRuns(db: Queryable, runIds: readonly bigint[]): Promise<Map<bigint, CheckResultRow[]>> {
  const { rows } = await db.query<CheckResultRow & { runId: bigint }>({
    name: 'load-checks-of-runs',
    text: `SELECT DISTINCT ON (run_id, dataset, name) run_id AS "runId", ${COLUMNS} FROM ops.check_results WHERE run_id = ANY ($1)
           ORDER BY run_id, dataset, name, checked_at DESC, id DESC`,
    values: [runIds],
  });
  return Map.groupBy(rows, (row) => row.runId);
}

export interface NewCheckResult extends CheckResultRow {
  /** What the check counted, for the comparison with its next run; null where it counts nothing. */
  rowCount: bigint | null;
}

export async function insertCheckResults(tx: Queryable, runId: bigint | null, results: readonly NewCheckResult[]): Promise<void> {
  await tx.query(
    `INSERT INTO ops.check_results (run_id, name, dataset, severity, status, failed_rows, message, row_count, checked_at)
     SELECT $1::bigint, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::timestamptz[])`,
    [
      runId,
      results.map((result) => result.name),
      results.map((result) => result.dataset),
      results.map((result) => result.severity),
      results.map((result) => result.status),
      results.map((result) => result.failedRows),
      results.map((result) => result.message),
      results.map((result) => result.rowCount),
      results.map((result) => result.checkedAt),
    ],
  );
}

/** What the check counted when it last passed within the week: a fall that lasts so long was meant, and is the measure from then on. */
export async function findLastCount(db: Queryable, dataset: string, name: string, now: Date): Promise<bigint | null> {
  const { rows } = await db.query<{ rowCount: bigint }>(
    `SELECT row_count AS "rowCount" FROM ops.check_results
     WHERE dataset = $1 AND name = $2 AND status = 'PASSED' AND row_count IS NOT NULL
       AND checked_at > $3::timestamptz - interval '7 days'
     ORDER BY checked_at DESC, id DESC LIMIT 1`,
    [dataset, name, now],
  );
  return rows[0]?.rowCount ?? null;
}
