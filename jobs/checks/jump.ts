/** A figure that moved further than is likely. Not wrong in itself: somebody should look. */
import { keyText, type RowsCheck } from './check.js';

export function jump(key: readonly string[], column: string, bounds: { min: number; max: number }): RowsCheck {
  return {
    kind: 'rows',
    name: `jump(${column}: ${bounds.min} to ${bounds.max})`,
    severity: 'warn',
    sql: ({ rows }) =>
      `SELECT ${keyText(key)} || ': ' || t.${column} AS key FROM ${rows} AS t WHERE t.${column} NOT BETWEEN ${bounds.min} AND ${bounds.max}`,
  };
}
