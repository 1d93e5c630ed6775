/** /grafana, more than a panel shows: series of the fifty largest coins, tables of all; of alerts the newest thousand that are asked for. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { queryRequest, read } from '../../graphql/grafana/request.js';
import { answerQuery, COIN_METRICS, MARKET_METRICS } from '../../graphql/grafana/targets.js';
import type { Queryable } from '../../src/platform/postgres/database.js';
import type { TestGateway } from '../kit/gateway.js';
import { panel, postTo, startGrafanaGateway } from '../kit/grafana.js';
import { seedManyCoins } from '../kit/seed.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGrafanaGateway();
  await seedManyCoins(gateway.db, 120);
});
afterAll(() => gateway.close());

const query = async (targets: object[], over: object = {}) => (await postTo(gateway, '/query', panel(targets, over))).json;
const numbered = (n: number) => `coin-${String(n).padStart(3, '0')}`;
/** As a variable's "All" sends them, the smallest first. */
const ALL = Array.from({ length: 120 }, (_, n) => numbered(120 - n));
const HOUR = { from: '2026-03-10T11:30:00Z', to: '2026-03-10T12:30:00Z' };

describe('of more coins than a chart draws', () => {
  const alertedCoins = async (over: object) => {
    const [{ rows }] = await query([{ target: 'alerts' }], { range: HOUR, ...over });
    return new Set(rows.map(([, , , , tags]: string[]) => tags?.split(',')[0]));
  };

  test('the fifty largest', async () => {
    const series = await query([{ target: 'price_usd' }], { scopedVars: { coin: { value: ALL } } });
    expect(series.map(({ target }: { target: string }) => target)).toEqual(
      Array.from({ length: 50 }, (_, n) => `Coin ${n + 1} (C${n + 1})`),
    );
    const range = { from: '2026-03-10T11:00:00Z', to: '2026-03-10T12:00:00Z' };
    const [table] = await query([{ target: 'candles' }], { range, maxDataPoints: 1, scopedVars: { coin: { value: ALL } } });
    expect(new Set(table.rows.map(([, coin]: string[]) => coin)).size).toBe(50);
  });

  test('the alerts of all', async () => {
    expect(await alertedCoins({ scopedVars: { coin: { value: ALL } } })).toEqual(new Set(ALL));
    const filters = [{ key: 'coin', operator: '!=', value: 'bitcoin' }];
    expect(await alertedCoins({ filters })).toEqual(new Set(ALL));
  });

  test('the coins table holds all, as chosen', async () => {
    const [table] = await query([{ target: 'coins', payload: { coins: ALL } }]);
    expect(table.rows.map(([, id]: string[]) => id)).toEqual(ALL);
    const [every] = await query([{ target: 'coins', payload: { coins: '*' } }]);
    expect(every.rows).toHaveLength(125);
    const [largest] = await query([{ target: 'coins' }]);
    expect(largest.rows).toHaveLength(10);
  });
});

test('many queries for few values each are too much for a panel, as many values are', async () => {
  const everything = `{${[...COIN_METRICS.keys(), ...MARKET_METRICS.keys()].join(',')}}`;
  const ask = (count: number) =>
    postTo(gateway, '/query', panel(Array(count).fill({ target: everything, payload: { coin: 'coin-001' } }), { maxDataPoints: 1 }));
  const { status, json } = await ask(50);
  expect([status, json.message]).toEqual([400, expect.stringContaining('at most 100000 are allowed')]);
  expect((await ask(2)).status).toBe(200);
});

describe('of more alerts than a panel shows', () => {
  const DAY = { from: '2026-02-01T00:00:00Z', to: '2026-02-02T00:00:00Z' };
  beforeAll(async () => {
    await gateway.db.pool.query(
      `INSERT INTO mart.mart_alerts SELECT 'flood-' || lpad(n::text, 4, '0'), 1, 1, 'bitcoin', 'PRICE_ABOVE',
         CASE n WHEN 1 THEN 'CRITICAL' WHEN 2 THEN 'WARNING' ELSE 'INFO' END, 1, NULL, 2, 2, 'simulator', '2026-02-01', 'o', n,
         '2026-02-01'::timestamptz + n * interval '1 second', false,
         CASE n WHEN 1 THEN 'FIRING' WHEN 2 THEN 'ACKNOWLEDGED' WHEN 3 THEN 'SUPPRESSED' ELSE 'RESOLVED' END, NULL, NULL, 'm'
       FROM generate_series(1, 1200) n`,
    );
  });
  const alertIds = async (...filters: object[]) =>
    (await query([{ target: 'alerts' }], { range: DAY, filters }))[0].rows.map((row: unknown[]) => row[5]);

  test('the newest thousand', async () => {
    const ids = await alertIds();
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([1_000, 'flood-0201', 'flood-1200']);
  });

  test.each([
    [{ key: 'severity', operator: '=', value: 'CRITICAL' }, ['flood-0001']],
    [{ key: 'severity', operator: '!=', value: 'INFO' }, ['flood-0001', 'flood-0002']],
    [{ key: 'severity', operator: '=|', value: 'x', values: ['WARNING', 'CRITICAL'] }, ['flood-0001', 'flood-0002']],
    [{ key: 'severity', operator: '=~', value: 'warn.*|crit.*' }, ['flood-0001', 'flood-0002']],
    [{ key: 'status', operator: '=', value: 'FIRING' }, ['flood-0001']],
    [{ key: 'status', operator: '!~', value: 'res.*' }, ['flood-0001', 'flood-0002']],
    [{ key: 'status', operator: '=', value: 'SUPPRESSED' }, []],
  ])('%j: of those that pass', async (filter, expected) => {
    expect(await alertIds(filter)).toEqual(expected);
  });

  test('filters on both, and an operator that there is not', async () => {
    const severity = { key: 'severity', operator: '!=', value: 'INFO' };
    expect(await alertIds(severity, { key: 'status', operator: '=', value: 'ACKNOWLEDGED' })).toEqual(['flood-0002']);
    const body = panel([{ target: 'alerts' }], { range: DAY, filters: [{ ...severity, operator: 'like' }] });
    expect((await postTo(gateway, '/query', body)).status).toBe(400);
  });
});

test('the prices of a candle are of one step, though the first minute comes in between them', async () => {
  const request = read(queryRequest, panel([{ target: 'candles', payload: { coin: 'coin-001' } }], { range: HOUR, intervalMs: 60_000 }));
  const insert = `INSERT INTO mart.mart_price_candles
    SELECT 'coin-001', i::mart.candle_interval, '2026-03-10T12:00:00Z', 5, 8, 4, 6, 1, false, now(), now(), now() FROM unnest('{1m,1h}'::text[]) i`;
  let written: Promise<unknown> | undefined;
  const db = {
    async query(statement: { name: string; text: string }) {
      const first = statement.name === 'get-timeseries-openUsd' && written === undefined;
      if (!first) await written;
      const answer = gateway.db.pool.query(statement);
      if (first) written = answer.then(() => gateway.db.pool.query(insert));
      return answer;
    },
  };
  const [table] = await answerQuery(db as unknown as Queryable, request);
  expect(table).toMatchObject({ rows: [[Date.parse('2026-03-10T12:00:00Z'), 'Coin 1 (C1)', 5, 8, 4, 6]] });
});
