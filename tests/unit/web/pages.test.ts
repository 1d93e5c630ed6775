/** What pages work out by themselves: orders, the place of datasets in the graph, series of candles, what a form says. */
import { describe, expect, test } from '@jest/globals';
import type { CandleFields } from '../../../web/api/operations/coin.js';
import type { MarketCoin } from '../../../web/api/operations/market.js';
import { formatMinute, formatPeriod } from '../../../web/format/figures.js';
import { readRule } from '../../../web/pages/alerts/rule-form.js';
import { drawnOf, grows, merge } from '../../../web/pages/coin/merge-candles.js';
import { readSort, searchCoins, sortCoins, writeSort } from '../../../web/pages/market/order.js';
import { layOut, lineageOf } from '../../../web/pages/pipelines/graph-layout.js';

function coinOf(id: string, rank: number | null, usd: string | null): MarketCoin {
  const price = usd === null ? null : { usd, change24hPct: null, suspect: false, observedAt: '2026-03-10T12:00:00.000Z' };
  return { id, symbol: id.slice(0, 3), name: id.toUpperCase(), rank, price, market: null, performance: null };
}

const COINS = [
  coinOf('dear', 3, '9007199254740993.1'),
  coinOf('none', 1, null),
  coinOf('dearer', 2, '9007199254740993.2'),
  coinOf('cheap', null, '2'),
];
const ids = (coins: MarketCoin[]) => coins.map(({ id }) => id);

describe('the market table', () => {
  test('sorts prices exactly, the unknown last whichever way', () => {
    expect(ids(sortCoins(COINS, { key: 'price', descending: true }))).toEqual(['dearer', 'dear', 'cheap', 'none']);
    expect(ids(sortCoins(COINS, { key: 'price', descending: false }))).toEqual(['cheap', 'dear', 'dearer', 'none']);
  });

  test('sorts by rank, and by it where the values are equal or absent', () => {
    expect(ids(sortCoins(COINS, { key: 'rank', descending: false }))).toEqual(['none', 'dearer', 'dear', 'cheap']);
    expect(ids(sortCoins(COINS, { key: 'cap', descending: true }))).toEqual(['none', 'dearer', 'dear', 'cheap']);
  });

  test('keeps its order in the address', () => {
    for (const text of ['rank', '-cap', 'name']) expect(writeSort(readSort(text))).toBe(text);
    for (const text of [null, '', 'toString', '--cap']) expect(readSort(text)).toEqual({ key: 'rank', descending: false });
  });

  test('is searched by id, name and symbol, in any case', () => {
    expect(ids(searchCoins(COINS, ' DEAR'))).toEqual(['dear', 'dearer']);
    expect(ids(searchCoins(COINS, ''))).toHaveLength(4);
    expect(searchCoins(COINS, 'bitcoin')).toEqual([]);
  });
});

describe('the graph of datasets', () => {
  const node = (name: string, ...parents: string[]) => ({ name, dependsOn: parents.map((parent) => ({ name: parent })) });
  const nodes = [
    node('overview', 'performance', 'market'),
    node('raw'),
    node('prices', 'raw'),
    node('performance', 'prices'),
    node('market', 'raw'),
  ];

  test('places each behind everything that it is made from', () => {
    const { placed, layers } = layOut(nodes);
    const layer = new Map(placed.map((each) => [each.node.name, each.layer]));
    expect(layers).toBe(4);
    for (const { name, dependsOn } of nodes)
      for (const parent of dependsOn) expect(layer.get(name)).toBeGreaterThan(layer.get(parent.name) ?? 9);
  });

  test('puts no two in one place, and survives a circle', () => {
    const circle = [node('a', 'b'), node('b', 'a'), node('c', 'b')];
    for (const graph of [nodes, circle]) {
      const places = layOut(graph).placed.map(({ layer, row }) => `${layer} ${row}`);
      expect(new Set(places).size).toBe(graph.length);
    }
  });

  test('leads a line through the layers between, past every box', () => {
    const { placed, lines } = layOut(nodes);
    const boxes = new Set(placed.map(({ layer, row }) => `${layer} ${row}`));
    const long = lines.find(({ from, to }) => from === 'market' && to === 'overview');
    expect(long?.points.map(({ layer }) => layer)).toEqual([1, 2, 3]);
    for (const { points } of lines) {
      for (const { layer, row } of points.slice(1, -1)) expect(boxes.has(`${layer} ${row}`)).toBe(false);
    }
  });

  test('knows what a dataset comes from and leads to, and no more', () => {
    expect([...lineageOf(nodes, 'performance')].sort()).toEqual(['overview', 'performance', 'prices', 'raw']);
    expect([...lineageOf(nodes, 'market')].sort()).toEqual(['market', 'overview', 'raw']);
  });
});

describe('candles of a query and of a subscription', () => {
  const candle = (minute: number, observations: number, close = String(observations)): CandleFields => ({
    interval: 'ONE_MINUTE',
    bucketStart: `2026-03-10T12:0${minute}:00.000Z`,
    open: '1',
    high: '1',
    low: '1',
    close,
    observations,
  });
  const live = (...candles: CandleFields[]) => new Map(candles.map((each) => [each.bucketStart, each]));

  test('are one series, the newer state of a bucket standing', () => {
    const merged = merge([candle(0, 5), candle(1, 2)], live(candle(2, 1), candle(1, 3)));
    expect(merged.map(({ close }) => close)).toEqual(['5', '3', '1']);
  });

  test('an answer that came after the last update is the newer state', () => {
    expect(merge([candle(1, 4)], live(candle(1, 3))).map(({ close }) => close)).toEqual(['4']);
    expect(merge([candle(1, 3, 'old')], live(candle(1, 3, 'corrected'))).map(({ close }) => close)).toEqual(['corrected']);
  });
});

describe('candles that are drawn', () => {
  const starts = (...minutes: number[]) => minutes.map((minute) => ({ bucketStart: `2026-03-10T12:0${minute}:00.000Z` }) as CandleFields);
  const drawn = drawnOf('bitcoin 1 m', starts(0, 1, 3));

  test('grow at their end alone', () => {
    expect(grows(drawn, 'bitcoin 1 m', starts(0, 1, 3))).toBe(true);
    expect(grows(drawn, 'bitcoin 1 m', starts(0, 1, 3, 4))).toBe(true);
  });

  test.each([
    ['another coin', 'ethereum 1 m', starts(0, 1, 3)],
    ['one more between', 'bitcoin 1 m', starts(0, 1, 2, 3)],
    ['as many, with another last one', 'bitcoin 1 m', starts(0, 1, 4)],
    ['two more', 'bitcoin 1 m', starts(0, 1, 3, 4, 5)],
    ['fewer', 'bitcoin 1 m', starts(0, 1)],
    ['an earlier beginning', 'bitcoin 1 m', starts(1, 3, 4)],
  ])('are drawn anew for %s', (_, series, candles) => expect(grows(drawn, series, candles)).toBe(false));

  test('nothing grows from nothing', () => expect(grows(null, 'bitcoin 1 m', starts(0))).toBe(false));
});

test('a minute of another year says its year', () => {
  const year = new Date().getUTCFullYear();
  expect(formatMinute(`${year}-11-25T07:16:00Z`)).toBe('25 Nov, 07:16');
  expect(formatMinute(`${year - 1}-11-25T07:16:00Z`)).toBe(`25 Nov ${year - 1}, 07:16`);
});

describe('a setting in seconds', () => {
  test.each([
    [6_000, '100 min'],
    [7_200, '2 h'],
    [90, '90 s'],
    [604_800, '7 d'],
    [2_591_999, '2,591,999 s'],
  ])('%p is %s, never rounded', (seconds, text) => expect(formatPeriod(seconds)).toBe(text));
});

describe('the form of a rule', () => {
  function formOf(values: Record<string, string>): FormData {
    const form = new FormData();
    const filled = {
      name: ' Watch ',
      coinId: '',
      threshold: '1',
      windowMinutes: '60',
      severity: 'WARNING',
      cooldownSeconds: '0',
      ...values,
    };
    for (const [name, value] of Object.entries(filled)) form.set(name, value);
    return form;
  }

  test('keeps every digit of the threshold', () => {
    expect(readRule(formOf({ threshold: '100,000.000000000000000001', coinId: 'bitcoin', enabled: 'on' }), 'PRICE_ABOVE')).toEqual({
      name: 'Watch',
      kind: 'PRICE_ABOVE',
      coinId: 'bitcoin',
      threshold: '100000.000000000000000001',
      windowMinutes: null,
      severity: 'WARNING',
      cooldownSeconds: 0,
      enabled: true,
    });
  });

  test('has a window for moves alone, and no coin for every coin', () => {
    expect(readRule(formOf({}), 'PCT_FALL')).toMatchObject({ windowMinutes: 60, coinId: null, enabled: false });
  });

  test('says what is no number', () => {
    expect(readRule(formOf({ threshold: 'much' }), 'PCT_RISE')).toEqual({ problem: '“much” is no number: write it like 100000 or 0.5' });
  });
});
