import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Database } from '../../../src/platform/postgres/database.js';
import { openTestDatabase } from '../../kit/test-database.js';

let db: Database;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

describe('SQL on the pool', () => {
  test('keeps every digit of numeric and int8, and dates as text, in arrays too', async () => {
    const { rows } = await db.pool.query(
      `SELECT 1.500000000000000000000000000001::numeric AS n, '2026-03-29'::date AS d, 9007199254740993::int8 AS b,
              '{0.1,NULL}'::numeric[] AS ns, '{2026-03-29}'::date[] AS ds, '{9007199254740993,NULL}'::int8[] AS bs`,
    );
    expect(rows[0]).toEqual({
      n: '1.500000000000000000000000000001',
      d: '2026-03-29',
      b: 9007199254740993n,
      ns: ['0.1', null],
      ds: ['2026-03-29'],
      bs: [9007199254740993n, null],
    });
  });
});
