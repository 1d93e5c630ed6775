/** What a stream shows of itself on the real log: what it waits out, and how far it is behind. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createStreamMetrics, observeLag } from '../../jobs/runtime/observation/stream-metrics.js';
import { type Stream, startStream } from '../../jobs/runtime/stream/stream.js';
import { DAY } from '../../src/domain/time.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../src/platform/event-log/postgres-event-log.js';
import { Heartbeats } from '../../src/platform/heartbeats.js';
import { createLogger } from '../../src/platform/logger.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { openTestDatabase } from '../kit/test-database.js';
import { waitFor } from '../kit/wait-for.js';

const topic = 'observed';
const logger = createLogger({ level: 'silent' });
const PATIENCE = { withinMs: 20_000, everyMs: 10 };

let db: Database;
let log: EventLog;
let metrics: Metrics;
let stream: Stream | null = null;
beforeEach(async () => {
  db = await openTestDatabase();
  log = createPostgresEventLog(db, logger);
  metrics = new Metrics('consumer');
  await log.ensureTopics([{ topic, partitions: 2, retentionMs: DAY }]);
  await db.pool.query('CREATE TABLE seen (partition integer, position bigint)');
});
afterEach(async () => {
  await stream?.stop();
  stream = null;
  await log.close();
  await db.close();
});

function start(heartbeats = new Heartbeats()): Stream {
  stream = startStream({
    log,
    db,
    logger,
    heartbeats,
    metrics: createStreamMetrics(metrics, topic),
    definition: {
      topic,
      group: topic,
      maxRecords: 100,
      publish: () => {},
      async process(tx, records) {
        for (const { partition, offset } of records) await tx.query('INSERT INTO seen VALUES ($1, $2)', [partition, offset]);
        return [];
      },
    },
  });
  return stream;
}

const append = (count: number, partition = 0) =>
  log.append(
    topic,
    Array.from({ length: count }, () => ({ key: 'k', value: Buffer.from('x'), partition })),
  );
const seen = async () => Number((await db.pool.query('SELECT count(*) AS n FROM seen')).rows[0].n);

test('an error that would meet any record is waited out: the stream says what it waits for, and goes on by itself', async () => {
  await append(1);
  await db.pool.query('ALTER TABLE seen RENAME TO gone');
  const own = start();
  const waiting = await waitFor('the stream to wait', () => own.waiting(), PATIENCE);
  expect(waiting.reason).toBe('partition 0 waits out an error: relation "seen" does not exist');
  expect(await metrics.text()).toMatch(/cdp_stream_failures_total\{topic="observed",role="consumer"\} [1-9]/);
  await db.pool.query('ALTER TABLE gone RENAME TO seen');
  await waitFor('the record', async () => (await seen()) === 1, PATIENCE);
  await waitFor('the stream to go on', () => own.waiting() === null, PATIENCE);
  expect((await db.pool.query('SELECT FROM ops.dead_letters')).rowCount).toBe(0);
});

test('lag is what is not committed yet, in records and in seconds, 0 where nothing waits', async () => {
  await append(1);
  const own = start();
  await waitFor('the record', async () => (await seen()) === 1, PATIENCE);
  await own.stop();
  observeLag(metrics, { db, log, topic, assigned: () => [0, 1] });
  await append(2);
  const text = await metrics.text();
  const lag = (unit: string, partition: number) =>
    Number(new RegExp(`cdp_stream_lag_${unit}\\{topic="observed",partition="${partition}",role="consumer"\\} (\\S+)`).exec(text)?.[1]);
  expect([lag('records', 0), lag('records', 1), lag('seconds', 1)]).toEqual([2, 0, 0]);
  expect(lag('seconds', 0)).toBeGreaterThan(0);
});

test('each partition has a heartbeat while it is read, and rests when it is given back', async () => {
  let now = 0;
  const heartbeats = new Heartbeats(() => now);
  const own = start(heartbeats);
  await waitFor('the partitions', () => own.assigned().length === 2, PATIENCE);
  await append(1);
  await waitFor('the record', async () => (await seen()) === 1, PATIENCE);
  now = 3_600_000; // silent for an hour, by this clock
  expect(heartbeats.stuck().map(({ loop }) => loop)).toEqual(expect.arrayContaining([`${topic}/0`]));
  await waitFor('the loops to turn', () => heartbeats.stuck().length === 0, PATIENCE);
  await own.stop();
  now += 3_600_000;
  expect(heartbeats.stuck()).toEqual([]);
});
