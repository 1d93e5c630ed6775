/** /grafana, asked as the plugins ask: bodies as simpod-json-datasource 0.6 and simple-json send them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
  await gateway.db.pool.query(
    `DELETE FROM mart.mart_price_candles WHERE coin_id = 'bitcoin' AND interval = '1m' AND bucket_start = '2026-03-10T11:53:00Z'`,
  );
});
afterAll(() => gateway.close());

async function post(path: string, body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers: Record<string, string> = text === '' ? {} : { 'content-type': 'application/json' };
  const reply = await gateway.http({ method: 'POST', path: `/grafana${path}`, headers, body: text });
  return { status: reply.status, json: JSON.parse(reply.text) };
}

const RANGE = { from: '2026-03-10T11:50:00.000Z', to: '2026-03-10T12:00:00.000Z', raw: { from: 'now-10m', to: 'now' } };
/** What a panel of Grafana 11 sends through simpod. */
const panel = (targets: object[], over: object = {}) => ({
  app: 'dashboard',
  requestId: 'SQR100',
  timezone: 'browser',
  panelId: 1,
  panelPluginId: 'timeseries',
  dashboardUID: 'abc',
  range: RANGE,
  interval: '5s',
  intervalMs: 5000,
  maxDataPoints: 720,
  startTime: 1700003600000,
  filters: [],
  scopedVars: { __interval: { text: '5s', value: '5s' }, __interval_ms: { text: '5000', value: 5000 } },
  targets: targets.map((target, index) => ({
    refId: 'ABCDEF'[index],
    datasource: { type: 'simpod-json-datasource', uid: 'u' },
    editorMode: 'code',
    payload: {},
    ...target,
  })),
  ...over,
});
const query = async (targets: object[], over: object = {}) => (await post('/query', panel(targets, over))).json;
const names = async (targets: object[], over: object = {}) => (await query(targets, over)).map(({ target }: { target: string }) => target);
const at = (minute: number) => Date.parse(`2026-03-10T11:${minute}:00Z`);

describe('Save & test', () => {
  test.each(['/grafana', '/grafana/'])('GET %s is exactly 200', async (path) => {
    expect((await gateway.http({ path })).status).toBe(200);
  });

  test('a foreign page gets nothing', async () => {
    expect((await gateway.http({ path: '/grafana', headers: { origin: 'https://evil.example' } })).status).toBe(403);
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

describe('/query, series', () => {
  test('value and milliseconds, oldest first, gaps as null, with the refId', async () => {
    const [series, ...others] = await query([{ target: 'price_usd', payload: { coin: 'bitcoin' } }]);
    expect(others).toEqual([]);
    expect(series).toMatchObject({ target: 'Bitcoin (BTC)', refId: 'A', unit: 'currencyUSD' });
    expect(series.datapoints.slice(0, 5)).toEqual([
      [150, at(50)],
      [151, at(51)],
      [152, at(52)],
      [null, at(53)],
      [154, at(54)],
    ]); // prettier-ignore
  });

  test('all targets of a panel in one answer, each series saying what it is', async () => {
    const targets = [
      { target: 'price_usd', payload: { coins: ['bitcoin', 'ethereum'] } },
      { target: 'high_usd', payload: { coins: 'bitcoin' } },
    ];
    const answer = await query(targets);
    expect(answer.map(({ target, refId }: { target: string; refId: string }) => [refId, target])).toEqual([
      ['A', 'Bitcoin (BTC): Price'],
      ['A', 'Ethereum (ETH): Price'],
      ['B', 'Bitcoin (BTC): Highest price'],
    ]);
  });

  test('downsampled to maxDataPoints, and not narrower than the interval', async () => {
    const points = async (over: object) => (await query([{ target: 'price_usd', payload: { coin: 'ethereum' } }], over))[0].datapoints;
    expect(await points({ maxDataPoints: 5 })).toEqual([
      [151, at(50)],
      [153, at(52)],
      [155, at(54)],
      [157, at(56)],
      [159, at(58)],
    ]); // prettier-ignore
    expect(await points({ intervalMs: 300_000 })).toHaveLength(2);
    expect(await points({ maxDataPoints: 1e9, intervalMs: 1 })).toHaveLength(10);
  });

  test.each([
    ['the regex form of one value', { payload: { coin: 'boringdao-\\[old\\]' } }, {}, ['Équilibre ()']],
    ['the regex form of several', { payload: { coin: '(bitcoin|ethereum)' } }, {}, ['Bitcoin (BTC)', 'Ethereum (ETH)']],
    ['the glob form', { payload: { coins: '{ethereum,bitcoin}' } }, {}, ['Ethereum (ETH)', 'Bitcoin (BTC)']],
    ['a list', { payload: { coins: 'bitcoin, tether' } }, {}, ['Bitcoin (BTC)', 'tether 100% (USDT)']],
    ['a symbol that one coin has', { payload: { coin: 'btc' } }, {}, ['Bitcoin (BTC)']],
    ['a symbol that two coins have', { payload: { coin: 'eth' } }, {}, []],
    ['in the target, for simple-json', { target: 'price_usd:(bitcoin|tether)' }, {}, ['Bitcoin (BTC)', 'tether 100% (USDT)']],
    ["the dashboard's variable", {}, { scopedVars: { coin: { text: 'x', value: 'ethereum' } } }, ['Ethereum (ETH)']],
    [
      "the dashboard's variable, several",
      {},
      { scopedVars: { coins: { value: ['ethereum', 'tether'] } } },
      ['Ethereum (ETH)', 'tether 100% (USDT)'],
    ],
    ['nothing: the first ones', {}, {}, ['Bitcoin (BTC)', 'Ethereum (ETH)', 'Dogecoin (ETH)', 'Équilibre ()', 'tether 100% (USDT)']],
    ['an unknown coin: no series', { payload: { coin: 'nobody' } }, {}, []],
    ['a filter', {}, { filters: [{ key: 'symbol', operator: '=', value: 'btc' }] }, ['Bitcoin (BTC)']],
    [
      'a filter that excludes',
      {},
      {
        filters: [
          { key: 'symbol', operator: '!=', value: 'eth' },
          { key: 'rank', operator: '<', value: '5' },
        ],
      },
      ['Bitcoin (BTC)'],
    ],
    [
      'a filter of several values',
      {},
      { filters: [{ key: 'coin', operator: '=|', value: 'x', values: ['tether', 'bitcoin'] }] },
      ['Bitcoin (BTC)', 'tether 100% (USDT)'],
    ],
    ['a filter by pattern', {}, { filters: [{ key: 'name', operator: '=~', value: 'Bit.*|.*coin' }] }, ['Bitcoin (BTC)', 'Dogecoin (ETH)']],
    [
      'the filters of simple-json',
      {},
      { filters: undefined, adhocFilters: [{ key: 'coin', operator: '!~', value: '.*in|tether|b.*' }] },
      ['Ethereum (ETH)'],
    ],
  ])('coins by %s', async (_, target, over, expected) => {
    expect(await names([{ target: 'price_usd', ...target }], over)).toEqual(expected);
  });

  test('a pattern that would hang a regular expression is matched in no time', async () => {
    const filters = [{ key: 'name', operator: '=~', value: `${'.*a'.repeat(2_000)}(b+)+$` }];
    expect(await names([{ target: 'price_usd' }], { filters })).toEqual([]);
  });

  test('several metrics by a variable', async () => {
    expect(await names([{ target: '(low_usd|high_usd)', payload: { coin: 'bitcoin' } }])).toEqual([
      'Bitcoin (BTC): Lowest price',
      'Bitcoin (BTC): Highest price',
    ]);
  });

  test('of the market, one point a day', async () => {
    const range = { from: '2026-03-01T00:00:00Z', to: '2026-03-10T00:00:00Z' };
    const [series] = await query([{ target: 'market_cap_usd' }], { range });
    expect(series).toEqual({
      target: 'Market cap',
      refId: 'A',
      unit: 'currencyUSD',
      datapoints: [
        [1600000000000.1, Date.parse('2026-03-08')],
        [1700000000000, Date.parse('2026-03-09')],
      ],
    }); // prettier-ignore
  });

  test('what Grafana leaves out may be missing: explore sends no panel, old versions no filters', async () => {
    const { status, json } = await post('/query', {
      range: RANGE,
      targets: [{ target: 'price_usd', payload: { coin: 'bitcoin' } }],
      panelId: 'x',
    });
    expect([status, json[0].target, json[0].datapoints.length]).toEqual([200, 'Bitcoin (BTC)', 10]);
    expect(await query([{ payload: {} }])).toEqual([]); // a target without a metric
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

describe('errors', () => {
  test.each([
    [panel([{ target: 'nonsense' }]), /no metric "nonsense"/, 'BAD_USER_INPUT'],
    [
      panel([{ target: 'price_usd' }], { filters: [{ key: 'planet', operator: '=', value: 'x' }] }),
      /no ad hoc filter "planet"/,
      'BAD_USER_INPUT',
    ],
    [panel([{ target: 'price_usd' }], { range: undefined }), /range/, 'BAD_USER_INPUT'],
    [panel([{ target: 'price_usd' }], { range: { from: 'yesterday', to: 'now' } }), /range\.from/, 'BAD_USER_INPUT'],
    ['{"range":', /not JSON/, 'BAD_USER_INPUT'],
  ])('%# is 400 with a message and a code', async (body, message, code) => {
    const { status, json } = await post('/query', body);
    expect(status).toBe(400);
    expect(json).toEqual({ message: expect.stringMatching(message), error: { code, message: json.message } });
  });

  test('a panel that asks for too much is told so', async () => {
    const targets = Array.from({ length: 50 }, () => ({ target: 'candles', payload: {} }));
    const range = { from: '2020-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' };
    const { status, json } = await post('/query', panel(targets, { range, maxDataPoints: 2_000 }));
    expect([status, json.error.code]).toEqual([400, 'QUERY_TOO_COMPLEX']);
  });

  test('what breaks inside is named by an id only', async () => {
    await gateway.db.pool.query('ALTER TABLE mart.mart_coins RENAME TO gone');
    const { status, json } = await post('/query', panel([{ target: 'price_usd' }]));
    await gateway.db.pool.query('ALTER TABLE mart.gone RENAME TO mart_coins');
    expect([status, json.error.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
    expect(json.message).not.toMatch(/mart_coins/);
  });
});
