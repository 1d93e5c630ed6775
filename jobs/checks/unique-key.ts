/** One row for each key. The table's primary key promises that already; housekeeping looks whether its index lies. */
import { keyText, type RowsCheck } from './check.js';

export function uniqueKey(key: readonly string[]): RowsCheck {
  return {
    kind: 'rows',
    name: `unique(${key.join(', ')})`,
    severity: 'error',
    wholeTablesOnly: true,
    sql: ({ rows }) => `SELECT ${keyText(key)} AS key FROM ${rows} AS t GROUP BY ${key.join(', ')} HAVING count(*) > 1`,
  };
}
