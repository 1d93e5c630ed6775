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
  return new Big(a).cmp(b);
}

export function isPositive(value: Decimal): boolean {
  return new Big(value).gt(0);
}
