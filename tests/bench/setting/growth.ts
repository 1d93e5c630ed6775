/** The same work on 10 million raw rows and on 1 million, in turns: what it takes must not grow with what is stored. */
import type { BenchContext, Figure } from '../benchmark.js';
import { compare, ofLimit, spreadOf } from '../measure.js';
import type { Sized } from './two-sizes.js';

export interface Work {
  what: string;
  rounds: number;
  /** What comes before the clock runs; resolves with what is timed. `round` from 0. */
  prepare(sized: Sized, round: number): Promise<() => Promise<void>>;
}

export async function compareSizes(context: BenchContext, { what, rounds, prepare }: Work, limit?: Figure['limit']): Promise<Figure[]> {
  const { large, small } = await context.twoSizes();
  const cpu: { large: number[]; small: number[] } = { large: [], small: [] };
  const measure = async (size: 'large' | 'small', round: number) => {
    const sized = size === 'large' ? large : small;
    const work = await prepare(sized, round);
    const { seconds, cpuSeconds } = await sized.measure(work);
    if (round > 0 && cpuSeconds !== null) cpu[size].push(cpuSeconds * 1_000);
    return seconds * 1_000;
  };
  const compared = await compare(
    rounds,
    (round) => measure('large', round),
    (round) => measure('small', round),
  );
  const sizes = [large, small].map(({ rawRows }) => `${(rawRows / 1e6).toFixed(1)} million`).join(' and ');
  const figures: Figure[] = [{ what, value: compared.ratio, unit: 'x', limit, from: `${ofLimit(compared, 'ms')} on ${sizes} raw rows` }];
  if (cpu.large.length > 0) {
    const ratios = cpu.large.map((value, index) => value / (cpu.small[index] as number));
    const [a, b] = [spreadOf(cpu.large), spreadOf(cpu.small)];
    figures.push({ what: 'the same in CPU time of the server', value: spreadOf(ratios), unit: 'x', from: ofLimit({ a, b }, 'ms') });
  }
  return figures;
}
