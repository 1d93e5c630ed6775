/** These columns say something in every row. */
import { keyText, type RowsCheck, type Severity } from './check.js';

export function notNull(key: readonly string[], columns: readonly string[], severity: Severity = 'error'): RowsCheck {
  return {
    kind: 'rows',
    name: `not_null(${columns.join(', ')})`,
    severity,
    sql: ({ rows }) =>
      `SELECT ${keyText(key)} AS key FROM ${rows} AS t WHERE num_nulls(${columns.map((column) => `t.${column}`).join(', ')}) > 0`,
  };
}
