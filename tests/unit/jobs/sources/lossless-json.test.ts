import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseLossless, toDecimal, whyUnstorable } from '../../../../jobs/sources/lossless-json.js';
import { parseDecimal } from '../../../../src/domain/decimal.js';
import type { Database } from '../../../../src/platform/postgres/database.js';
import { openTestDatabase } from '../../../kit/test-database.js';

const numbers = [
  '1.206e-09',
  '-1.6099132365e-08',
  '42.0',
  '76988210193324640000',
  '6.9e+28',
  '0',
  '-0',
  '9007199254740993',
  '0.10000000000000000000001',
];

describe('lossless JSON', () => {
  test.each(numbers)('%s goes through with its own digits', (digits) => {
    const text = `{"price":${digits},"more":[${digits},null,true,"${digits}"]}`;
    expect(JSON.stringify(parseLossless(text))).toBe(text);
  });

  test.each([
    ['1.206e-09', '0.000000001206'],
    ['42.0', '42'],
    ['76988210193324640000', '76988210193324640000'],
    ['6.9e+28', '69000000000000000000000000000'],
  ])('%s is the decimal %s', (digits, decimal) => {
    expect(toDecimal(parseLossless(digits))).toBe(decimal);
  });

  test.each([['"1.5"'], ['null'], ['true'], ['[1]'], ['1e150']])('%s is no decimal', (text) => {
    expect(toDecimal(parseLossless(text))).toBeNull();
  });

  test('any JSON comes back as it was', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(JSON.stringify(parseLossless(text)))).toEqual(JSON.parse(text));
      }),
      { seed: 7 },
    );
  });

  test.each([
    ['"a\\u0000b"', /NUL/],
    ['{"deep":[{"\\u0000":1}]}', /NUL/],
    ['"\\ud83d"', /lone surrogate/],
    ['[1e150]', /out of all measure/],
    ['1e999999999', /out of all measure/],
    [`${'['.repeat(100)}1${']'.repeat(100)}`, /nested too deeply/],
  ])('%s cannot be stored', (text, reason) => {
    expect(whyUnstorable(parseLossless(text))).toMatch(reason);
  });

  test.each(['"\\ud83d\\ude00 \\u200b"', '{"a":[1.206e-09,null,true,"x"]}', '"\\\\u0000"'])('%s can be stored', (text) => {
    expect(whyUnstorable(parseLossless(text))).toBeNull();
  });
});

describe('what can be stored', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(() => database.close());

  test('is taken by Postgres, with its digits', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\\', '"', '\0', '\u200b', '\ud83d', '\ude00', 'u0000') });
    const json = fc.oneof(
      text.map((value) => JSON.stringify(value)),
      fc.json(),
      fc.double().map(String),
      fc.constantFrom(...numbers, '1e100', '1e101'),
    );
    const taken = { yes: 0, no: 0 };
    await fc.assert(
      fc.asyncProperty(
        json.filter((value) => value !== 'NaN' && !value.endsWith('Infinity')),
        async (source) => {
          const value = parseLossless(source);
          const possible = whyUnstorable(value) === null;
          taken[possible ? 'yes' : 'no']++;
          if (!possible) return;
          const { rows } = await database.pool.query<{ back: string }>('SELECT $1::jsonb #>> array[]::text[] AS back', [
            JSON.stringify(value),
          ]);
          if (JSON.isRawJSON(value)) expect(parseDecimal(rows[0]?.back as string)).toBe(toDecimal(value));
          else if (typeof value === 'string') expect(rows[0]?.back).toBe(value);
        },
      ),
      { seed: 7, numRuns: 500 },
    );
    expect(taken.yes).toBeGreaterThan(200);
    expect(taken.no).toBeGreaterThan(50);
  });
});
