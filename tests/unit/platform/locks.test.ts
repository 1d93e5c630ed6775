import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keyHash } from '../../../src/domain/murmur2.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { coinLockKeys, LOCKS } from '../../../src/platform/postgres/locks.js';
import { openTestDatabase } from '../../kit/test-database.js';

const IDS = Array.from({ length: 500 }, (_, i) => `coin-${i}`);

test('every class of locks has a number of its own', () => {
  expect(new Set(Object.values(LOCKS)).size).toBe(Object.keys(LOCKS).length);
});

describe("coins' locks", () => {
  let db: Database;
  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(() => db.close());

  test('are murmur2, each once, ascending, whatever the order of the coins', () => {
    expect(coinLockKeys(['bitcoin'])).toEqual([keyHash('bitcoin')]);
    const keys = coinLockKeys([...IDS, ...IDS]);
    expect(keys).toEqual(IDS.map(keyHash).sort((a, b) => a - b));
    expect(coinLockKeys([...IDS].reverse())).toEqual(keys);
    expect(coinLockKeys([])).toEqual([]);
  });

  test('taken in that order, nobody deadlocks', async () => {
    const take = (ids: string[]) =>
      db.transaction(async (tx) => {
        for (const key of coinLockKeys(ids)) await tx.query('SELECT pg_advisory_xact_lock($1, $2)', [LOCKS.coins, key]);
        return true;
      });
    const halves = [IDS.slice(0, 300), IDS.slice(200).reverse(), [...IDS].reverse(), IDS];
    expect(await Promise.all(halves.map(take))).toEqual([true, true, true, true]);
  });
});
