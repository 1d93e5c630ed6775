/** About as many rows as in the last run of the week that passed. Coins are removed by operators too, so a fall warns and does not block. */
import type { CheckScope, CountCheck } from './check.js';

export function rowCount(count: (scope: CheckScope) => string, leastShare = 0.8): CountCheck {
  return { kind: 'count', name: 'row_count', severity: 'warn', leastShare, sql: count };
}
