/**
 * A check as data: a query for the rows that break a rule, or a count to hold against the last run's. None, or no fall: it passes.
 * The same check runs on the rows that a publish touched and on the whole table: the scope says which.
 */
import type { UtcDate } from '../../src/domain/time.js';

/** 'error' blocks the publish, 'warn' does not. */
export type Severity = 'error' | 'warn';

export interface CheckScope {
  /** A table or a subselect: the rows of the dataset to look at. */
  rows: string;
  /** A table or a subselect (coin_id, day): the days of coins that changed; in a check of whole tables all days of the tracked coins. */
  days: string;
  /** The instant that freshness is measured against, as a literal: the end of the published day, or now. */
  asOf: string;
  /** The newest published day. */
  through: UtcDate;
}

export interface RowsCheck {
  kind: 'rows';
  name: string;
  severity: Severity;
  /** Not worth its time in a publish: housekeeping runs it on whole tables. */
  wholeTablesOnly?: true;
  /** Selects one text column, key: a name for each row that breaks the rule. */
  sql(scope: CheckScope): string;
}

export interface CountCheck {
  kind: 'count';
  name: string;
  severity: Severity;
  /** Selects one bigint. */
  sql(scope: CheckScope): string;
  /** Fails below this share of the count that last passed. */
  leastShare: number;
}

export type Check = RowsCheck | CountCheck;

/** A key as a person reads it: 'bitcoin 2026-03-09'. */
export function keyText(columns: readonly string[], alias = 't'): string {
  return `concat_ws(' ', ${columns.map((column) => `${alias}.${column}`).join(', ')})`;
}
