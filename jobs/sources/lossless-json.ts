/**
 * JSON whose numbers keep the digits that they came with: 1.206e-09, 76988210193324640000 and 42.0 go through unchanged.
 * Parsed numbers are `JSON.rawJSON` objects, which JSON.stringify writes back digit by digit.
 */
import { type Decimal, parseDecimal } from '../../src/domain/decimal.js';

declare global {
  interface RawJson {
    readonly rawJSON: string;
  }
  interface JSON {
    rawJSON(text: string): RawJson;
    isRawJSON(value: unknown): value is RawJson;
    parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  }
}

// As constants of the module: once for every number of a response, and globals are dear inside a vm context, where tests run.
const { isRawJSON, rawJSON } = JSON;

/** Throws SyntaxError for what is not JSON, RangeError for absurdly deep nesting. */
export function parseLossless(text: string): unknown {
  return JSON.parse(text, (_key, value, context) => (typeof value === 'number' ? rawJSON(context.source as string) : value));
}

/** Null for what is not a number, or one out of all measure. */
export function toDecimal(value: unknown): Decimal | null {
  return isRawJSON(value) ? parseDecimal(value.rawJSON) : null;
}

/** Rows are three deep at most. */
const MAX_DEPTH = 50;

/**
 * Why Postgres could not keep this value as jsonb, or would need absurdly much room for it; null if it can.
 * NUL and lone surrogates are valid JSON and no text for Postgres; 1e100000 is valid JSON and a hundred thousand digits.
 */
export function whyUnstorable(value: unknown, depth = 0): string | null {
  if (typeof value === 'string') {
    if (value.includes('\0')) return 'a text holds the character NUL';
    return value.isWellFormed() ? null : 'a text holds half a character (a lone surrogate)';
  }
  if (isRawJSON(value)) return parseDecimal(value.rawJSON) === null ? 'a number is out of all measure' : null;
  if (typeof value !== 'object' || value === null) return null;
  if (depth === MAX_DEPTH) return 'it is nested too deeply';
  for (const [key, inner] of Object.entries(value)) {
    const reason = whyUnstorable(key) ?? whyUnstorable(inner, depth + 1);
    if (reason !== null) return reason;
  }
  return null;
}
