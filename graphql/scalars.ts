/**
 * Decimal, DateTime and Date. Must stay true: no digit is lost on the way in or out (a float in variables has already lost some, so it is
 * refused), an instant is always one point of time in UTC, and a date that is not on the calendar never reaches a query.
 */
import { GraphQLScalarType, Kind, print, type ValueNode } from 'graphql';
import { type Decimal, parseDecimal } from '../src/domain/decimal.js';
import { parseUtcDate, type UtcDate } from '../src/domain/time.js';
import { badUserInput } from './errors.js';

/** `node`: where it stands in the text of the query; likewise below. */
function readDecimal(text: string, node?: ValueNode): Decimal {
  const value = parseDecimal(text);
  if (value === null)
    throw badUserInput(`Decimal: ${quote(text, node)} is not a number; write digits, such as "0.000012345"`, { nodes: node });
  return value;
}

export const DecimalScalar = new GraphQLScalarType<Decimal, string>({
  name: 'Decimal',
  description:
    'An exact decimal number as a string, such as "0.000012345": plain digits, no exponent, no trailing zeros, never a float. ' +
    'As input: a string, a whole number up to 2^53 - 1, or a number written in the query text. A float in variables has already lost digits and is refused.',
  serialize: (value) => {
    if (typeof value !== 'string') throw new TypeError(`Decimal: the platform's own value is a ${typeof value}, not digits`);
    return value;
  },
  parseValue: (value) => {
    if (typeof value === 'string') return readDecimal(value);
    if (Number.isSafeInteger(value)) return readDecimal(String(value));
    throw badUserInput(
      typeof value === 'number'
        ? `Decimal: send a string: the number ${value} may have lost digits on its way here`
        : 'Decimal: send a string of digits, such as "0.000012345"',
    );
  },
  parseLiteral: (node: ValueNode) => {
    if (node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT) return readDecimal(node.value, node);
    throw badUserInput('Decimal: write digits, such as 0.000012345, or the same as a string', { nodes: node });
  },
});

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

function readInstant(text: unknown, node?: ValueNode): Date {
  const parts = typeof text === 'string' && text.length <= 64 ? RFC_3339.exec(text) : null;
  const instant = new Date(parts === null || readCalendarDate(parts[1]) === null ? Number.NaN : (text as string).toUpperCase());
  const year = instant.getUTCFullYear(); // the offset may lead out of the years that have four digits
  if (year >= 1 && year <= 9999) return instant;
  const problem = `DateTime: ${quote(text, node)} is not an instant; write it as RFC 3339 with its offset, such as "2026-01-31T12:00:00Z"`;
  throw badUserInput(problem, { nodes: node });
}

/** Text of whole minutes, by minute: the same buckets of candles are written over and over, and toISOString is a sixth of that work. */
const minuteTexts: { at: number; text: string }[] = new Array(4096);

function formatInstant(instant: Date): string {
  const at = instant.getTime();
  const minute = at / 60_000;
  if (!(Number.isInteger(minute) && minute >= 0)) return instant.toISOString();
  const slot = minute % 4096;
  const kept = minuteTexts[slot];
  if (kept?.at === at) return kept.text;
  const text = instant.toISOString();
  minuteTexts[slot] = { at, text };
  return text;
}

export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description:
    'An instant, RFC 3339, out always in UTC with milliseconds: "2026-01-31T12:00:00.000Z". ' +
    'As input with any offset; digits beyond milliseconds are cut off.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize: (value) => formatInstant(value as Date),
  parseValue: (value) => readInstant(value),
  parseLiteral: (node: ValueNode) => readInstant(node.kind === Kind.STRING ? node.value : null, node),
});

function readDate(text: unknown, node?: ValueNode): UtcDate {
  const date = readCalendarDate(text);
  if (date === null)
    throw badUserInput(`Date: ${quote(text, node)} is not a calendar date; write it YYYY-MM-DD, such as "2026-01-31"`, { nodes: node });
  return date;
}

/** There is no year 0 in Postgres. */
function readCalendarDate(text: unknown): UtcDate | null {
  return typeof text === 'string' && !text.startsWith('0000') ? parseUtcDate(text) : null;
}

export const DateScalar = new GraphQLScalarType<UtcDate, string>({
  name: 'Date',
  description: 'A UTC calendar date, YYYY-MM-DD: the day (00:00, 24:00], midnight belonging to the day that it ends.',
  serialize: (value) => value as string,
  parseValue: (value) => readDate(value),
  parseLiteral: (node: ValueNode) => readDate(node.kind === Kind.STRING ? node.value : null, node),
});

/** As the client wrote it, cut where it is long. */
function quote(value: unknown, node?: ValueNode): string {
  const text = typeof value === 'string' ? value : node === undefined ? JSON.stringify(value) : print(node);
  const short = text.length <= 40 ? text : `${text.slice(0, 40)}…`;
  return typeof value === 'string' ? `"${short}"` : short;
}
