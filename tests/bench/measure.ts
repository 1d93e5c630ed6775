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
  return comparedOf(of, against);
}

function comparedOf(a: readonly number[], b: readonly number[]): Compared {
  return { ratio: spreadOf(a.map((value, index) => value / (b[index] as number))), a: spreadOf(a), b: spreadOf(b) };
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

export interface Cost {
  seconds: number;
  /** Of all that took part; null where the system does not say. */
  cpuSeconds: number | null;
}

/** `cpu`: the CPU time of those who take part, so far. */
export async function costOf(cpu: () => number | null, work: () => Promise<unknown>): Promise<Cost> {
  const before = cpu();
  const { seconds } = await timed(work);
  const after = cpu();
  return { seconds, cpuSeconds: before === null || after === null ? null : after - before };
}

/** Of several that were measured one after another. */
export function meanCost(costs: readonly Cost[]): Cost {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const cpu = costs.map(({ cpuSeconds }) => cpuSeconds).filter((seconds) => seconds !== null);
  return { seconds: mean(costs.map(({ seconds }) => seconds)), cpuSeconds: cpu.length === costs.length ? mean(cpu) : null };
}

/**
 * Two ways of work in turns, by the clock and in CPU time, which says the same on a busy machine as on a quiet one; that is null where the
 * system does not say. `figureOf` makes of seconds what is compared.
 */
export async function compareCosts(
  rounds: number,
  figureOf: (seconds: number) => number,
  a: (round: number) => Promise<Cost>,
  b: (round: number) => Promise<Cost>,
): Promise<{ clock: Compared; cpu: Compared | null }> {
  const cpu: { a: number[]; b: number[] } = { a: [], b: [] };
  const measure = async (side: 'a' | 'b', round: number) => {
    const { seconds, cpuSeconds } = await (side === 'a' ? a : b)(round);
    if (round > 0 && cpuSeconds !== null) cpu[side].push(figureOf(cpuSeconds));
    return figureOf(seconds);
  };
  const clock = await compare(
    rounds,
    (round) => measure('a', round),
    (round) => measure('b', round),
  );
  return { clock, cpu: cpu.a.length === rounds && cpu.b.length === rounds ? comparedOf(cpu.a, cpu.b) : null };
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
