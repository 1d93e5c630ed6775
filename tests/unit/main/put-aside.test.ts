/** `cdp dead-letters` and `cdp rejected-rows`, as an operator runs them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { insertDeadLetters } from '../../../src/store/stream/dead-letters.js';
import { insertRejectedRows } from '../../../src/store/stream/rejected-rows.js';
import { cdp } from '../../kit/command-line.js';
import { openTestDatabase } from '../../kit/test-database.js';

const NOW = new Date('2026-11-10T12:00:00Z');
let db: Database;
let log: EventLog;
const run = (...args: string[]) => cdp(args, { DATABASE_URL: db.url });

beforeAll(async () => {
  db = await openTestDatabase();
  log = createPostgresEventLog(db, pino({ level: 'silent' }));
  await log.ensureTopics([{ topic: PRICES_TOPIC, partitions: 2, retentionMs: 86_400_000 }]);
  const record = (offset: bigint, value: Buffer) => ({
    topic: PRICES_TOPIC,
    partition: 1,
    offset,
    key: offset === 9n ? null : 'bitcoin',
    value,
    headers: { trace: 'abc' },
    appendedAt: NOW,
  });
  await insertDeadLetters(db.pool, [
    { record: record(7n, Buffer.from('{"half')), reason: 'not JSON\nat all' },
    { record: record(8n, Buffer.from([0xff, 0x00])), reason: 'no text' },
    { record: record(9n, Buffer.from('null')), reason: 'no record' },
  ]);
  const row = { source: 'coingecko', coinId: 'bitcoin', reason: 'unknown coin bitcoin', payload: '{"usd":1}' };
  await insertRejectedRows(
    db.pool,
    'raw.raw_prices',
    [
      { ...row, origin: `${PRICES_TOPIC}/0`, position: 3n },
      { ...row, origin: 'poll/coingecko/2026-11-10T12:00:00.000Z', position: 0n },
    ],
    NOW,
  );
});
afterAll(async () => {
  await log.close();
  await db.close();
});

async function inTheLog(): Promise<string[]> {
  const values: string[] = [];
  const starts = new Map([0, 1].map((partition) => [partition, 0n]));
  for await (const page of log.replay(PRICES_TOPIC, starts)) values.push(...page.map(({ value }) => value.toString()));
  return values;
}

describe('dead-letters', () => {
  test('list names those that wait, newest first, and says where there are more', async () => {
    const { code, out } = await run('dead-letters', 'list');
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
      ['id', 'topic/partition', 'position', 'stored', 'reason'],
      ['3', 'market.prices.v1/1', '9', expect.any(String), 'no record'],
      ['2', 'market.prices.v1/1', '8', expect.any(String), 'no text'],
      ['1', 'market.prices.v1/1', '7', expect.any(String), 'not JSON at all'],
      [''],
    ]);
    expect((await run('dead-letters', 'list', '--limit', '2')).out).toMatch(/^2 .*\nThere are more: --limit 20 /m);
  });

  test('show prints all of one', async () => {
    expect((await run('dead-letters', 'show', '1')).out).toMatch(
      /^topic +market.prices.v1\/1\nposition +7\nkey +bitcoin\nheaders +{"trace":"abc"}\nattempts +1\n[\s\S]*reason +not JSON[\s\S]*\n\n{"half\n$/,
    );
    expect((await run('dead-letters', 'show', '2')).out).toContain('\n\nbase64:/wA=\n');
    expect(await run('dead-letters', 'show', '99')).toMatchObject({ code: 1, err: expect.stringContaining('There is no dead letter 99') });
  });

  test('what cannot be meant is refused before anything is done', async () => {
    for (const [args, words] of [
      [['redrive'], 'needs either ids or --all'],
      [['redrive', '1', '--all'], 'needs either ids or --all'],
      [['discard', '1', '--reason', 'x'], '--reason narrows --all down'],
      [['discard', 'one'], 'one is no id'],
      [['burn', '1'], 'list, show, redrive or discard'],
      [['list', '--limit', '0'], '--limit must be'],
    ] as const)
      expect(await run('dead-letters', ...args)).toMatchObject({ code: 1, err: expect.stringContaining(words) });
    expect(await inTheLog()).toEqual([]);
  });

  test('a log that is away is "try again", in words, and what waits goes on waiting', async () => {
    const { code, err } = await cdp(['dead-letters', 'redrive', '1'], {
      DATABASE_URL: db.url,
      KAFKA_BROKERS: '127.0.0.1:1',
      LOG_LEVEL: 'fatal',
    });
    expect([code, err]).toEqual([
      75,
      expect.stringMatching(/^Kafka does not answer at 127\.0\.0\.1:1 .* KAFKA_BROKERS and KAFKA_SSL right\?\n$/),
    ]);
    expect((await run('dead-letters', 'list')).out).toMatch(/^1 /m);
  });

  test('redrive appends anew, discard puts away, and neither does it twice', async () => {
    expect(await run('dead-letters', 'redrive', '1', '1')).toMatchObject({ code: 0, out: '1 of 1 redriven.\n' });
    expect(await run('dead-letters', 'redrive', '1', '99')).toMatchObject({ code: 1, out: '0 of 2 redriven.\n' });
    expect(await run('dead-letters', 'discard', '1', '2')).toMatchObject({ code: 1, out: '1 of 2 discarded.\n' });
    expect(await run('dead-letters', 'redrive', '--all', '--reason', 'no rec')).toMatchObject({ code: 0, out: '1 of 1 redriven.\n' });
    expect(await inTheLog()).toEqual(expect.arrayContaining(['{"half', 'null']));
    expect(await inTheLog()).toHaveLength(2);
    expect(await run('dead-letters', 'redrive', '--all')).toMatchObject({ code: 0, out: 'No dead letter waits: nothing to redrive.\n' });
    expect((await run('dead-letters', 'list')).out).toBe('No dead letter waits.\n');
  });
});

describe('rejected-rows', () => {
  test('those of the log are redriven, those of a fetch can only be put away', async () => {
    const before = (await inTheLog()).length;
    expect((await run('rejected-rows', 'list')).out).toMatch(/^2 +raw.raw_prices +bitcoin .*\n1 +raw.raw_prices/m);
    expect((await run('rejected-rows', 'show', '2')).out).toMatch(/origin +poll\/coingecko[\s\S]*\n\n{"usd":1}\n$/);
    expect(await run('rejected-rows', 'redrive', '2')).toMatchObject({
      code: 1,
      err: expect.stringContaining('did not come through the log'),
    });
    expect(await run('rejected-rows', 'redrive', '--all')).toMatchObject({ code: 0, out: '1 of 1 redriven.\n' });
    expect((await inTheLog()).slice(before)).toHaveLength(1);
    expect(await run('rejected-rows', 'discard', '--all', '--reason', 'unknown')).toMatchObject({ code: 0, out: '1 of 1 discarded.\n' });
    expect((await run('rejected-rows', 'list')).out).toBe('No rejected row waits.\n');
  });
});
