/** Series of closes that strain the formulas, each from a seed: the same seed gives the same series. */
import { addDays, type UtcDate } from '../../src/domain/time.js';

/** mulberry32, public domain: uniform in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface SeriesOptions {
  from: UtcDate;
  days: number;
  seed: number;
  start: string;
  /** Largest daily move, as a share. */
  move: number;
  /** Significant digits of a price. */
  digits?: number;
  /** Share of the days without a close. */
  holes?: number;
  /** The first day with a close. */
  bornAfter?: number;
}

/** A random walk; plain digits. */
export function walk({ from, days, seed, start, move, digits = 12, holes = 0, bornAfter = 0 }: SeriesOptions): Map<UtcDate, string> {
  const random = randomFrom(seed);
  const closes = new Map<UtcDate, string>();
  let price = Number(start);
  for (let index = 0; index < days; index++) {
    price *= 1 + move * (2 * random() - 1);
    const missing = random() < holes;
    if (index >= bornAfter && !missing) closes.set(addDays(from, index), plainDigits(price.toPrecision(digits)));
  }
  return closes;
}

/** The same price every day. */
export function steady({ from, days, start }: { from: UtcDate; days: number; start: string }): Map<UtcDate, string> {
  return new Map(Array.from({ length: days }, (_, index) => [addDays(from, index), plainDigits(start)]));
}

/** '1.2e-12' as '0.0000000000012'. */
export function plainDigits(text: string): string {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text) as RegExpExecArray;
  const digits = `${whole}${fraction}`;
  const point = (whole as string).length + Number(exponent);
  const padded = point <= 0 ? `${'0'.repeat(1 - point)}${digits}` : digits.padEnd(point, '0');
  const at = Math.max(point, 1);
  const decimals = padded.slice(at).replace(/0+$/, '');
  return `${sign}${padded.slice(0, at)}${decimals && `.${decimals}`}`;
}
