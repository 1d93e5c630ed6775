/** A column lies within its bounds, where it is known. `above` is excluded, `min` and `max` are included. */
import { keyText, type RowsCheck, type Severity } from './check.js';

export interface Bounds {
  above?: number;
  min?: number;
  max?: number;
}

export function acceptedRange(key: readonly string[], column: string, bounds: Bounds, severity: Severity = 'error'): RowsCheck {
  const broken = [
    bounds.above === undefined ? [] : [`t.${column} <= ${bounds.above}`],
    bounds.min === undefined ? [] : [`t.${column} < ${bounds.min}`],
    bounds.max === undefined ? [] : [`t.${column} > ${bounds.max}`],
  ].flat();
  return {
    kind: 'rows',
    name: `accepted_range(${column}: ${describe(bounds)})`,
    severity,
    sql: ({ rows }) => `SELECT ${keyText(key)} || ': ' || t.${column} AS key FROM ${rows} AS t WHERE ${broken.join(' OR ')}`,
  };
}

function describe({ above, min, max }: Bounds): string {
  if (above !== undefined) return max === undefined ? `over ${above}` : `over ${above}, at most ${max}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}
