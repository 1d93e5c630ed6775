/**
 * A dataset against the same figures made another way. `sql` selects key and differs from the transform in its means: what both get
 * wrong together has to be wrong in the design.
 */
import type { CheckScope, RowsCheck } from './check.js';

export function reconciliation(name: string, sql: (scope: CheckScope) => string): RowsCheck {
  return { kind: 'rows', name: `reconciliation(${name})`, severity: 'error', sql };
}
