/**
 * Randomness without state: a hash of where one is takes the place of a generator, so that any point can be computed alone,
 * in any order, in any process, and comes out the same.
 */

// As a constant of the module: a global is dear to look up inside a vm context, where tests run, and this is the innermost loop.
const { imul, sqrt } = Math;

/** Mixes integers into 32 evenly spread bits (murmur3's finaliser between them). */
export function hash(seed: number, a: number, b = 0, c = 0): number {
  let mixed = scramble(seed ^ imul(a, 0x9e3779b1));
  mixed = scramble(mixed ^ imul(b, 0x85ebca77));
  return scramble(mixed ^ imul(c, 0xc2b2ae3d)) >>> 0;
}

function scramble(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = imul(bits, 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

export function hashText(seed: number, text: string): number {
  let mixed = seed | 0;
  for (let index = 0; index < text.length; index++) mixed = imul(mixed ^ text.charCodeAt(index), 0x01000193);
  return hash(mixed, text.length);
}

/** [0, 1). */
export function fraction(bits: number): number {
  return bits / 0x1_0000_0000;
}

const BYTES_SD = sqrt((4 * (256 ** 2 - 1)) / 12);

/** Near enough to a standard normal: the sum of four bytes, within 3.5 standard deviations. */
export function normal(bits: number): number {
  return ((bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24) - 510) / BYTES_SD;
}
