/**
 * Exact decimals: plain digits in a string ("0.000012345"), the form that prices keep from the source's bytes to the client.
 * No exponent, no trailing zeros, no leading plus. Postgres `numeric` holds them; JavaScript numbers never do.
 */
import Big from 'big.js';

declare const decimal: unique symbol;
/** Plain digits: an optional minus, digits, and, where needed, a point and digits without a trailing zero. */
export type Decimal = string & { readonly [decimal]: true };

/** The form itself: what most texts are already. */
const PLAIN = /^(0|-?(0\.\d*[1-9]|[1-9]\d*(\.\d*[1-9])?))$/;
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
/** Beyond this an exponent is an attack on memory, not a price: real ones span 1e-12 to 6.9e28. */
const MAX_EXPONENT = 100;
const MAX_LENGTH = 200;

/** Reads a JSON-style number ("1.206e-09", "42.0") exactly; null where the text is not one or is absurdly large. */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > MAX_LENGTH) return null;
  if (PLAIN.test(text)) return text as Decimal;
  if (!NUMBER.test(text)) return null;
  const exponent = /[eE]([+-]?\d+)$/.exec(text)?.[1];
  if (exponent !== undefined && Math.abs(Number(exponent)) > MAX_EXPONENT) return null;
  const plain = new Big(text).toFixed();
  return (plain === '-0' ? '0' : plain) as Decimal;
}

/** -1, 0 or 1, exactly. */
export function compareDecimals(a: Decimal, b: Decimal): -1 | 0 | 1 {
  return compareFloats(Number(a), Number(b)) ?? new Big(a).cmp(b);
}

/** How a·x compares with b·y, exactly. */
export function compareProducts([a, x]: readonly [Decimal, Decimal], [b, y]: readonly [Decimal, Decimal]): -1 | 0 | 1 {
  return compareFloats(Number(a) * Number(x), Number(b) * Number(y)) ?? new Big(a).times(x).cmp(new Big(b).times(y));
}

/** A float of a decimal, or a product of two, is off by less than 1e-15 of its size: null where that may decide. */
function compareFloats(a: number, b: number): -1 | 1 | null {
  const size = Math.max(Math.abs(a), Math.abs(b));
  if (!(size > 1e-290 && size < 1e290) || Math.abs(a - b) < size * 1e-12) return null;
  return a > b ? 1 : -1;
}

export function isPositive(value: Decimal): boolean {
  return value !== '0' && !value.startsWith('-');
}
