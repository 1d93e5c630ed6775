/** /grafana: the test of a datasource, its lists, and tables and annotations. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestGateway } from '../kit/gateway.js';
import { minute as at, panel, postTo, RANGE, startGrafanaGateway } from '../kit/grafana.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGrafanaGateway();
});
afterAll(() => gateway.close());

const post = (path: string, body: unknown) => postTo(gateway, path, body);
const query = async (targets: object[], over: object = {}) => (await post('/query', panel(targets, over))).json;

describe('Save & test', () => {
  test.each(['/grafana', '/grafana/'])('GET %s is exactly 200', async (path) => {
    expect((await gateway.http({ path })).status).toBe(200);
  });

  test('a foreign page gets nothing', async () => {
    const refused = await gateway.http({ path: '/grafana', headers: { origin: 'https://evil.example' } });
    expect(refused.status).toBe(403);
    const message = expect.stringContaining('ALLOWED_ORIGINS');
    expect(refused.json).toEqual({ message, error: { code: 'FORBIDDEN', message } });
  });
});

describe('/metrics', () => {
  test('names with payloads, in code and in builder mode', async () => {
    for (const body of [{}, { metric: 'price_usd', payload: { coins: 'bitcoin' } }]) {
      const { json } = await post('/metrics', body);
      const price = json.find(({ value }: { value: string }) => value === 'price_usd');
      expect(price).toMatchObject({ label: 'Price', payloads: [{ name: 'coins', type: 'multi-select' }] });
      expect(price.payloads[0].options).toContainEqual({ label: 'Bitcoin (BTC)', value: 'bitcoin' });
      expect(json.map(({ value }: { value: string }) => value)).toEqual(
        expect.arrayContaining(['return_1d_pct', 'sharpe_30d', 'sma_7_usd', 'market_cap_usd', 'candles', 'coins', 'alerts']),
      );
      for (const each of json) expect(Array.isArray(each.payloads)).toBe(true);
    }
  });

  test('/metric-payload-options of the coins', async () => {
    const { json } = await post('/metric-payload-options', { metric: 'price_usd', payload: {}, name: 'coins' });
    expect(json[0]).toEqual({ label: 'Bitcoin (BTC)', value: 'bitcoin' });
  });
});

describe('/query, tables', () => {
  test('a metric as a table, as simple-json asks for it', async () => {
    const body = {
      panelId: 1,
      range: RANGE,
      rangeRaw: RANGE.raw,
      interval: '1m',
      intervalMs: 60_000,
      targets: [{ target: 'price_usd:bitcoin', refId: 'B', type: 'table' }],
      adhocFilters: [],
      format: 'json',
      maxDataPoints: 550,
    };
    const [table] = (await post('/query', body)).json;
    expect(table).toMatchObject({
      type: 'table',
      refId: 'B',
      columns: [{ text: 'Time', type: 'time' }, { text: 'Coin' }, { text: 'Price', type: 'number' }],
    });
    expect(table.rows[0]).toEqual([at(50), 'Bitcoin (BTC)', 150]);
  });

  test('candles, without the steps that have none', async () => {
    const [table] = await query([{ target: 'candles', payload: { coin: 'bitcoin' } }]);
    expect(table.columns.map(({ text }: { text: string }) => text)).toEqual(['Time', 'Coin', 'Open', 'High', 'Low', 'Close']);
    expect(table.rows).toHaveLength(9);
    expect(table.rows[0]).toEqual([at(50), 'Bitcoin (BTC)', 100.1, 101, 99.5, 150]);
  });

  test('coins, with numbers where numbers are', async () => {
    const [table] = await query([{ target: 'coins', payload: { coins: ['bitcoin', 'dogecoin'] } }]);
    expect(table.rows).toEqual([
      [1, 'bitcoin', 'btc', 'Bitcoin', 65000.1, expect.closeTo(25, 3), 1300000000000.5, 35000000000, Date.parse('2026-03-10T12:00:00Z')],
      [8, 'dogecoin', 'eth', 'Dogecoin', null, null, 6.9e29, 1.206e-9, null],
    ]);
  });
});

describe('annotations', () => {
  const range = { from: '2026-03-10T00:00:00Z', to: '2026-03-10T12:00:00Z' };

  test('simpod: /query with one target; time, title, text and tags by name; what was not sent is not shown', async () => {
    const annotation = { name: 'Alerts', enable: true, iconColor: 'red', target: { refId: 'Anno', target: 'annotations', payload: '' } };
    const body = {
      range,
      maxDataPoints: 1200,
      intervalMs: 30_000,
      scopedVars: { __annotation: { text: '', value: annotation } },
      targets: [{ refId: 'Anno', target: 'annotations', payload: {} }],
    };
    const { json } = await post('/query', body);
    expect(json).toHaveLength(1);
    expect(json[0].refId).toBe('Anno');
    expect(json[0].columns.slice(0, 5).map(({ text }: { text: string }) => text)).toEqual(['time', 'timeEnd', 'title', 'text', 'tags']);
    expect(json[0].rows.map((row: unknown[]) => [row[0], row[4]])).toEqual([
      [Date.parse('2026-03-10T09:00:01Z'), 'bitcoin,CRITICAL'],
      [Date.parse('2026-03-10T10:00:01Z'), 'bitcoin,CRITICAL'],
      [Date.parse('2026-03-10T11:00:01Z'), 'removed-coin,INFO'],
    ]);
    expect(json[0].rows[0].slice(1, 4)).toEqual([
      Date.parse('2026-03-10T09:30:00Z'),
      'Bitcoin (BTC): PRICE_ABOVE',
      'bitcoin is at 60000.5 USD, above 60000 USD',
    ]);
  });

  test('of chosen coins, and of a severity', async () => {
    const rows = async (over: object, payload: object = {}) =>
      (await query([{ target: 'alerts', payload }], { range, ...over }))[0].rows.map((row: unknown[]) => row[5]);
    expect(await rows({}, { coin: 'bitcoin' })).toEqual(['a1', 'a2']);
    expect(await rows({}, { coin: 'nobody' })).toEqual([]);
    expect(await rows({ filters: [{ key: 'severity', operator: '=', value: 'INFO' }] })).toEqual(['a4']);
  });

  test('simple-json: /annotations', async () => {
    const annotation = { name: 'Alerts', datasource: 'x', iconColor: 'red', enable: true, query: 'bitcoin' };
    const { json } = await post('/annotations', { range, rangeRaw: RANGE.raw, annotation });
    expect(json).toHaveLength(2);
    expect(json[0]).toMatchObject({
      annotation,
      time: Date.parse('2026-03-10T09:00:01Z'),
      tags: ['bitcoin', 'CRITICAL'],
      title: expect.any(String),
    });
  });
});

describe('variables', () => {
  test('simpod: /variable, each option with its own text', async () => {
    const { json } = await post('/variable', { payload: { target: 'coins' }, range: RANGE });
    expect(json[0]).toEqual({ __text: 'Bitcoin (BTC)', __value: 'bitcoin' });
    expect(new Set(json.map(({ __text }: { __text: string }) => __text)).size).toBe(json.length);
    expect((await post('/variable', { payload: { target: 'metrics' } })).json).toContainEqual({ __text: 'Price', __value: 'price_usd' });
  });

  test('simple-json: /search', async () => {
    expect((await post('/search', { target: 'coins' })).json[0]).toEqual({ text: 'Bitcoin (BTC)', value: 'bitcoin' });
    expect((await post('/search', { target: 'sma' })).json).toEqual(['sma_7_usd', 'sma_30_usd']);
    expect((await post('/search', { target: '' })).json.length).toBeGreaterThan(20);
  });

  test('/tag-keys also with an empty body; /tag-values', async () => {
    const expected = [
      { type: 'string', text: 'coin' },
      { type: 'string', text: 'symbol' },
    ];
    for (const body of ['', { filters: [] }]) expect((await post('/tag-keys', body)).json).toEqual(expect.arrayContaining(expected));
    const { json } = await post('/tag-values', { key: 'symbol', filters: [] });
    expect(json).toEqual([{ text: 'btc' }, { text: 'eth' }, { text: 'usdt' }]);
    expect((await post('/tag-values', { key: 'nothing' })).json).toEqual([]);
  });
});
