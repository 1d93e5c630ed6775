/** The same work on 10 million raw rows and on 1 million, in turns: what it takes must not grow with what is stored. */
import type { BenchContext, Figure } from '../benchmark.js';
import { compareCosts, ofLimit } from '../measure.js';
import type { Sized } from './two-sizes.js';

export interface Work {
  what: string;
  rounds: number;
  /** What comes before the clock runs; resolves with what is timed. `round` from 0. */
  prepare(sized: Sized, round: number): Promise<() => Promise<void>>;
}

export async function compareSizes(context: BenchContext, { what, rounds, prepare }: Work, limit?: Figure['limit']): Promise<Figure[]> {
  const { large, small } = await context.twoSizes();
  const measure = async (sized: Sized, round: number) => sized.measure(await prepare(sized, round));
  const { clock, cpu } = await compareCosts(
    rounds,
    (seconds) => seconds * 1_000,
    (round) => measure(large, round),
    (round) => measure(small, round),
  );
  const sizes = [large, small].map(({ rawRows }) => `${(rawRows / 1e6).toFixed(1)} million`).join(' and ');
  const figures: Figure[] = [{ what, value: clock.ratio, unit: 'x', limit, from: `${ofLimit(clock, 'ms')} on ${sizes} raw rows` }];
  if (cpu !== null) figures.push({ what: 'the same in CPU time of the server', value: cpu.ratio, unit: 'x', from: ofLimit(cpu, 'ms') });
  return figures;
}
