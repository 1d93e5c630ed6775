/** Pipelined transactions: in order, all or nothing, and the cause of a failure is what is told. */
import type { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import type { Database } from '../../../src/platform/postgres/database.js';
import { atOnce } from '../../../src/platform/postgres/pipelining.js';
import type { Queryable } from '../../../src/platform/postgres/queryable.js';
import { openTestDatabase } from '../../kit/test-database.js';

let db: Database;
beforeAll(async () => {
  db = await openTestDatabase();
  await db.pool.query('CREATE TABLE number (value integer)');
});
beforeEach(() => db.pool.query('TRUNCATE number'));
afterAll(() => db.close());

const insert = (tx: Queryable, value: number) => tx.query({ name: 'insert', text: 'INSERT INTO number VALUES ($1)', values: [value] });
const divide = (tx: Queryable, by: number) => tx.query({ name: 'divide', text: 'SELECT 1 / $1::integer AS result', values: [by] });
const stored = async () => (await db.pool.query('SELECT value FROM number ORDER BY value')).rows.map((row) => row.value);

describe.each(['pipelined', 'transaction'] as const)('a %s', (kind) => {
  test('takes steps in their order and gives their results', async () => {
    const [, sum, first] = await db[kind]((tx) =>
      atOnce(tx, [
        () => insert(tx, 1),
        async () => (await tx.query('SELECT sum(value)::integer AS sum FROM number')).rows[0].sum,
        async () => (await divide(tx, 1)).rows[0].result,
      ]),
    );
    expect([sum, first]).toEqual([1, 1]);
    expect(await stored()).toEqual([1]);
  });

  test('keeps nothing of what one step had sent, or goes on to send, when another fails', async () => {
    let tell = () => {};
    const known = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const failing = db[kind]((tx) =>
      atOnce(tx, [
        async () => {
          await insert(tx, 1);
          if (tx.pipeline) await known; // by then a ROLLBACK could be on its way
          for (const value of [2, 3]) await insert(tx, value);
        },
        () => divide(tx, 0).finally(tell),
        () => insert(tx, 4),
      ]),
    );
    await expect(failing).rejects.toThrow('division by zero');
    expect(await stored()).toEqual([]);
  });

  test('stores nothing when it could not begin', async () => {
    const { query } = pg.Client.prototype;
    const failing = function (this: pg.Client, ...args: Parameters<typeof query>) {
      return query.apply(this, (args as unknown[])[0] === 'BEGIN' ? (['SELECT 1 / 0'] as never) : args);
    };
    pg.Client.prototype.query = failing as typeof query;
    const outcome = await db[kind]((tx) => atOnce(tx, [() => insert(tx, 1), () => insert(tx, 2)])).catch((error: Error) => error.message);
    pg.Client.prototype.query = query;
    expect(outcome).toBe('division by zero');
    expect(await stored()).toEqual([]);
  });

  test('can be tried again with the same named statements', async () => {
    await expect(db[kind]((tx) => atOnce(tx, [() => divide(tx, 0), () => insert(tx, 5)]))).rejects.toThrow('division by zero');
    await db[kind]((tx) => atOnce(tx, [() => divide(tx, 1), () => insert(tx, 5)]));
    expect(await stored()).toEqual([5]);
  });
});

test('what goes at once on a pipelined connection leaves in one write, that of a step within a step too', async () => {
  const writes = await db.pipelined(async (tx) => {
    const { stream } = (tx as unknown as { connection: { stream: Writable } }).connection;
    const written = [jest.spyOn(stream, '_write'), jest.spyOn(stream as Required<Writable>, '_writev')];
    await atOnce(tx, [() => insert(tx, 1), () => atOnce(tx, [() => insert(tx, 2), () => divide(tx, 1)]), () => insert(tx, 3)]);
    const calls = written.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    for (const spy of written) spy.mockRestore();
    return calls;
  });
  expect(writes).toBe(1);
  expect(await stored()).toEqual([1, 2, 3]);
});
