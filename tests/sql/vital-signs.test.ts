/** What the alarms look at, read from the seeded market. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Database } from '../../src/platform/postgres/database.js';
import { insertCheckResults, loadChecksOfDatasets } from '../../src/store/pipelines/check-results.js';
import { insertGap } from '../../src/store/pipelines/gaps.js';
import { countChecks, getVitalSigns } from '../../src/store/pipelines/vital-signs.js';
import { insertOutbox } from '../../src/store/stream/outbox.js';
import { seedMarket } from '../kit/seed.js';
import { openTestDatabase } from '../kit/test-database.js';

let db: Database;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

test('of an empty database there is nothing to say', async () => {
  expect(await getVitalSigns(db.pool)).toEqual({
    datasets: new Map(),
    sources: [],
    publishedThrough: null,
    successes: [],
    openRuns: { queued: 0, running: 0 },
    gaps: [],
    deadLetters: 0,
    outbox: [],
  });
  expect(await countChecks(db.pool)).toEqual([]);
});

test('ages, what waits, and the newest result of each check', async () => {
  await seedMarket(db);
  const at = new Date('2026-03-10T10:00:00Z');
  for (const from of ['2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'])
    await insertGap(db.pool, { source: 'simulator', coinId: null, from: new Date(from), to: at, reason: 'none' }, at);
  await insertOutbox(db.pool, 'market.prices.v1', [
    { target: 'market.updates.v1', sourcePartition: 0, position: 1n, key: 'k', value: '{}' },
  ]);
  await db.pool.query(`INSERT INTO ops.outbox_progress VALUES ('market.alerts.v1', 'market.prices.v1', 0, 7)`);
  // An older day that is published again succeeds later: it does not make the newest day any younger.
  await db.pool.query(`UPDATE ops.pipeline_runs SET status = 'SUCCEEDED', finished_at = '2026-03-10T11:00:00Z' WHERE slot = '2026-03-08'`);
  const signs = await getVitalSigns(db.pool);
  expect(signs).toMatchObject({
    sources: [{ name: 'simulator', newestAt: new Date('2026-03-10T12:00:00Z') }],
    publishedThrough: '2026-03-09',
    successes: [{ pipeline: 'daily', at: new Date('2026-03-10T00:01:00Z') }],
    openRuns: { queued: 1, running: 0 },
    gaps: [{ source: 'simulator', count: 2 }],
    deadLetters: 1,
    outbox: [
      { target: 'market.alerts.v1', batches: 0 },
      { target: 'market.updates.v1', batches: 1 },
    ],
  });
  const writtenAt = Object.fromEntries(Array.from(signs.datasets, ([name, at]) => [name, at.toISOString()]));
  expect(writtenAt).toEqual({
    'mart.mart_market_overview': '2026-03-10T00:01:00.000Z',
    'mart.mart_crypto_performance': '2026-03-10T00:01:00.000Z',
    'raw.raw_prices': '2026-03-10T12:00:01.000Z',
    'staging.stg_prices': '2026-03-10T12:00:01.000Z',
    'mart.mart_latest_prices': '2026-03-10T12:00:01.000Z',
    'mart.mart_price_candles': '2026-03-10T12:00:01.000Z',
    'mart.mart_alerts': '2026-03-10T11:00:01.000Z',
  });
  const checks = await countChecks(db.pool);
  expect(Object.fromEntries(checks.map(({ result, count }) => [result, count]))).toEqual({ passed: 1, warned: 1, failed: 0 });
});

test('a look at whole tables that failed stands until another one passes, and so does one at what a publish touched', async () => {
  const dataset = 'mart.mart_coins';
  let runs = 0;
  const begin = async (pipeline: string) => {
    const { rows } = await db.pool.query<{ id: bigint }>(
      `INSERT INTO ops.pipeline_runs (pipeline, slot, status, requested_at) VALUES ($1, $2, 'SUCCEEDED', now()) RETURNING id`,
      [pipeline, `run ${runs++} of this test`],
    );
    return rows[0]?.id as bigint;
  };
  let seconds = 0;
  const look = async (pipeline: string, status: 'PASSED' | 'FAILED') =>
    insertCheckResults(db.pool, await begin(pipeline), [
      {
        name: 'one',
        dataset,
        severity: 'ERROR',
        status,
        failedRows: status === 'PASSED' ? 0n : 1n,
        message: pipeline,
        rowCount: null,
        checkedAt: new Date(Date.UTC(2026, 2, 10, 10, 0, seconds++)),
      },
    ]);
  const said = async () => (await loadChecksOfDatasets(db.pool, [dataset])).get(dataset)?.find(({ name }) => name === 'one');
  await look('housekeeping', 'FAILED');
  await look('restate', 'PASSED');
  expect(await said()).toMatchObject({ status: 'FAILED', message: 'housekeeping' });
  await look('rebuild', 'PASSED');
  expect(await said()).toMatchObject({ status: 'PASSED' });
  await look('restate', 'FAILED');
  await look('housekeeping', 'PASSED');
  expect(await said()).toMatchObject({ status: 'FAILED', message: 'restate' });
  await look('restate', 'PASSED');
  expect(await said()).toMatchObject({ status: 'PASSED' });
  // Days later: most of housekeeping's hourly runs look at nothing.
  await look('housekeeping', 'FAILED');
  for (let hour = 0; hour < 60; hour++) await begin('housekeeping');
  expect(await said()).toMatchObject({ status: 'FAILED' });
  await look('housekeeping', 'PASSED');
  expect(await said()).toMatchObject({ status: 'PASSED' });
});
