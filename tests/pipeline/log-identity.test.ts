/**
 * Offsets mean something only in the log that they come from: what the stream does when the topic was made anew, has lost records, was
 * trimmed before it was read, or has more partitions, on both logs; and what an operator can do then.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { createStreamMetrics } from '../../jobs/runtime/observation/stream-metrics.js';
import { getPlaceStatus, recordPartitions, resetOffsets } from '../../jobs/runtime/offsets/offsets.js';
import { type Stream, startStream } from '../../jobs/runtime/stream/stream.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { compareAndSetOffsets, getPlaces, type StreamPlace } from '../../src/store/stream/stream-offsets.js';
import { freshTopic } from '../kit/kafka/test-kafka.js';
import { logWith } from '../kit/live.js';
import { openTestDatabase } from '../kit/test-database.js';
import { LOGS, type LogSetting } from './setting/logs.js';

describe.each(LOGS)('on %s', (_, open) => {
  let db: Database;
  let setting: LogSetting;
  let topic: string;
  let stream: Stream | null = null;
  let metrics: Metrics;
  const said: string[] = [];

  beforeEach(async () => {
    db = await openTestDatabase();
    setting = await open(db);
    topic = freshTopic('identity');
    said.length = 0;
    await make(2);
    await db.pool.query('CREATE TABLE seen (partition int, position bigint, value text, PRIMARY KEY (partition, position))');
  });
  afterEach(async () => {
    await stop();
    await setting.close();
    await db.close();
  });

  const make = (partitions: number) => setting.log.ensureTopics([{ topic, partitions, retentionMs: 3_600_000 }]);

  const append = (partition: number, ...values: string[]) => appendTo(setting.log, partition, ...values);
  const appendTo = async (log: EventLog, partition: number, ...values: string[]) =>
    log.append(
      topic,
      values.map((value) => ({ key: 'k', value: Buffer.from(value), partition })),
    );

  function start(log = setting.log): void {
    metrics = new Metrics('consumer');
    const logger = pino({ level: 'error' }, { write: (line: string) => void said.push(line) });
    stream = startStream({
      log,
      db,
      logger,
      metrics: createStreamMetrics(metrics, topic),
      definition: {
        topic,
        group: topic,
        maxRecords: 100,
        publish: () => {},
        async process(tx, records) {
          for (const { partition, offset, value } of records)
            await tx.query('INSERT INTO seen VALUES ($1, $2, $3)', [partition, offset, value.toString()]);
          return [];
        },
      },
    });
  }

  async function stop(): Promise<void> {
    await stream?.stop();
    stream = null;
  }

  const seen = async (partition: number): Promise<[number, string][]> => {
    const { rows } = await db.pool.query('SELECT position::int, value FROM seen WHERE partition = $1 ORDER BY position', [partition]);
    return rows.map((row) => [row.position, row.value]);
  };

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  const refused = () => [...(stream?.refused() ?? [])].toSorted(([a], [b]) => a - b);

  test('goes on where it was when the log is the same', async () => {
    await append(0, 'a', 'b');
    start();
    await until(async () => (await seen(0)).length === 2);
    await stop();
    await append(0, 'c');
    start();
    await until(async () => (await seen(0)).length === 3);
    expect(await seen(0)).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ]);
    expect(said).toEqual([]);
  });

  test.each([
    ['shorter than before', ['x']],
    ['longer than before', ['x', 'y', 'z', 'zz']],
  ])('a topic made anew is refused, and read after a reset, under positions that were never used (%s)', async (_length, values) => {
    await append(0, 'a', 'b', 'c');
    await append(1, 'p');
    start();
    await until(async () => (await seen(0)).length === 3 && (await seen(1)).length === 1);
    await stop();
    await setting.deleteTopic(topic);
    await make(2);
    await append(0, ...values);
    start();
    await until(() => refused().length === 2);
    expect(refused()[0]?.[1]).toMatch(/made anew, or has lost records.*cdp offsets show.*cdp offsets reset/);
    expect((await seen(0)).length + (await seen(1)).length).toBe(4);
    expect(await metrics.text()).toContain(`cdp_stream_refused_partitions{topic="${topic}",role="consumer"} 2`);

    const moves = await resetOffsets(db, setting.log, topic, { partition: null, to: 'start' });
    expect(moves).toEqual([
      { partition: 0, offset: 0n },
      { partition: 1, offset: 0n },
    ]);
    await until(async () => (await seen(0)).length === 3 + values.length);
    expect(await seen(0)).toEqual(['a', 'b', 'c', ...values].map((value, position) => [position, value]));
    await until(() => refused().length === 0);
    const { rows } = await db.pool.query('SELECT source, reason FROM ops.gaps ORDER BY source');
    expect(rows).toEqual([
      { source: `${topic}/0`, reason: 'an operator set the offset from 3 to 0' },
      { source: `${topic}/1`, reason: 'an operator set the offset from 1 to 0' },
    ]);
  });

  test('a topic made anew while it is read is refused too', async () => {
    await append(0, 'a', 'b', 'c');
    start();
    await until(async () => (await seen(0)).length === 3);
    await setting.deleteTopic(topic);
    await make(2);
    await append(0, 'x', 'y', 'z', 'zz');
    await until(() => refused().length > 0);
    expect((await seen(0)).map(([, value]) => value)).toEqual(['a', 'b', 'c']);
  });

  test('a log that is written to and read while somebody looks at its bounds is no other one', async () => {
    await append(0, 'a');
    start();
    await until(async () => (await seen(0)).length === 1);
    await stop();
    let times = Number.POSITIVE_INFINITY;
    const thenMove = async <Bounds>(bounds: Bounds): Promise<Bounds> => {
      if (times-- > 0) {
        const [appended] = await append(0, 'b');
        const [{ nextOffset: from, positionBase }] = (await getPlaces(db.pool, topic)) as [StreamPlace];
        const to = (appended?.offset as bigint) + 1n;
        await compareAndSetOffsets(db.pool, topic, [{ partition: 0, from, to, positionBase, fingerprint: null, appendedAt: null }]);
      }
      return bounds;
    };
    const busy = logWith(setting.log, {
      bounds: async () => thenMove(await setting.log.bounds(topic)),
      boundsOf: async (_topic, partition) => thenMove(await setting.log.boundsOf(topic, partition)),
    });
    expect((await getPlaceStatus(db, busy, topic)).map(({ verdict }) => verdict.kind)).toEqual(['same', 'same']);
    expect(await resetOffsets(db, busy, topic, { partition: null, to: 'start' })).toEqual([]);
    times = 1;
    start(busy);
    await append(1, 'p');
    await until(async () => (await seen(1)).length === 1);
    await append(0, 'c');
    await until(async () => (await seen(0)).some(([, value]) => value === 'c'));
    expect(said).toEqual([]);
  });

  test('what retention took before it was read is a gap that is noted, and reading goes on', async () => {
    await append(0, 'a');
    start();
    await until(async () => (await seen(0)).length === 1);
    await stop();
    await append(0, 'b', 'c', 'd');
    await setting.forgetBelow(topic, 0, 3n);
    start();
    await until(async () => (await seen(0)).length === 2);
    expect(await seen(0)).toEqual([
      [0, 'a'],
      [3, 'd'],
    ]);
    const { rows } = await db.pool.query('SELECT source, reason, from_at <= to_at AS rising FROM ops.gaps');
    expect(rows).toEqual([
      { source: `${topic}/0`, reason: 'retention removed the offsets from 1 to 2 before they were read', rising: true },
    ]);
    expect(said.join()).toMatch(/retention removed records/);
    expect(await metrics.text()).toContain(`cdp_stream_lost_records_total{topic="${topic}",partition="0",role="consumer"} 2`);
  });

  test('an offset that an operator sets back is read again under new positions; forward, it skips', async () => {
    await append(0, 'a', 'b', 'c');
    start();
    await until(async () => (await seen(0)).length === 3);
    await resetOffsets(db, setting.log, topic, { partition: 0, to: 1n });
    await append(0, 'd');
    await until(async () => (await seen(0)).length === 6);
    expect((await seen(0)).map(([, value]) => value)).toEqual(['a', 'b', 'c', 'b', 'c', 'd']);
    await stop();
    await append(0, 'e', 'f');
    await resetOffsets(db, setting.log, topic, { partition: 0, to: 'end' });
    await append(0, 'g');
    start();
    await until(async () => (await seen(0)).length === 7);
    expect((await seen(0)).at(-1)).toEqual([8, 'g']);
    await expect(resetOffsets(db, setting.log, topic, { partition: 0, to: 99n })).rejects.toThrow(/no offset 99: it goes from 0 to 7/);
    await expect(resetOffsets(db, setting.log, topic, { partition: 5, to: 'end' })).rejects.toThrow(/no partition 5/);
  });

  test('more partitions than are recorded are refused until the procedure is followed', async () => {
    if (setting.addPartitions === null) return; // the Postgres log has no way to add any
    await append(0, 'a');
    start();
    await until(async () => (await seen(0)).length === 1);
    await append(1, 'b');
    await until(async () => (await seen(1)).length === 1);
    await stop();
    await append(0, 'late');
    await setting.addPartitions(topic, 3);
    start();
    await until(() => refused().length === 3);
    expect(refused()[0]?.[1]).toMatch(/3 partitions, and 2 are recorded.*cdp offsets record/);
    await expect(resetOffsets(db, setting.log, topic, { partition: null, to: 'start' })).rejects.toThrow(/2 are recorded/);
    // Added too early: what waits in the old partitions is read first, as long as nothing lies in the new one.
    const restarted = setting.openAnother();
    await appendTo(restarted, 2, 'early');
    await expect(recordPartitions(db, setting.log, topic, { alike: [], force: false })).rejects.toThrow(/1 records wait.*--force/);
    await setting.forgetBelow(topic, 2, 1n);
    expect(await recordPartitions(db, setting.log, topic, { alike: [], force: false })).toEqual({ partitions: 3, waiting: 1n });
    await until(async () => (await seen(0)).length === 2);
    expect((await getPlaces(db.pool, topic)).map(({ partitionCount }) => partitionCount)).toEqual([3, 3, 3]);
    await appendTo(restarted, 2, 'new');
    await until(async () => (await seen(2)).length === 1);
    await until(() => refused().length === 0);
    await restarted.close();
  });
});
