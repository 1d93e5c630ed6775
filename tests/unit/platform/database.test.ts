import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { Prisma } from '../../../generated/prisma/client.js';
import { connect } from '../../../src/platform/postgres/connect.js';
import { type Database, openDatabase } from '../../../src/platform/postgres/database.js';
import { isTransient } from '../../../src/platform/postgres/errors.js';
import { Link } from '../../kit/kafka/link.js';
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

  test('sessions are in UTC, and end transactions and statements that hang', async () => {
    const { rows } = await db.pool.query(
      `SELECT current_setting('timezone') AS zone, current_setting('idle_in_transaction_session_timeout') AS idle,
              current_setting('statement_timeout') AS statement, current_setting('application_name') AS name`,
    );
    expect(rows[0]).toEqual({ zone: 'UTC', idle: '10s', statement: '5min', name: 'test' });
  });
});

describe('a database for those who are waited for', () => {
  let link: Link;
  let impatient: Database;
  beforeAll(async () => {
    const url = new URL(db.url);
    link = await Link.open(Number(url.port));
    url.hostname = '127.0.0.1';
    url.port = String(link.port);
    impatient = openDatabase(url.href, { applicationName: 'test', maxConnections: 1, answerWithinMs: 1_000 });
  });
  afterAll(async () => {
    await impatient.close();
    await link.close();
  });

  test('ends a statement that takes too long', async () => {
    await expect(impatient.pool.query('SELECT pg_sleep(600)')).rejects.toMatchObject({ code: '57014' });
  });

  test('gives up a connection that is silent, and works on with a new one', async () => {
    await impatient.pool.query('SELECT 1');
    link.strand();
    const error = await impatient.pool.query('SELECT 1').catch((lost: unknown) => lost);
    expect(isTransient(error)).toBe(true);
    expect((await impatient.pool.query('SELECT 1')).rowCount).toBe(1);
    link.strand();
    const sent = jest.spyOn(pg.Client.prototype, 'query');
    await expect(impatient.transaction((tx) => tx.query('SELECT 1'))).rejects.toThrow('Query read timeout');
    expect(sent.mock.calls.map(([text]) => text)).not.toContain('ROLLBACK'); // which would wait as long again
    sent.mockRestore();
    expect(await impatient.transaction(async (tx) => (await tx.query('SELECT 1')).rowCount)).toBe(1);
  });
});

describe('Prisma on the same pool', () => {
  test('round-trips decimals, bigints, instants and dates exactly', async () => {
    const day = new Date('2026-03-29T00:00:00Z'); // summer time begins in Europe
    const computedAt = new Date('2026-03-29T00:30:00.123Z');
    const priceUsd = new Prisma.Decimal('0.000000001206000000000000000001');
    await db.prisma.martCryptoPerformance.create({ data: { coinId: 'x', day, priceUsd, computedAt, rsi14: 50.123456789012 } });
    const row = await db.prisma.martCryptoPerformance.findUniqueOrThrow({ where: { coinId_day: { coinId: 'x', day } } });
    expect(row.priceUsd.toFixed()).toBe('0.000000001206000000000000000001');
    expect(row.day).toEqual(day);
    expect(row.computedAt).toEqual(computedAt);
    expect(row.rsi14).toBe(50.123456789012);
    const sql = await db.pool.query('SELECT price_usd, day, computed_at FROM mart.mart_crypto_performance');
    expect(sql.rows).toEqual([{ price_usd: priceUsd.toFixed(), day: '2026-03-29', computed_at: computedAt }]);

    const big = 9007199254740993n;
    await db.prisma.streamOffset.create({
      data: { topic: 't', partition: 0, nextOffset: big, partitionCount: 1, committedAt: computedAt },
    });
    expect((await db.prisma.streamOffset.findFirstOrThrow()).nextOffset).toBe(big);
  });

  test('speaks enums by their names and knows lists, bytes and JSON', async () => {
    const at = new Date('2026-01-01T00:00:00Z');
    const interval = { source: 's', coinId: 'x', grain: 'd1', fromAt: at, toAt: at, status: 'PENDING', requestedAt: at } as const;
    await db.prisma.historyInterval.create({ data: interval });
    expect((await db.pool.query('SELECT grain FROM ops.history_intervals')).rows).toEqual([{ grain: '1d' }]);
    await db.prisma.dataset.create({ data: { name: 'd', grain: 'g', dependsOn: ['a', 'b'], definitionHash: 'h' } });
    expect(await db.prisma.dataset.findFirstOrThrow()).toMatchObject({ dependsOn: ['a', 'b'], version: 0n, publishedThrough: null });
    const record = { topic: 't', partition: 0, offset: 1n, value: Buffer.from([0, 255]), headers: { k: 'v' }, appendedAt: at };
    await db.prisma.logRecord.create({ data: record });
    const read = await db.prisma.logRecord.findFirstOrThrow();
    expect(Buffer.from(read.value)).toEqual(record.value);
    expect(read.headers).toEqual({ k: 'v' });
  });
});

describe('transaction', () => {
  const count = async () => (await db.pool.query<{ n: bigint }>('SELECT count(*) AS n FROM ops.changed_days')).rows[0]?.n;
  const insert = `INSERT INTO ops.changed_days (coin_id, day) VALUES ('x', '2026-01-01')`;

  test('commits what the work did and returns its result', async () => {
    expect(await db.transaction(async (tx) => (await tx.query(insert)).rowCount)).toBe(1);
    expect(await count()).toBe(1n);
  });

  test('rolls back when the work throws, and gives the connection back', async () => {
    const before = await count();
    const work = db.transaction(async (tx) => {
      await tx.query(insert);
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await count()).toBe(before);
    expect(db.pool.idleCount).toBe(db.pool.totalCount);
  });

  test('never takes a rolled back transaction for a committed one', async () => {
    const before = await count();
    const work = db.transaction(async (tx) => {
      await tx.query(insert);
      await tx.query('SELECT 1 / 0').catch(() => {});
    });
    await expect(work).rejects.toThrow(/rolled back/);
    expect(await count()).toBe(before);
  });

  test('is ended by the server when it idles, and the process lives on', async () => {
    const work = db.transaction(async (tx) => {
      const ended = new Promise((resolve) => tx.once('end', resolve));
      await tx.query('SET LOCAL idle_in_transaction_session_timeout = 50');
      await ended;
      await tx.query('SELECT 1');
    });
    const error = await work.catch((caught: unknown) => caught);
    expect(isTransient(error)).toBe(true);
    expect((await db.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('sees one snapshot where it is repeatable read', async () => {
    await db.transaction(async (tx) => {
      const seen = () => tx.query<{ n: bigint }>('SELECT count(*) AS n FROM ops.changed_days');
      const first = await seen();
      await db.pool.query(insert);
      expect((await seen()).rows).toEqual(first.rows);
    }, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
  });
});

describe('transient errors', () => {
  test('are those of a lost race or an absent server, not of the statement', async () => {
    const away = openDatabase('postgresql://u:p@127.0.0.1:1/x', { applicationName: 'test' });
    expect(isTransient(await away.pool.query('SELECT 1').catch((error) => error))).toBe(true);
    await away.close();
    expect(isTransient(await db.pool.query('SELECT 1 / 0').catch((error) => error))).toBe(false);
    const failing = db.transaction((tx) => tx.query(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$`));
    expect(isTransient(await failing.catch((error) => error))).toBe(true);
    expect(isTransient(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isTransient(new TypeError('x is not a function'))).toBe(false);
  });

  test('are those of a server that takes a connection and says nothing, too', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const taken = once(silent, 'connection');
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      const { port } = silent.address() as AddressInfo;
      const refused = connect(`postgresql://u:p@127.0.0.1:${port}/x`, 'test').catch((error: unknown) => error);
      const [socket] = await taken;
      jest.advanceTimersByTime(10_000);
      const message = `The database x at 127.0.0.1:${port} cannot be reached (timeout expired). Start it, or check the host and port in DATABASE_URL.`;
      expect(await refused).toMatchObject({ exitCode: 75, message });
      socket.destroy();
    } finally {
      jest.useRealTimers();
      silent.close();
    }
  });
});
