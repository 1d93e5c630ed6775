import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Decimal } from '../../../src/domain/decimal.js';
import { encodePriceRecord, parsePriceRecord } from '../../../src/domain/price-record.js';
import type { PriceObservation } from '../../../src/domain/prices.js';

const price: PriceObservation = {
  source: 'coingecko',
  coinId: '1move token',
  priceUsd: '0.000000001206' as Decimal,
  observedAt: new Date('2026-11-10T12:00:00.123Z'),
  receivedAt: new Date('2026-11-10T12:00:05.000Z'),
  payload: '{"usd":1.206e-09,"last_updated_at":1762776000}',
};
const with_ = (over: object) => Buffer.from(JSON.stringify({ ...JSON.parse(encodePriceRecord(price).toString()), ...over }));

describe('a price record', () => {
  test('comes back as it was written, the source’s own digits included', () => {
    expect(parsePriceRecord(encodePriceRecord(price))).toMatchObject({ kind: 'price', price });
  });

  test.each([
    { priceUsd: 1.5 },
    { priceUsd: '0' },
    { priceUsd: '-1' },
    { priceUsd: null },
    { observedAt: 'yesterday' },
    { coinId: '' },
    { coinId: '\ud800' },
    { payload: '{' },
    { payload: '{"a":"\\ud800"}' },
    { payload: '{"\\u0000":1}' },
  ])('with %j is refused with the field’s name', (over) => {
    expect(parsePriceRecord(with_(over))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining(Object.keys(over)[0] as string),
    });
  });

  test('that is none is corrupt, whatever the bytes', () => {
    expect(parsePriceRecord(with_({ v: 2 }))).toMatchObject({ kind: 'corrupt' });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => expect(parsePriceRecord(Buffer.from(bytes)).kind).toBe('corrupt')),
      { seed: 1 },
    );
  });

  test('is read alike whichever way its instants are written', () => {
    const text = fc.oneof(fc.string({ maxLength: 210 }), fc.constantFrom('bitcoin', '', '\0', '\ud800', 'x'.repeat(200), 'x'.repeat(201)));
    const digits = fc.oneof(text, fc.constantFrom('1', '1.50', '1e-9', '0', '0.000', '-1', '1e101', '1e400', 'NaN'));
    const json = fc.oneof(text, fc.json(), fc.constantFrom('{"a":"\\ud800"}', '{"\\u0000":1}', '{"usd":1}'));
    fc.assert(
      fc.property(fc.record({ source: text, coinId: text, priceUsd: digits, payload: json }), (fields) => {
        const observedAt = '2026-11-10T12:00:00';
        const plain = parsePriceRecord(with_({ ...fields, observedAt: `${observedAt}.000Z` }));
        const unusual = parsePriceRecord(with_({ ...fields, observedAt: `${observedAt}Z` })); // only the schema reads this one
        expect({ ...plain, text: '' }).toEqual({ ...unusual, text: '' });
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });

  test('with an escaped backslash before u0000 is storable', () => {
    expect(parsePriceRecord(with_({ payload: '{"a":"\\\\u0000"}' }))).toMatchObject({ kind: 'price' });
  });
});
