/**
 * How things are measured on a machine that others use too: what is compared takes turns (A, B, A, B, …), each pair gives one ratio, and
 * the median of the ratios counts. What slows both down for a while cancels out.
 */
import { readFileSync } from 'node:fs';
import type { Spread } from './benchmark.js';

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: sorted[0] as number, max: sorted.at(-1) as number };
}

/** `sorted` ascending; between two values the nearer part of each. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] as number;
  return below + ((sorted[Math.ceil(place)] as number) - below) * (place % 1);
}

export interface Compared {
  /** Of each round: a / b. */
  ratio: Spread;
  a: Spread;
  b: Spread;
}

/** `a` and `b` measure once and return what is compared: a rate, a time. One more round comes first and does not count. */
export async function compare(
  rounds: number,
  a: (round: number) => Promise<number>,
  b: (round: number) => Promise<number>,
): Promise<Compared> {
  const [of, against]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const pair = [await a(round), await b(round)] as const;
    if (round === 0) continue;
    of.push(pair[0]);
    against.push(pair[1]);
  }
  return { ratio: spreadOf(of.map((value, index) => value / (against[index] as number))), a: spreadOf(of), b: spreadOf(against) };
}

export async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const started = performance.now();
  const result = await work();
  return { seconds: (performance.now() - started) / 1_000, result };
}

/** CPU time that a process has had, in seconds; null where the system does not say (other than Linux). */
export function cpuSecondsOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  } catch {
    return null;
  }
}

/** For people: 12345.6 is 12,346, 0.1234 is 0.123. */
export function readable(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Both sides of a ratio: '9,800 of 116,000 rows/s'. */
export function ofLimit({ a, b }: Pick<Compared, 'a' | 'b'>, unit: string): string {
  return `${readable(a.median)} of ${readable(b.median)} ${unit}`;
}
