/** What analysts with SQL find: a role that reads the marts and nothing else, and words on every table and column of them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
// @ts-expect-error a script, without types
import { readComments } from '../../prisma/comments.mjs';
import type { Database } from '../../src/platform/postgres/database.js';
import { openTestDatabase } from '../kit/test-database.js';

let db: Database;
let analyst: pg.Client;
beforeAll(async () => {
  db = await openTestDatabase();
  analyst = new pg.Client({ connectionString: db.url });
  await analyst.connect();
  await analyst.query('SET ROLE cdp_analyst');
});
afterAll(async () => {
  await analyst.end();
  await db.close();
});

const tablesOf = async (schema: string) =>
  (
    await db.pool.query<{ name: string }>('SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1', [schema])
  ).rows.map(({ name }) => `${schema}.${name}`);

describe('the role cdp_analyst', () => {
  test('reads every mart, also one that is made later', async () => {
    await db.pool.query('CREATE TABLE mart.made_later (id integer)');
    const marts = await tablesOf('mart');
    expect(marts).toContain('mart.made_later');
    for (const mart of marts) await analyst.query(`SELECT * FROM ${mart} LIMIT 1`);
    await db.pool.query('DROP TABLE mart.made_later');
  });

  test('reads nothing else', async () => {
    for (const schema of ['raw', 'staging', 'ops'])
      for (const table of await tablesOf(schema))
        await expect(analyst.query(`SELECT FROM ${table} LIMIT 1`)).rejects.toThrow(/permission denied/);
  });

  test.each([
    'DELETE FROM mart.mart_coins',
    `UPDATE mart.mart_alerts SET status = 'RESOLVED'`,
    'TRUNCATE mart.mart_price_candles',
    'DROP TABLE mart.mart_coins',
    'CREATE TABLE mart.mine (id integer)',
  ])('may not %s', async (statement) => {
    await expect(analyst.query(statement)).rejects.toThrow(/permission denied|must be owner/);
  });
});

describe('comments', () => {
  test('are the docstrings of prisma/schema (see prisma/comments.mjs)', async () => {
    const { rows } = await db.pool.query<{ name: string; text: string }>(
      `SELECT n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') AS name, d.description AS text
       FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
       WHERE n.nspname IN ('raw', 'staging', 'mart', 'ops')`,
    );
    expect(Object.fromEntries(rows.map(({ name, text }) => [name, text]))).toEqual(Object.fromEntries(readComments()));
  });

  test('say something of every table and column of the marts', async () => {
    const { rows } = await db.pool.query<{ name: string }>(
      `SELECT table_schema || '.' || table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'mart'`,
    );
    const comments: Map<string, string> = readComments();
    const silent = [...rows.map(({ name }) => name), ...(await tablesOf('mart'))].filter((name) => !comments.has(name));
    expect(rows.length).toBeGreaterThan(80);
    expect(silent).toEqual([]);
  });
});
