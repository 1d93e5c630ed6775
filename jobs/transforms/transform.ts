/**
 * A dataset as data: what a row is, what it is made from, who writes it, how far a change reaches, and the checks that it must pass.
 * The SQL beside a definition is a SELECT of the rows as they must be; the runner (jobs/runtime/transform.ts) brings the table to them.
 * Must stay true: the columns of the SELECT are the table's columns but for the clock columns.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project-root.js';
import type { Check } from '../checks/check.js';

/** Days counted from the day that changed, both included: [0, 1] is that day and the next. */
export type DaySpan = readonly [from: number, to: number];

/**
 * The rows that a changed day of a coin reaches.
 * coin-day: rows (coin_id, day) of that coin, and, where the coin is bitcoin, of every coin. day: rows (day). whole: all rows.
 * The SQL of a mart reads the rows to compute from affected_<table>: coin_id, first_day, last_day, or first_day, last_day.
 */
export type Reach =
  | { grain: 'coin-day'; own: readonly DaySpan[]; bitcoin: readonly DaySpan[] }
  | { grain: 'day'; days: readonly DaySpan[] }
  | { grain: 'whole' };

export interface Dataset {
  /** Qualified: schema.table. */
  name: string;
  /** What one row is. */
  grain: string;
  key: readonly string[];
  /** Datasets that it is computed from. */
  reads: readonly string[];
  /** Columns that say when a row was computed, and not what it says. */
  clockColumns: readonly string[];
  checks: readonly Check[];
  /** Files under jobs/transforms; none for what comes from outside. */
  sql: readonly string[];
}

/** Written by the code of the stream (jobs/streams) or kept as received. */
export interface OwnWriter extends Dataset {
  mode: 'stream' | 'raw';
  /** A file that makes rows of this dataset and of those that read it in another way, so it may read what `sql` may not; all their hashes cover it. */
  shortCut?: string;
}

/** Written as a fetch lands. $1: the origin of the fetch, null for everything. */
export interface Landing extends Dataset {
  mode: 'land';
  /** Of two rows with one key the greater of these columns stands, whichever came first. */
  newest: readonly string[];
}

/** Written by a publish. */
export interface Mart extends Dataset {
  mode: 'publish';
  reach: Reach;
}

export type Transform = OwnWriter | Landing | Mart;

/** 'mart_coins' of 'mart.mart_coins'. */
export function tableOf(dataset: Pick<Dataset, 'name'>): string {
  return dataset.name.split('.')[1] as string;
}

export function readSql(path: string): string {
  return readFileSync(join(projectRoot, 'jobs/transforms', path), 'utf8');
}
