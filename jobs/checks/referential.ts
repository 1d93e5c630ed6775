/** What a row points to is there. */
import { keyText, type RowsCheck, type Severity } from './check.js';

/** `columns`: for each column of the target the expression of a row t that it must equal. */
export function referential(
  key: readonly string[],
  target: string,
  columns: Record<string, string>,
  severity: Severity = 'error',
): RowsCheck {
  const match = Object.entries(columns).map(([column, expression]) => `r.${column} = ${expression}`);
  return {
    kind: 'rows',
    name: `referential(${target})`,
    severity,
    sql: ({ rows }) =>
      `SELECT ${keyText(key)} AS key FROM ${rows} AS t WHERE NOT EXISTS (SELECT FROM ${target} AS r WHERE ${match.join(' AND ')})`,
  };
}
