/** `cdp run` and `cdp status`, as an operator runs them beside no worker. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import { addDays } from '../../../src/domain/time.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { newestEndedDay } from '../../../src/store/pipelines/runs.js';
import { trackCoins } from '../../../src/store/tracked-coins.js';
import { cdp } from '../../kit/command-line.js';
import { openTestDatabase } from '../../kit/test-database.js';

/** Nobody would take it for the date that is left out. */
const DATE = addDays(newestEndedDay(new Date()), -3);
let db: Database;
const run = (...args: string[]) => cdp(args, { DATABASE_URL: db.url, LOG_LEVEL: 'fatal' });

beforeAll(async () => {
  db = await openTestDatabase();
  await trackCoins(db.pool, ['bitcoin'], 'simulator', new Date('2026-01-01')); // where a coin is followed, no history is asked for by hand
});
afterAll(() => db.close());

test('run refuses what makes no sense, and asks for nothing', async () => {
  expect(await run('run', 'nonsense')).toEqual({ code: 1, out: '', err: expect.stringContaining('there is no pipeline "nonsense"') });
  expect(await run('run', 'daily', '--date', '2026-13-01')).toMatchObject({ code: 1, err: expect.stringContaining('is no date') });
  expect((await db.pool.query('SELECT FROM ops.pipeline_runs')).rowCount).toBe(0);
});

test('run says what became of each task of the date, and of the run, and counts attempts', async () => {
  const first = await run('run', 'daily', '--date', DATE);
  expect(first).toMatchObject({ code: 0, err: '' });
  const lines = first.out.split('\n');
  expect(lines.slice(0, 5).sort()).toEqual([
    `fetch_global         skipped    what the market is today says nothing about ${DATE}`,
    `fetch_markets        skipped    what the market is today says nothing about ${DATE}`,
    'publish              succeeded',
    'wait_for_history     succeeded',
    'wait_for_stream      skipped    the day ended over 10 minutes ago',
  ]);
  expect(lines.slice(5)).toEqual([`daily of ${DATE}: succeeded (attempt 1)`, '']);
  const second = await run('run', 'daily', '--date', DATE);
  expect([second.code, second.out]).toEqual([0, expect.stringContaining(`daily of ${DATE}: succeeded (attempt 2)\n`)]);
});

test('a run that failed is no success of the command', async () => {
  await db.pool.query(
    `INSERT INTO mart.mart_coins (coin_id, source, symbol, name, market_cap_usd, computed_at) VALUES ('bitcoin', 'simulator', 'btc', 'Bitcoin', -1, now())`,
  );
  const { code, out, err } = await run('run', 'housekeeping');
  expect(code).toBe(1);
  expect(out).toMatch(/^make_months +succeeded$/m);
  expect(out).toMatch(/^check_all +failed +mart\.mart_coins: /m);
  expect(out).not.toContain('housekeeping');
  expect(err).toMatch(/^housekeeping failed: check_all: mart\.mart_coins: .*\n$/);
});

test('status shows prices, history, log, datasets and runs, newest first', async () => {
  await db.pool.query(`INSERT INTO mart.mart_latest_prices VALUES
      ('bitcoin', 'simulator', 1, '2026-11-10T12:00:00Z', '2026-11-10T12:00:01Z', 'o', 1, false, '2026-11-10T12:00:02Z');
    INSERT INTO ops.stream_offsets VALUES ('${PRICES_TOPIC}', 0, 1, 8, NULL, NULL, now())`);
  const log = createPostgresEventLog(db, pino({ level: 'silent' }));
  await log.append(
    PRICES_TOPIC,
    [0, 0, 0, 1].map((partition) => ({ key: 'k', value: Buffer.from('{}'), partition })),
  );
  await log.close();
  const { code, out, err } = await run('status');
  expect([code, err]).toEqual([0, '']);
  const [head, datasets, runs] = out.split('\n\n').map((part) => part.trimEnd().split('\n'));
  expect(head).toEqual([
    'newest price   2026-11-10T12:00:00.000Z',
    'history        nobody has looked yet for what is missing: is a worker up?',
    'log            3 records wait', // two of the first partition, and one that nobody has begun to read
  ]);
  expect(datasets).toContainEqual(expect.stringMatching(/^mart\.mart_latest_prices +\d+ +2026-11-10T12:00:02\.000Z$/));
  expect(datasets).toContainEqual(expect.stringMatching(new RegExp(`^mart\\.mart_market_overview +\\d+ +${DATE} +never$`)));
  expect(runs).toEqual([
    expect.stringMatching(/^run +pipeline +date +status +attempt +requested$/),
    expect.stringMatching(/^\d+ +housekeeping +failed +1 +\d{4}-\S+Z$/),
    expect.stringMatching(new RegExp(`^\\d+ +daily +${DATE} +succeeded +2 +\\d{4}-\\S+Z$`)),
  ]);
});

test('status says how far history has come', async () => {
  await db.pool.query(
    `INSERT INTO ops.history_intervals (coin_id, source, grain, from_at, to_at, status, requested_at)
     SELECT 'bitcoin', 'simulator', '1d', '2026-11-01'::date, '2026-11-01'::date + n, CASE n WHEN 1 THEN 'DONE' ELSE 'PENDING' END, '2026-11-10'
     FROM generate_series(1, 3) AS n`,
  );
  expect((await run('status')).out).toMatch(/^history {8}1 of 3 intervals, done at /m);
  await db.pool.query(`UPDATE ops.history_intervals SET status = 'DONE'`);
  expect((await run('status')).out).toMatch(/^history {8}complete$/m);
});
