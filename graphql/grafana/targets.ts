/**
 * What a panel can ask for, and its answer: series of the timeseries metrics and of the market, and tables of candles, coins and alerts.
 * Must stay true: numbers and milliseconds, never text (the plugins convert nothing); every answer bears the refId of its target; the
 * limits are those of GraphQL's timeseries.
 */
import { timeGrid } from '../../src/domain/time-grid.js';
import type { Queryable } from '../../src/platform/postgres/database.js';
import { ALERT_SEVERITIES, getAlerts, SENT_STATUSES } from '../../src/store/mart/alerts.js';
import { loadCoins } from '../../src/store/mart/coins.js';
import { loadLatestPrices } from '../../src/store/mart/latest-prices.js';
import { getMarketFigures, type MarketFigure } from '../../src/store/mart/market-overview.js';
import { getTimeseries, TIMESERIES_METRICS, type TimeseriesMetric, type TimeseriesPointRow } from '../../src/store/mart/timeseries.js';
import { badUserInput, clientError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { readTimeseries } from '../modules/timeseries/timeseries.reader.js';
import { chooseCoins, holds, type KnownCoins, listCoins, type NamedCoin } from './coins.js';
import { filtersOf, type QueryRequest, readSelection, type Target } from './request.js';

export type Answer = Series | Table;
interface Series {
  target: string;
  refId?: string;
  unit?: string;
  datapoints: [number | null, number][];
}
interface Table {
  type: 'table';
  refId?: string;
  columns: { text: string; type: 'time' | 'number' | 'string'; unit?: string }[];
  rows: (string | number | null)[][];
}

const UNITS = { usd: 'currencyUSD', pct: 'percent', count: 'short', ratio: 'none' } as const;
const toSnakeCase = (name: string) => name.replace(/(?<=[a-z])(?=[A-Z\d])|(?<=[a-z\d])(?=[A-Z])/g, '_').toLowerCase();

/** By the name that panels use: price_usd, return_1d_pct, … */
export const COIN_METRICS: ReadonlyMap<string, TimeseriesMetric> = new Map(
  (Object.keys(TIMESERIES_METRICS) as TimeseriesMetric[]).map((metric) => [toSnakeCase(metric), metric]),
);

type MarketMetric = { title: string; unit: string; figure: MarketFigure };
/** Of the whole market, one point a day. */
export const MARKET_METRICS: ReadonlyMap<string, MarketMetric> = new Map<string, MarketMetric>([
  ['market_cap_usd', { title: 'Market cap', unit: 'currencyUSD', figure: 'total_market_cap_usd' }],
  ['market_volume_24h_usd', { title: 'Volume, 24 h', unit: 'currencyUSD', figure: 'total_volume_24h_usd' }],
  ['market_bitcoin_dominance_pct', { title: 'Bitcoin dominance', unit: 'percent', figure: 'bitcoin_dominance_pct' }],
  ['market_ethereum_dominance_pct', { title: 'Ethereum dominance', unit: 'percent', figure: 'ethereum_dominance_pct' }],
  ['market_gainers', { title: 'Gainers', unit: 'short', figure: 'gainers' }],
  ['market_losers', { title: 'Losers', unit: 'short', figure: 'losers' }],
]);

export const TABLES = { candles: 'Candles', coins: 'Coins', alerts: 'Alerts' } as const;
/** What an annotation query may be called. */
const ALERT_TARGETS = new Set(['alerts', 'annotations']);

export async function answerQuery(db: Queryable, request: QueryRequest): Promise<Answer[]> {
  const { range } = request;
  if (range.from > range.to) throw badUserInput('range.from lies after range.to');
  const asked = request.targets.filter(({ target }) => target !== undefined && target !== '');
  const known = await listCoins(db);
  const plans = asked.flatMap((target) => planTarget(known, target, request));
  const cost = plans.reduce((sum, plan) => sum + Math.max(plan.cost, STATEMENT_COST), 0);
  if (cost > LIMITS.cost)
    throw clientError(
      'QUERY_TOO_COMPLEX',
      `The panel asks for ${cost} values; at most ${LIMITS.cost} are allowed: choose fewer coins or queries`,
    );
  return (await Promise.all(plans.map((plan) => plan.answer(db)))).flat();
}

/** What a statement takes, however few values it finds, in values. */
const STATEMENT_COST = 500;

interface Plan {
  /** Values. */
  cost: number;
  answer(db: Queryable): Promise<Answer[]>;
}

interface Scope {
  request: QueryRequest;
  target: Target;
  labelOf(coinId: string): string;
  /** For tables of coins and alerts. */
  coins: readonly NamedCoin[];
  /** Of these, for series and candles: as many as timeseries takes. */
  drawn: readonly NamedCoin[];
  everyCoin: boolean;
  maxPoints: number;
  /** More than one metric: a series says which it is. */
  several: boolean;
}

function planTarget(known: KnownCoins, target: Target, request: QueryRequest): Plan[] {
  // simple-json has no payload: "price_usd:bitcoin".
  const [metricText = '', named] = (target.target as string).split(/:(.*)/s);
  const metrics = readSelection(metricText) ?? [];
  const { coins, drawn, every: everyCoin } = chooseCoins(known, { target, named: named ?? null, request });
  const several = metrics.length > 1 || request.targets.length > 1;
  const labelOf = (coinId: string) => known.labels.get(coinId) ?? coinId;
  const scope = { request, target, labelOf, coins, drawn, everyCoin, maxPoints: maxPointsOf(request), several };
  return metrics.map((name) => planMetric(name, scope));
}

function planMetric(name: string, scope: Scope): Plan {
  const { coins, drawn, maxPoints, target } = scope;
  const metric = COIN_METRICS.get(name);
  if (metric !== undefined) return { cost: drawn.length * maxPoints, answer: (db) => answerMetric(db, metric, scope) };
  const market = MARKET_METRICS.get(name);
  if (market !== undefined) return { cost: maxPoints, answer: (db) => answerMarket(db, market, scope) };
  if (name === 'candles') return { cost: 4 * drawn.length * maxPoints, answer: async (db) => [await candleTable(db, scope)] };
  if (name === 'coins') return { cost: coins.length, answer: async (db) => [await coinTable(db, scope)] };
  if (ALERT_TARGETS.has(name))
    return { cost: MOST_ALERTS, answer: async (db) => [{ ...(await alertTable(db, scope)), refId: target.refId }] };
  const known = [...COIN_METRICS.keys(), ...MARKET_METRICS.keys(), ...Object.keys(TABLES)].join(', ');
  throw badUserInput(`There is no metric "${name.slice(0, 100)}"; there are ${known}`);
}

/** A panel's width in points, and no step narrower than the panel's interval. */
function maxPointsOf({ range, maxDataPoints, intervalMs }: QueryRequest): number {
  const most = Math.min(Math.floor(maxDataPoints ?? 1_000) || 1, LIMITS.seriesPoints);
  const wanted = intervalMs == null ? most : Math.ceil((range.to.getTime() - range.from.getTime()) / intervalMs);
  return Math.max(Math.min(most, wanted), 1);
}

type PointsOfCoins = Map<string, TimeseriesPointRow[]>;

/** Of several metrics, all on the grid that was chosen for the first: what is written meanwhile must not part them. */
async function pointsOf(
  db: Queryable,
  [metric, ...others]: readonly [TimeseriesMetric, ...TimeseriesMetric[]],
  { request, drawn, maxPoints }: Scope,
): Promise<PointsOfCoins[]> {
  if (drawn.length === 0) return [];
  const { from, to } = request.range;
  const coinIds = drawn.map(({ id }) => id);
  const { grid, points } = await readTimeseries(db, { metric, coinIds, from, to, interval: null, maxPoints });
  const beside = await Promise.all(others.map((other) => getTimeseries(db, { metric: other, coinIds, grid })));
  return [points, ...beside].map((rows) => Map.groupBy(rows, ({ coinId }) => coinId));
}

async function answerMetric(db: Queryable, metric: TimeseriesMetric, scope: Scope): Promise<Answer[]> {
  const { target, drawn, labelOf, several } = scope;
  const { title, unit } = TIMESERIES_METRICS[metric];
  const [points] = await pointsOf(db, [metric], scope);
  const { refId } = target;
  if (target.type === 'table') {
    const rows = drawn.flatMap((coin) => (points?.get(coin.id) ?? []).map(({ time, value }) => [time.getTime(), labelOf(coin.id), value]));
    return [{ type: 'table', refId, columns: [TIME, text('Coin'), { text: title, type: 'number', unit: UNITS[unit] }], rows }];
  }
  return drawn.map((coin) => ({
    target: several ? `${labelOf(coin.id)}: ${title}` : labelOf(coin.id),
    refId,
    unit: UNITS[unit],
    datapoints: (points?.get(coin.id) ?? []).map(({ time, value }) => [value, time.getTime()]),
  }));
}

async function answerMarket(db: Queryable, { title, unit, figure }: MarketMetric, scope: Scope): Promise<Answer[]> {
  const { request, target, maxPoints } = scope;
  const rows = await getMarketFigures(db, figure, timeGrid(request.range.from, request.range.to, maxPoints, '1d'));
  if (target.type !== 'table') return [{ target: title, refId: target.refId, unit, datapoints: rows }];
  return [
    {
      type: 'table',
      refId: target.refId,
      columns: [TIME, { text: title, type: 'number', unit }],
      rows: rows.map(([number, at]) => [at, number]),
    },
  ];
}

const TIME = { text: 'Time', type: 'time' } as const;
const text = (name: string) => ({ text: name, type: 'string' }) as const;
const usd = (name: string) => ({ text: name, type: 'number', unit: 'currencyUSD' }) as const;
const toNumber = (value: string | number | null) => (value === null ? null : Number(value));

/** Rows without a candle are left out: a candlestick has no gap to draw. */
async function candleTable(db: Queryable, scope: Scope): Promise<Table> {
  const { drawn, labelOf, target } = scope;
  const [open, ...others] = await pointsOf(db, ['openUsd', 'highUsd', 'lowUsd', 'priceUsd'], scope);
  const rows = drawn.flatMap((coin) =>
    (open?.get(coin.id) ?? []).flatMap(({ time, value }, place) =>
      value === null ? [] : [[time.getTime(), labelOf(coin.id), value, ...others.map((each) => each.get(coin.id)?.[place]?.value ?? null)]],
    ),
  );
  const columns = [TIME, text('Coin'), usd('Open'), usd('High'), usd('Low'), usd('Close')];
  return { type: 'table', refId: target.refId, columns, rows };
}

async function coinTable(db: Queryable, { coins, target }: Scope): Promise<Table> {
  const ids = coins.map(({ id }) => id);
  const [rows, prices] = await Promise.all([loadCoins(db, ids), loadLatestPrices(db, ids)]);
  const columns = [
    { text: 'Rank', type: 'number' } as const,
    text('Coin'),
    text('Symbol'),
    text('Name'),
    usd('Price'),
    { text: 'Change 24 h', type: 'number', unit: 'percent' } as const,
    usd('Market cap'),
    usd('Volume 24 h'),
    { text: 'Observed', type: 'time' } as const,
  ];
  return {
    type: 'table',
    refId: target.refId,
    columns,
    rows: coins.map(({ id, rank, symbol, name }) => {
      const [coin, price] = [rows.get(id), prices.get(id)];
      const figures = [price?.usd ?? null, price?.change24hPct ?? null, coin?.marketCapUsd ?? null, coin?.volume24hUsd ?? null].map(
        toNumber,
      );
      return [rank, id, symbol, name, ...figures, price?.observedAt.getTime() ?? null];
    }),
  };
}

/** The newest of a range that pass the filters. */
const MOST_ALERTS = 1_000;

/** With the columns that Grafana looks for in annotations: time, title, text, tags. Suppressed alerts were not sent, and are not shown. */
async function alertTable(db: Queryable, { request, target, coins, everyCoin, labelOf }: Scope): Promise<Table> {
  const filters = filtersOf(request);
  const { from, to } = request.range;
  // Whatever the operator: the values that it lets through, for Postgres to find.
  const passing = <T extends string>(key: string, values: readonly T[]) =>
    values.filter((value) => filters.every((filter) => filter.key !== key || holds(value, filter)));
  const alerts = await getAlerts(db, {
    filter: {
      from,
      to,
      coinIds: everyCoin ? null : coins.map(({ id }) => id),
      severities: passing('severity', ALERT_SEVERITIES),
      statuses: passing('status', SENT_STATUSES),
    },
    after: null,
    limit: MOST_ALERTS,
  });
  const columns = [
    { text: 'time', type: 'time' } as const,
    { text: 'timeEnd', type: 'time' } as const,
    ...['title', 'text', 'tags', 'id', 'severity', 'status'].map(text),
  ];
  return {
    type: 'table',
    refId: target.refId,
    columns,
    rows: alerts.reverse().map(({ alertId, triggeredAt, resolvedAt, coinId, message, severity, status, kind }) => {
      const title = `${labelOf(coinId)}: ${kind}`;
      return [triggeredAt.getTime(), resolvedAt?.getTime() ?? null, title, message, `${coinId},${severity}`, alertId, severity, status];
    }),
  };
}
