/**
 * A benchmark as data: what it measures, and a function that measures it. Every figure is held against a limit that was measured in the
 * same run, or against one that the platform promises (milliseconds, megabytes, seconds).
 */

import type { TwoSizes } from './market/two-sizes.js';
import type { BenchPostgres } from './setting/postgres.js';

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** How a figure is read: a ratio, or a quantity with its unit. */
export type Unit = 'x' | 'ms' | 's' | 'MB';

export interface Figure {
  what: string;
  value: Spread;
  unit: Unit;
  /** Left out where the figure only stands beside the one that decides. */
  limit?: { atLeast: number } | { atMost: number };
  /** What the ratio is made of, such as '9,800 of 116,000 rows/s'. */
  from?: string;
}

export interface BenchContext {
  /** Small sizes and few rounds: shows that everything runs. Nothing that it gives is a figure. */
  smoke: boolean;
  /** A Postgres of the bench's own, with the platform's settings; started at the first use. */
  postgres(): Promise<BenchPostgres>;
  /** The two large databases, on a server of their own; built at the first use, which takes minutes. */
  twoSizes(): Promise<TwoSizes>;
  /** Says what is going on. */
  say(line: string): void;
}

export interface Benchmark {
  /** As in `npm run bench -- <name>`. */
  name: string;
  /** What is measured and how, for docs/benchmarks.md. */
  about: string;
  run(context: BenchContext): Promise<Figure[]>;
}

export function passes({ value, limit }: Figure): boolean {
  if (limit === undefined) return true;
  return 'atLeast' in limit ? value.median >= limit.atLeast : value.median <= limit.atMost;
}
