/**
 * Field types of a source's JSON (read with parseLossless), and the validation that each row passes on its own.
 * Must stay true: a bad row never takes a good one with it, and nothing that Postgres could not keep gets past.
 */
import { z } from 'zod';
import { type Decimal, isPositive } from '../../src/domain/decimal.js';
import { toDecimal, whyUnstorable } from './lossless-json.js';
import { type RejectedRow, SourceError } from './source.js';

const number = z.unknown().transform((value, context): Decimal => {
  const decimal = toDecimal(value);
  if (decimal !== null) return decimal;
  const was = value === undefined ? 'missing' : value === null ? 'null' : `not a number: ${JSON.stringify(value).slice(0, 100)}`;
  context.addIssue({ code: 'custom', message: `is ${was}` });
  return z.NEVER;
});

export const priceField = number.refine(isPositive, 'is not greater than zero');
const amount = number.refine((value) => !value.startsWith('-'), 'is negative');
export const amountField = amount.nullish().transform((value) => value ?? null);
/** Percent of a whole. */
export const shareField = amount
  .refine((value) => Number(value) <= 100, 'is over 100')
  .nullish()
  .transform((value) => value ?? null);
export const optionalPriceField = priceField.nullish().transform((value) => value ?? null);
export const rankField = number
  .refine((value) => /^[1-9]\d{0,8}$/.test(value), 'is not a rank')
  .nullish()
  .transform((value) => (value == null ? null : Number(value)));

const LAST_INSTANT = Date.UTC(9999, 11, 31);

/** A count of units since 1970. */
export function epochField(unitMs: number) {
  return number.transform((value, context) => {
    const milliseconds = Math.round(Number(value) * unitMs);
    if (milliseconds >= 0 && milliseconds <= LAST_INSTANT) return new Date(milliseconds);
    context.addIssue({ code: 'custom', message: `is not an instant: ${value}` });
    return z.NEVER;
  });
}

/** As Postgres reads one: it knows no year 0, no offset of 16 hours and no endless fraction. */
export const instantField = z.iso
  .datetime({ offset: true, error: 'is not an instant' })
  .refine((text) => text.length <= 40 && !/^0000|[+-](1[6-9]|2\d):\d\d$/.test(text), 'is not an instant')
  .transform((text) => new Date(text))
  .nullish()
  .transform((value) => value ?? null);

/** May be null, but not missing: a field that went away is no figure that is unknown. */
export function required<Field extends z.ZodType>(field: Field) {
  return z
    .any()
    .refine((value) => value !== undefined, { error: 'is missing', abort: true })
    .pipe(field);
}

/** Any text but none: ids hold spaces, brackets, a leading minus, or are all digits. */
export const idField = z.string('is not a text').min(1, 'is empty').max(200, 'is longer than 200 characters');

export type Validated<T> = { accepted: T } | { rejected: RejectedRow };

/** Passes one row of the response through its schema. */
export function validate<T>(schema: z.ZodType<T>, row: unknown, coinId: unknown): Validated<T> {
  const reason = whyUnstorable(row);
  // A number is an object here, as long as it keeps its digits.
  const parsed = reason === null ? schema.safeParse(JSON.isRawJSON(row) ? undefined : row) : null;
  if (parsed?.success) return { accepted: parsed.data };
  return { rejected: rejection(row, coinId, reason ?? describe(parsed?.error as z.ZodError)) };
}

export function rejection(row: unknown, coinId: unknown, reason: string): RejectedRow {
  const known = typeof coinId === 'string' && coinId !== '' && whyUnstorable(coinId) === null;
  return { coinId: known ? coinId : null, reason, payload: JSON.stringify(row) };
}

function describe(error: z.ZodError): string {
  const issues = error.issues.map((issue) => [issue.path.join('.'), issue.message].filter((part) => part !== '').join(' '));
  return issues.slice(0, 5).join('; ');
}

export function unexpectedShape(label: string, endpoint: string, expected: string, body: unknown): SourceError {
  const was = Array.isArray(body) ? 'a list' : JSON.isRawJSON(body) ? 'a number' : body === null ? 'null' : `of type ${typeof body}`;
  const message = `${label} ${endpoint}: the answer is ${was} and not ${expected}. It is tried again later; if it stays, the API has changed.`;
  return new SourceError(message, { kind: 'malformed', endpoint });
}
