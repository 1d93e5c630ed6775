/** What each scalar takes from variables and from query text, what it refuses, and that no digit is lost. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type GraphQLScalarType, parseValue } from 'graphql';
import { DateScalar, DateTimeScalar, DecimalScalar } from '../../../graphql/scalars.js';

const fromVariable = (scalar: GraphQLScalarType, value: unknown) => scalar.parseValue(value);
const fromText = (scalar: GraphQLScalarType, text: string) => scalar.parseLiteral(parseValue(text));
const refusal = expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT' } });

describe('Decimal', () => {
  test.each([
    ['"0.000012345"', '0.000012345'],
    ['0.000012345', '0.000012345'],
    ['1.206e-09', '0.000000001206'],
    ['"1E3"', '1000'],
    ['-42.500', '-42.5'],
    ['0.0', '0'],
    ['-0', '0'],
    ['690000000000000000000000000000.000000001', '690000000000000000000000000000.000000001'],
  ])('reads %s in query text as %s', (text, expected) => {
    expect(fromText(DecimalScalar, text)).toBe(expected);
  });

  test.each(['""', '"1,5"', '"$1"', '"0x10"', '"1e999"', '"NaN"', '" 1"', 'true', 'null', '[1]', '{a: 1}', 'ABC', `"${'9'.repeat(300)}"`])(
    'refuses %s in query text',
    (text) => {
      expect(() => fromText(DecimalScalar, text)).toThrow(refusal);
    },
  );

  test.each([
    ['12.50', '12.5'],
    [42, '42'],
    [-(2 ** 53 - 1), '-9007199254740991'],
  ])('takes %j from variables as %s', (value, expected) => {
    expect(fromVariable(DecimalScalar, value)).toBe(expected);
  });

  test.each([0.1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d in variables: a float has lost digits already', (value) => {
    expect(() => fromVariable(DecimalScalar, value)).toThrow('send a string');
  });

  test.each([true, null, {}, [], 1n])('refuses %p in variables', (value) => {
    expect(() => fromVariable(DecimalScalar, value)).toThrow(refusal);
  });

  test('keeps every digit, whichever way it came', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat({ max: 40 }), (digits, scale) => {
        const text = digits
          .toString()
          .replace('-', '')
          .padStart(scale + 1, '0');
        const plain = `${digits < 0n ? '-' : ''}${text.slice(0, text.length - scale)}${scale > 0 ? `.${text.slice(-scale)}` : ''}`;
        const read = fromVariable(DecimalScalar, plain) as string;
        expect(fromText(DecimalScalar, plain)).toBe(read);
        expect(DecimalScalar.serialize(read)).toBe(read);
        expect(read).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
        // The same number, by integers: digits times the scale that was cut off.
        const [whole, fraction = ''] = read.split('.');
        expect(BigInt(`${whole}${fraction}`) * 10n ** BigInt(scale - fraction.length)).toBe(digits);
      }),
      { seed: 20261123 },
    );
  });

  test('does not let a number of ours out: it would be a bug', () => {
    expect(() => DecimalScalar.serialize(1.5)).toThrow(TypeError);
  });
});

describe('DateTime', () => {
  test.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31t12:00:00.123456789z', '2026-01-31T12:00:00.123Z'],
    ['2026-01-31T00:30:00+01:00', '2026-01-30T23:30:00.000Z'],
    ['2024-02-29T23:59:59.9-23:59', '2024-03-01T23:58:59.900Z'],
  ])('reads %s', (text, expected) => {
    expect(DateTimeScalar.serialize(fromVariable(DateTimeScalar, text))).toBe(expected);
    expect(DateTimeScalar.serialize(fromText(DateTimeScalar, `"${text}"`))).toBe(expected);
  });

  test.each([
    '2026-02-30T12:00:00Z',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-01-31T12:00Z',
    '2026-01-31 12:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:60:00Z',
    '2026-01-31T12:00:60Z',
    '2026-01-31T12:00:00+1:00',
    '2026-01-31T12:00:00+24:00',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '-271821-04-20T00:00:00Z',
    'yesterday',
    '',
    `2026-01-31T12:00:00.${'0'.repeat(100)}Z`,
  ])('refuses %s', (text) => {
    expect(() => fromVariable(DateTimeScalar, text)).toThrow(refusal);
  });

  test('refuses what is no text', () => {
    expect(() => fromVariable(DateTimeScalar, 1_769_860_800_000)).toThrow(refusal);
    expect(() => fromText(DateTimeScalar, '1769860800')).toThrow(refusal);
  });
});

describe('Date', () => {
  test.each(['2024-02-29', '0001-01-01', '9999-12-31'])('reads %s', (text) => {
    expect(fromVariable(DateScalar, text)).toBe(text);
    expect(fromText(DateScalar, `"${text}"`)).toBe(text);
  });

  test.each(['2023-02-29', '2026-13-01', '2026-1-1', '2026-01-01T00:00:00Z', '0000-01-01', '', 20260101, null])('refuses %p', (value) => {
    expect(() => fromVariable(DateScalar, value)).toThrow(refusal);
  });

  test('says what was written, and where', () => {
    expect(() => fromText(DateScalar, '  {year: 5}')).toThrow(
      expect.objectContaining({
        message: 'Date: {year: 5} is not a calendar date; write it YYYY-MM-DD, such as "2026-01-31"',
        locations: [{ line: 1, column: 3 }],
      }),
    );
    expect(() => fromVariable(DateScalar, 20260101)).toThrow('Date: 20260101 is not');
    expect(() => fromText(DateScalar, `"${'1'.repeat(50)}"`)).toThrow(`Date: "${'1'.repeat(40)}…" is not`);
  });

  test('takes exactly the days of the calendar', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9999 }),
        fc.integer({ min: 0, max: 13 }),
        fc.integer({ min: 0, max: 32 }),
        (year, month, day) => {
          const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
          const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
          const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
          if (day >= 1 && day <= days) expect(fromVariable(DateScalar, text)).toBe(text);
          else expect(() => fromVariable(DateScalar, text)).toThrow(refusal);
        },
      ),
      { seed: 20261123 },
    );
  });
});
