/**
 * Whether two ways of computing a figure came to the same: equal to 12 significant digits, one unit of the last of them allowed, for
 * rounding may tip either way. Where terms cancel, a figure near zero has no 12 digits in float64; there the magnitude that it was
 * computed from counts: a difference below 1e-13 of it is none.
 */
export function agrees(actual: number | null, expected: number | null, magnitude = 0): boolean {
  if (actual === null || expected === null) return actual === expected;
  if (actual === expected) return true;
  const size = Math.max(Math.abs(actual), Math.abs(expected));
  const unit = 10 ** (Math.floor(Math.log10(size)) - 11);
  return Math.abs(actual - expected) <= Math.max(1.001 * unit, 1e-13 * magnitude);
}
