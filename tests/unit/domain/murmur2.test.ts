import { describe, expect, test } from '@jest/globals';
import { keyHash, murmur2, partitionOf } from '../../../src/domain/murmur2.js';

describe('murmur2', () => {
  // Vectors of Kafka's own UtilsTest.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Java does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  test('a key hash drops the sign bit as toPositive does, and does not take the absolute value', () => {
    expect(keyHash('21')).toBe(-973932308 & 0x7fffffff);
    expect(keyHash('21')).not.toBe(973932308);
  });

  test('a partition is the remainder of the key hash, of the key in UTF-8', () => {
    expect(partitionOf('foobar', 6)).toBe((-790332482 & 0x7fffffff) % 6);
    expect(keyHash('é')).toBe(murmur2(Uint8Array.of(0xc3, 0xa9)) & 0x7fffffff);
  });
});
