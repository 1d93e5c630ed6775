/** The event log in Postgres passes the contract, and what only it can meet: lost connections, retention, a record it cannot store. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import pino from 'pino';
import type { EventLog, LogRecord } from '../../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../../src/platform/event-log/postgres-event-log.js';
import { trimLog } from '../../../../src/platform/event-log/trim-log.js';
import { type Database, openDatabase } from '../../../../src/platform/postgres/database.js';
import { openTestDatabase } from '../../../kit/test-database.js';
import { describeEventLog } from './event-log.contract.js';

const logger = pino({ level: 'silent' });

describeEventLog('the event log in Postgres', async () => {
  const db = await openTestDatabase();
  const log = createPostgresEventLog(db, logger);
  return {
    log,
    async openAnother() {
      const other = openDatabase(db.url, { applicationName: 'another' });
      const otherLog = createPostgresEventLog(other, logger);
      return Object.assign(otherLog, { close: closeBoth(otherLog, other) });
    },
    async deleteTopic(topic) {
      for (const table of ['log_records', 'log_partitions', 'log_topics'])
        await db.pool.query(`DELETE FROM ops.${table} WHERE topic = $1`, [topic]);
    },
    async forgetBelow(topic, partition, offset) {
      await db.pool.query('UPDATE ops.log_partitions SET start_offset = $3 WHERE topic = $1 AND partition = $2', [
        topic,
        partition,
        offset,
      ]);
      await db.pool.query('DELETE FROM ops.log_records WHERE topic = $1 AND partition = $2 AND "offset" < $3', [topic, partition, offset]);
    },
    close: closeBoth(log, db),
  };
});

describe('what only Postgres can do to it', () => {
  let db: Database;
  let log: EventLog;
  beforeAll(async () => {
    db = await openTestDatabase();
    log = createPostgresEventLog(db, logger);
  });
  afterAll(() => closeBoth(log, db)());

  test.each(['transaction', 'pipelined'] as const)(
    'what is appended within a %s stands when that one commits, in order, and wakes readers; not when it does not',
    async (kind) => {
      const topic = await newTopic(`within-${kind}`, 3);
      const seen: LogRecord[] = [];
      const done = Promise.withResolvers<void>();
      const total = 1_000; // by COPY where it can be
      const consumer = await log.consume({
        topic,
        group: null,
        startOffset: async () => 0n,
        async onBatch({ records }) {
          seen.push(...records);
          if (seen.length >= total + 4) done.resolve();
        },
      });
      const records = (count: number, word: string) =>
        Array.from({ length: count }, (_, index) => ({ key: 'k', value: Buffer.from(`${word} ${index}`), partition: index % 2 }));
      const within = (word: string, count: number, last = async () => {}) =>
        db[kind](async (tx) => {
          await log.appendWithin?.(tx, topic, []);
          await log.appendWithin?.(tx, topic, records(count, word));
          await last();
        });
      const failure = within('never', 2, () => Promise.reject(new Error('rolled back')));
      await expect(failure).rejects.toThrow('rolled back');
      const open = Promise.withResolvers<void>();
      const inside = Promise.withResolvers<void>();
      const slow = within('first', 2, async () => {
        inside.resolve();
        await open.promise;
      });
      await inside.promise;
      const beside = log.append(topic, records(2, 'second')); // behind the open one
      expect(await log.bounds(topic)).toMatchObject([{ end: 0n }, { end: 0n }, { end: 0n }]);
      open.resolve();
      await Promise.all([slow, beside]);
      await within('third', total);
      await done.promise;
      await consumer.stop();
      for (const partition of [0, 1]) {
        const own = seen.filter((record) => record.partition === partition);
        expect(own.map(({ offset }) => offset)).toEqual(own.map((_, place) => BigInt(place)));
        const said = own.map(({ value }) => value.toString());
        const third = Array.from({ length: total / 2 }, (_, index) => `third ${2 * index + partition}`);
        expect(said).toEqual([`first ${partition}`, `second ${partition}`, ...third]);
        const instants = own.map(({ appendedAt }) => appendedAt.getTime());
        expect(instants).toEqual(instants.toSorted((a, b) => a - b));
      }
    },
  );

  test('connections that break again and again lose and repeat nothing', async () => {
    const topic = await newTopic('broken', 2);
    const seen: LogRecord[] = [];
    const done = Promise.withResolvers<void>();
    const total = 400;
    const consumer = await log.consume({
      topic,
      group: 'g',
      maxRecords: 7,
      startOffset: async () => 0n,
      async onBatch({ records }) {
        seen.push(...records);
        if (seen.length >= total) done.resolve();
      },
    });
    const writer = openDatabase(db.url, { applicationName: 'writer' });
    const writerLog = createPostgresEventLog(writer, logger);
    for (let index = 0; index < total; index += 4) {
      await writerLog.append(
        topic,
        [0, 1, 2, 3].map((extra) => ({ key: 'k', value: Buffer.from(`${index + extra}`), partition: extra % 2 })),
      );
      if (index % 40 === 0) await terminateConnections(writer, ['test', 'event log']);
    }
    await done.promise;
    await consumer.stop();
    for (const partition of [0, 1]) {
      const offsets = seen.filter((record) => record.partition === partition).map(({ offset }) => Number(offset));
      expect(offsets).toEqual(Array.from({ length: total / 2 }, (_, index) => index));
    }
    await closeBoth(writerLog, writer)();
  });

  test('an append whose connection breaks is rejected as transient, and the next one works', async () => {
    const topic = await newTopic('rejected', 1);
    const blocker = await db.pool.connect();
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM ops.log_partitions WHERE topic = $1 FOR UPDATE', [topic]);
    const append = log.append(topic, [{ key: 'k', value: Buffer.from('a') }]);
    const failed = expect(append).rejects.toThrow(/terminat/);
    await until(async () => (await waitingAppends(db)) > 0);
    await terminateConnections(db, ['test'], `wait_event_type = 'Lock'`);
    await failed;
    await blocker.query('ROLLBACK');
    blocker.release();
    expect(await log.append(topic, [{ key: 'k', value: Buffer.from('b') }])).toEqual([{ partition: 0, offset: 0n }]);
  });

  test('a record that Postgres cannot hold fails alone', async () => {
    const topic = await newTopic('poison', 1);
    const appends = await Promise.allSettled([
      log.append(topic, [{ key: 'first', value: Buffer.from('1') }]),
      log.append(topic, [{ key: 'good', value: Buffer.from('2') }]),
      log.append(topic, [
        { key: 'half', value: Buffer.from('3') },
        { key: 'nul \0', value: Buffer.from('4') },
      ]),
      log.append(topic, [{ key: 'good too', value: Buffer.from('5') }]),
    ]);
    expect(appends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    const keys = (await records(topic)).map(({ key }) => key);
    expect(keys).toEqual(['first', 'good', 'good too']);
  });

  test('a page is bounded in bytes, but holds one record however large', async () => {
    const topic = await newTopic('large', 1);
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    await log.append(topic, [
      ...Array.from({ length: 4 }, () => ({ key: 'k', value: megabyte.subarray(0, 400_000) })),
      { key: 'k', value: Buffer.concat([megabyte, megabyte]) },
    ]);
    const pages: number[] = [];
    for await (const page of log.replay(topic, new Map([[0, 0n]]))) pages.push(page.length);
    expect(pages).toEqual([2, 2, 1]);
  });

  test('wakes a reader before it polls, also for another process', async () => {
    const topic = await newTopic('wake', 1);
    const writer = openDatabase(db.url, { applicationName: 'writer' });
    const writerLog = createPostgresEventLog(writer, logger);
    let seen = Promise.withResolvers<void>();
    const consumer = await log.consume({ topic, group: 'g', startOffset: async () => 0n, onBatch: async () => seen.resolve() });
    // With polls alone these rounds take twice the time that a test has.
    for (let round = 0; round < 20; round++) {
      seen = Promise.withResolvers<void>();
      await writerLog.append(topic, [{ key: 'k', value: Buffer.from('v') }]);
      await seen.promise;
    }
    await consumer.stop();
    await closeBoth(writerLog, writer)();
  });

  test('trimming by a process whose clock is a day ahead forgets nothing that is new', async () => {
    const spec = { topic: await newTopic('ahead', 1), partitions: 1, retentionMs: 3_600_000 };
    await log.append(spec.topic, [{ key: 'a', value: Buffer.from('1') }]);
    const ahead = Date.now() + 26 * 3_600_000;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(ahead);
    try {
      expect(await trimLog(db, spec, false)).toBe(0n);
    } finally {
      clock.mockRestore();
    }
  });

  test('trimming forgets what is old, never what the consumer has yet to commit, and readers are told', async () => {
    const spec = { topic: await newTopic('trim', 2), partitions: 2, retentionMs: 3_600_000 };
    const { topic } = spec;
    for (const partition of [0, 1])
      await log.append(
        topic,
        Array.from({ length: 20 }, () => ({ key: 'k', value: Buffer.from('v'), partition })),
      );
    await db.pool.query(`UPDATE ops.log_records SET appended_at = appended_at - interval '2 hours' WHERE topic = $1 AND "offset" < 12`, [
      topic,
    ]);

    expect(await trimLog(db, spec, true)).toBe(0n); // nobody has committed anything
    await db.pool.query(
      `INSERT INTO ops.stream_offsets (topic, partition, next_offset, partition_count, committed_at) VALUES ($1, 0, 5, 2, now()), ($1, 1, 19, 2, now())`,
      [topic],
    );
    expect(await trimLog(db, spec, true)).toBe(17n);
    expect(await log.bounds(topic)).toEqual([
      { partition: 0, start: 5n, end: 20n },
      { partition: 1, start: 12n, end: 20n },
    ]);
    expect(await trimLog(db, spec, true)).toBe(0n);
    expect(await trimLog(db, spec, false)).toBe(7n);
    await db.pool.query(`UPDATE ops.log_records SET appended_at = appended_at - interval '2 hours' WHERE topic = $1`, [topic]);
    expect(await trimLog(db, spec, false)).toBe(16n);
    expect(await log.append(topic, [{ key: 'k', value: Buffer.from('v'), partition: 0 }])).toEqual([{ partition: 0, offset: 20n }]);
    const { rows } = await db.pool.query('SELECT count(*)::int AS count FROM ops.log_records WHERE topic = $1', [topic]);
    expect(rows).toEqual([{ count: 1 }]);
  });

  async function newTopic(name: string, partitions: number): Promise<string> {
    const topic = `postgres.${name}.v1`;
    await log.ensureTopics([{ topic, partitions, retentionMs: 1 }]);
    return topic;
  }

  async function records(topic: string): Promise<LogRecord[]> {
    const found: LogRecord[] = [];
    for await (const page of log.replay(topic, new Map([[0, 0n]]))) found.push(...page);
    return found;
  }
});

function closeBoth(log: EventLog, db: Database): () => Promise<void> {
  const closeLog = log.close.bind(log);
  return async () => {
    await closeLog();
    await db.close();
  };
}

async function terminateConnections(db: Database, applications: string[], which = 'true'): Promise<void> {
  await db.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = ANY($1) AND ${which}`,
    [applications],
  );
}

async function waitingAppends(db: Database): Promise<number> {
  const { rows } = await db.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.count ?? 0;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
