import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareDecimals, compareProducts, type Decimal, isPositive, parseDecimal } from '../../../src/domain/decimal.js';

describe('parseDecimal', () => {
  test.each([
    ['1.206e-09', '0.000000001206'],
    ['42.0', '42'],
    ['6.9e28', '69000000000000000000000000000'],
    ['76988210193324640000', '76988210193324640000'],
    ['-0', '0'],
    ['-1.50', '-1.5'],
    ['0.1E+2', '10'],
  ])('reads %s as %s', (text, plain) => expect(parseDecimal(text)).toBe(plain));

  test.each(['', ' 1', '+1', '.5', '1.', 'NaN', 'Infinity', '1e101', '0x10', '1,000', '1e', '١', '9'.repeat(201)])('refuses %j', (text) =>
    expect(parseDecimal(text)).toBeNull(),
  );

  test('is the identity on plain digits, and compares as numbers do', () => {
    const plain = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 25 }));
    fc.assert(
      fc.property(plain, plain, ([a, scaleA], [b, scaleB]) => {
        const [x, y] = [parseDecimal(`${a}e-${scaleA}`), parseDecimal(`${b}e-${scaleB}`)] as [Decimal, Decimal];
        expect(parseDecimal(x)).toBe(x);
        expect(x).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
        const difference = a * 10n ** BigInt(25 - scaleA) - b * 10n ** BigInt(25 - scaleB);
        expect(compareDecimals(x, y)).toBe(difference > 0n ? 1 : difference < 0n ? -1 : 0);
        expect(isPositive(x)).toBe(a > 0n);
      }),
      { seed: 1 },
    );
  });

  test('products compare as exactly, also where floats cannot tell them apart', () => {
    const factor = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
    fc.assert(
      fc.property(factor, factor, factor, fc.integer({ min: -2, max: 2 }), (a, x, b, nudge) => {
        // b·y lies next to a·x: y is the quotient, rounded, and a little more or less.
        const y = b === 0n ? 0n : (a * x) / b + BigInt(nudge);
        const difference = a * x - b * y;
        const text = (value: bigint) => parseDecimal(`${value}e-12`) as Decimal;
        expect(compareProducts([text(a), text(x)], [text(b), text(y)])).toBe(difference > 0n ? 1 : difference < 0n ? -1 : 0);
      }),
      { seed: 2, numRuns: 1_000 },
    );
  });
});
