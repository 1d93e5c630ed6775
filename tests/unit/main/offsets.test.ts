/** `cdp offsets`, as an operator runs it: what it prints, what it moves, and what it refuses. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { fingerprintOf } from '../../../jobs/runtime/offsets/identity.js';
import { PRICES_TOPIC, UPDATES_TOPIC } from '../../../src/domain/prices.js';
import { DAY } from '../../../src/domain/time.js';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { compareAndSetOffsets, getPlaces, takeUpPlace } from '../../../src/store/stream/stream-offsets.js';
import { cdp } from '../../kit/command-line.js';
import { openTestDatabase } from '../../kit/test-database.js';

let db: Database;
let log: EventLog;
const offsets = (...args: string[]) => cdp(['offsets', ...args], { DATABASE_URL: db.url });

/** Of the first partition two of three records are read, of the second one of four. */
beforeEach(async () => {
  db = await openTestDatabase();
  log = createPostgresEventLog(db, pino({ level: 'silent' }));
  await log.ensureTopics([PRICES_TOPIC, UPDATES_TOPIC].map((topic) => ({ topic, partitions: 2, retentionMs: DAY })));
  const value = Buffer.from('{}');
  await log.append(
    PRICES_TOPIC,
    [0, 0, 0, 1, 1, 1, 1].map((partition) => ({ key: 'k', value, partition })),
  );
  for (const [partition, to] of [2n, 1n].entries()) {
    await takeUpPlace(db.pool, PRICES_TOPIC, partition, 0n, 2);
    const move = { partition, from: 0n, to, positionBase: 0n, fingerprint: fingerprintOf({ value }), appendedAt: new Date() };
    await db.transaction((tx) => compareAndSetOffsets(tx, PRICES_TOPIC, [move]));
  }
});
afterEach(async () => {
  await log.close();
  await db.close();
});

const HEAD = ['partition', 'next', 'log start', 'log end', 'lag', 'state'];
const table = (out: string) => out.split('\n').map((line) => line.trim().split(/\s{2,}/));
const nextOffsets = async () => (await getPlaces(db.pool, PRICES_TOPIC)).map(({ nextOffset }) => nextOffset);

test('show prints where each partition stands', async () => {
  const { code, out, err } = await offsets('show');
  expect([code, err]).toEqual([0, '']);
  expect(table(out)).toEqual([HEAD, ['0', '2', '0', '3', '1', 'ok'], ['1', '1', '0', '4', '3', 'ok'], ['']]);
});

test('reset moves the partition that is named to where it is told, to the start if it is not', async () => {
  const moved = await offsets('reset', '--partition', '1', '--to', '3');
  expect([moved.code, moved.err]).toEqual([0, '']);
  expect(table(moved.out)).toEqual([
    ['partition 1: reading goes on at 3'],
    [''],
    HEAD,
    ['0', '2', '0', '3', '1', 'ok'],
    ['1', '3', '0', '4', '1', 'ok'],
    [''],
  ]);
  expect(await offsets('reset', '--partition', '1', '--to', 'end')).toMatchObject({ code: 0 });
  expect(await nextOffsets()).toEqual([2n, 4n]);
  expect((await offsets('reset', '--partition', '0')).out).toMatch(/^partition 0: reading goes on at 0\n/);
  expect(await nextOffsets()).toEqual([0n, 4n]);
});

test('reset without a partition moves those that hold another log, and nothing where there are none', async () => {
  expect(await offsets('reset', '--to', 'end')).toMatchObject({ code: 0, out: expect.stringMatching(/^No partition is refused: /) });
  expect(await nextOffsets()).toEqual([2n, 1n]);
  await db.pool.query(`UPDATE ops.stream_offsets SET last_fingerprint = 'of another record' WHERE partition = 1`);
  const { out } = await offsets('show');
  expect(table(out)[2]?.at(-1)).toBe('refused: see below');
  expect(out).toMatch(/\n\nmarket\.prices\.v1\/1 holds another record at 0 .*cdp offsets reset/);
  expect((await offsets('reset')).out).toMatch(/^partition 1: reading goes on at 0\n\n/);
  expect(await nextOffsets()).toEqual([2n, 0n]);
});

test('record says what counts from now on, and how many records wait', async () => {
  const { code, out } = await offsets('record');
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(
      /^market\.prices\.v1 and market\.updates\.v1 have 2 partitions from now on\.\n4 records wait to be read: .*\n\npartition /,
    ),
  ]);
});

test('what cannot be meant is refused, and moves nothing', async () => {
  for (const [args, words] of [
    [['burn'], 'offsets burn is not known: show, reset or record.'],
    [['reset', '--partition', 'one'], '--partition must be a whole number.'],
    [['reset', '--partition', '2'], 'has no partition 2: it has 2.'],
    [['reset', '--partition', '0', '--to', 'nowhere'], '--to must be start, end or an offset.'],
    [['reset', '--partition', '0', '--to', '4'], 'has no offset 4: it goes from 0 to 3.'],
  ] as const)
    expect(await offsets(...args)).toEqual({ code: 1, out: '', err: expect.stringContaining(words) });
  expect(await nextOffsets()).toEqual([2n, 1n]);
});

test('a log without the topic is no fault of the command: it says who makes it', async () => {
  await db.pool.query('DELETE FROM ops.log_records; DELETE FROM ops.log_partitions; DELETE FROM ops.log_topics');
  expect(await offsets('show')).toMatchObject({ code: 1, err: expect.stringContaining('start a producer or `cdp up` first') });
});
