/** Seeded randomness as a sequence; with the same seed and the same questions, the same answers. */
import { fraction, hash, hashText } from '../../jobs/sources/simulator/random.js';

export class Random {
  #drawn = 0;

  constructor(private readonly seed: number) {}

  /** A sequence of its own: what is drawn from it moves no other one. */
  of(name: string): Random {
    return new Random(hashText(this.seed, name));
  }

  /** [0, 1). */
  next(): number {
    return fraction(hash(this.seed, this.#drawn++));
  }

  /** Whole, from `from` to `to`, both included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)] as T;
  }
}
