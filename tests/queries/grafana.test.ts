/** /grafana, the series of panels: which coins, how many points, what is refused. */
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
const names = async (targets: object[], over: object = {}) => (await query(targets, over)).map(({ target }: { target: string }) => target);

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
    ['its id and its symbol', { payload: { coins: 'btc,bitcoin' } }, {}, ['Bitcoin (BTC)']],
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
    const filters = [{ key: 'name', operator: '=~', value: `${'.*a'.repeat(160)}(b+)+$` }];
    expect(await names([{ target: 'price_usd' }], { filters })).toEqual([]);
  });

  test('a filter, or a selection, that would take its time is refused', async () => {
    const long = [{ key: 'name', operator: '=~', value: 'a|'.repeat(40_000) }];
    expect((await post('/query', panel([{ target: 'price_usd' }], { filters: long }))).status).toBe(400);
    const many = { coin: { value: Array.from({ length: 1_000 }, (_, index) => `coin-${index}`) } };
    expect((await post('/query', panel([{ target: 'price_usd' }], { scopedVars: many }))).status).toBe(400);
  });

  test('several metrics by a variable', async () => {
    expect(await names([{ target: '(low_usd|high_usd)', payload: { coin: 'bitcoin' } }])).toEqual([
      'Bitcoin (BTC): Lowest price',
      'Bitcoin (BTC): Highest price',
    ]);
  });

  test('of the market, one point a day, gaps as null', async () => {
    const range = { from: '2026-03-07T00:00:00Z', to: '2026-03-11T00:00:00Z' };
    const [series] = await query([{ target: 'market_cap_usd' }], { range });
    expect(series).toEqual({
      target: 'Market cap',
      refId: 'A',
      unit: 'currencyUSD',
      datapoints: [
        [null, Date.parse('2026-03-07')],
        [1600000000000.1, Date.parse('2026-03-08')],
        [1700000000000, Date.parse('2026-03-09')],
        [null, Date.parse('2026-03-10')],
      ],
    }); // prettier-ignore
  });

  test('of the market, downsampled to maxDataPoints, and not narrower than the interval: the newest day of each step', async () => {
    const range = { from: '2026-03-06T00:00:00Z', to: '2026-03-12T00:00:00Z' };
    const values = async (over: object) =>
      (await query([{ target: 'market_cap_usd' }], { range, ...over }))[0].datapoints.map(([value]: [number]) => value);
    expect(await values({})).toEqual([null, null, 1600000000000.1, 1700000000000, null, null]);
    expect(await values({ maxDataPoints: 3 })).toEqual([null, 1700000000000, null]);
    expect(await values({ intervalMs: 3 * 86_400_000 })).toEqual([1700000000000, null]);
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
