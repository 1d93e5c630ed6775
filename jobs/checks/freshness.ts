/** The newest row of a dataset is not older than it may be. Sources have bad days, so it warns and does not block. */
import type { RowsCheck } from './check.js';

/** `newest`: an SQL scalar, the instant of the dataset's newest row; null, where there is none, passes: row counts look after that. */
export function freshness(newest: string, maxAge: string): RowsCheck {
  return {
    kind: 'rows',
    name: `freshness(${maxAge})`,
    severity: 'warn',
    sql: ({ asOf }) =>
      `SELECT 'the newest is of ' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS key
       FROM (SELECT ${newest} AS at) AS newest WHERE at < ${asOf}::timestamptz - interval '${maxAge}'`,
  };
}
