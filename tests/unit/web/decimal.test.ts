/** Exact decimals on the screen: against arithmetic of arbitrary precision, and at the edges. */
import { describe, expect, test } from '@jest/globals';
import { Big } from 'big.js';
import fc from 'fast-check';
import { compare, formatCompact, formatExact, formatPrice, group, parseTyped, round } from '../../../web/format/decimal.js';

/** Plain decimals of up to 30 digits on each side, with and without leading and trailing zeros. */
const decimals = fc
  .tuple(fc.boolean(), fc.stringMatching(/^\d{1,30}$/), fc.stringMatching(/^\d{0,30}$/))
  .map(([negative, whole, fraction]) => `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`);

describe('exact decimals', () => {
  test('are rounded as arbitrary precision rounds them, halves away from zero', () => {
    fc.assert(
      fc.property(decimals, fc.integer({ min: 0, max: 20 }), (value, places) => {
        const rounded = new Big(value).round(places, Big.roundHalfUp);
        expect(round(value, places)).toBe(rounded.eq(0) ? new Big(0).toFixed(places) : rounded.toFixed(places));
      }),
    );
  });

  test('are compared by value', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        expect(compare(a, b)).toBe(new Big(a).cmp(new Big(b)));
      }),
    );
    expect(compare('1.50', '1.5')).toBe(0);
    expect(compare('-0', '0.000')).toBe(0);
  });

  test('keep every digit where they are shown in full', () => {
    expect(formatExact('9007199254740993.000000000000000001')).toBe('$9,007,199,254,740,993.000000000000000001');
    expect(formatExact('-1234.5')).toBe('-$1,234.5');
    expect(group('1234567')).toBe('1,234,567');
  });

  test.each([
    ['104123.456', '$104,123.46'],
    ['999.995', '$1,000.00'],
    ['10', '$10.00'],
    ['9.99996', '$10.0000'],
    ['1', '$1.0000'],
    ['0.99995', '$1.0000'],
    ['0.5', '$0.5000'],
    ['0.000012345678', '$0.00001235'],
    ['0', '$0.00'],
    ['-3.14159', '-$3.1416'],
  ])('price %s reads %s', (value, text) => expect(formatPrice(value)).toBe(text));

  test.each([
    ['3214567890123.9', '3.21T'],
    ['999999999999', '1.00T'],
    ['999.9', '1.00K'],
    ['1234567890123456789', '1,234,568T'],
    ['45678901', '45.7M'],
    ['123456789', '123M'],
    ['1500', '1.50K'],
    ['812', '812'],
    ['0.1234567', '0.1235'],
    ['-2500000', '-2.50M'],
  ])('%s in short is %s', (value, text) => expect(formatCompact(value)).toBe(text));

  test.each([
    ['100,000', '100000'],
    [' 0.50 ', '0.50'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-1_000', '-1000'],
    ['-1,234,567.5', '-1234567.5'],
    ['+1,000.', '1000'],
    ['0,5', null],
    ['1,5', null],
    ['1,0000', null],
    ['1e5', null],
    ['', null],
    ['12,3.4.5', null],
    ['abc', null],
  ])('typed %p is %p', (typed, value) => expect(parseTyped(typed)).toBe(value));

  test('what is no decimal is a bug, said at once', () => {
    expect(() => round('1e5', 2)).toThrow('"1e5" is no plain decimal');
  });
});
