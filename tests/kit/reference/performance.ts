/**
 * mart_crypto_performance as a plain, slow model, written from the design's table of formulas and not from the SQL: exact differences,
 * every window gone through anew, one day at a time. Unrounded; compare with `agrees`.
 */
import Big from 'big.js';
import type { UtcDate } from '../../../src/domain/time.js';
import { eachDay } from './days.js';

/** Closes by day, plain digits. A day that is not there has none. */
export type Closes = ReadonlyMap<UtcDate, string>;

/** A coin day by day from a first day on; null where there is no close, or no close the day before. */
export interface ModelSeries {
  closes: (string | null)[];
  /** Since the day before, in USD. */
  changes: (number | null)[];
  lnReturns: (number | null)[];
}

export interface ModelPerformance {
  return1d: number | null;
  return7d: number | null;
  return30d: number | null;
  return90d: number | null;
  return1y: number | null;
  volatility30d: number | null;
  sharpe30d: number | null;
  maxDrawdown90d: number | null;
  sma7: string | null;
  sma30: string | null;
  rsi14: number | null;
  beta90d: number | null;
  correlation90d: number | null;
}

const exact = Big();
exact.DP = 60;

/** `now / before - 1`, rounded once. */
function change(now: string, before: string): number {
  return Number(new exact(now).minus(before).div(before).toExponential(25));
}

/** `from` to `to`, both included. */
export function modelSeries(closesByDay: Closes, from: UtcDate, to: UtcDate): ModelSeries {
  const closes = [...eachDay(from, to)].map((day) => closesByDay.get(day) ?? null);
  const changes = closes.map((now, index) => {
    const before = closes[index - 1] ?? null;
    return now === null || before === null ? null : Number(new exact(now).minus(before).toExponential(25));
  });
  const lnReturns = closes.map((now, index) => {
    const before = closes[index - 1] ?? null;
    if (now === null || before === null) return null;
    const x = change(now, before);
    return Math.abs(x) < 0.5 ? Math.log1p(x) : Math.log(Number(new exact(now).div(before).toExponential(25)));
  });
  return { closes, changes, lnReturns };
}

function returnOver({ closes }: ModelSeries, day: number, days: number): number | null {
  const [now, before] = [closes[day] ?? null, closes[day - days] ?? null];
  return now === null || before === null ? null : 100 * change(now, before);
}

/** The day and the ones before it, oldest first. */
function windowOf<T>(values: (T | null)[], day: number, length: number): (T | null)[] {
  return Array.from({ length }, (_, index) => values[day + index - length + 1] ?? null);
}

const known = <T>(values: (T | null)[]): T[] => values.filter((value) => value !== null);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const flat = (values: number[]) => Math.max(...values) === Math.min(...values);

function products(x: number[], y: number[]): number {
  const [meanX, meanY] = [mean(x), mean(y)];
  return x.reduce((sum, value, index) => sum + (value - meanX) * ((y[index] as number) - meanY), 0);
}

function risk(series: ModelSeries, day: number): { volatility: number | null; sharpe: number | null } {
  const returns = known(windowOf(series.lnReturns, day, 30));
  if (returns.length < 27) return { volatility: null, sharpe: null };
  if (flat(returns)) return { volatility: 0, sharpe: null };
  const deviation = Math.sqrt(products(returns, returns) / (returns.length - 1));
  return { volatility: 100 * deviation * Math.sqrt(365), sharpe: (mean(returns) / deviation) * Math.sqrt(365) };
}

function maxDrawdown(series: ModelSeries, day: number): number | null {
  const prices = known(windowOf(series.closes, day, 90));
  if (prices.length < 81) return null;
  let peak = prices[0] as string;
  let [lowest, lowestRatio] = [0, 1];
  for (const price of prices) {
    if (Number(price) > Number(peak) || (Number(price) === Number(peak) && new exact(price).gt(peak))) peak = price;
    const ratio = Number(price) / Number(peak);
    if (ratio > lowestRatio * (1 + 1e-14)) continue;
    lowest = Math.min(lowest, change(price, peak));
    lowestRatio = Math.min(lowestRatio, ratio);
  }
  return 100 * lowest;
}

function sma(series: ModelSeries, day: number, length: number, needed: number): string | null {
  const prices = known(windowOf(series.closes, day, length));
  if (prices.length < needed) return null;
  return prices
    .reduce((sum, price) => sum.plus(price), new exact(0))
    .div(prices.length)
    .toFixed();
}

function rsi(series: ModelSeries, day: number): number | null {
  let length = 0;
  while (length < 100 && (series.closes[day - length] ?? null) !== null) length++;
  if (length < 30) return null;
  const changes = series.changes.slice(day - length + 2, day + 1) as number[];
  const [gains, losses] = [changes.map((each) => Math.max(each, 0)), changes.map((each) => Math.max(-each, 0))];
  const wilder = (values: number[]) => values.slice(14).reduce((average, value) => (13 * average + value) / 14, mean(values.slice(0, 14)));
  const [gain, loss] = [wilder(gains), wilder(losses)];
  if (gain === 0 && loss === 0) return 50;
  return (100 * gain) / (gain + loss); // as 100 - 100 / (1 + RS), without what cancels
}

function market(series: ModelSeries, bitcoin: ModelSeries, day: number): { beta: number | null; correlation: number | null } {
  const theirReturns = windowOf(bitcoin.lnReturns, day, 90);
  const pairs = windowOf(series.lnReturns, day, 90).map((own, index) => [own, theirReturns[index] ?? null] as const);
  const both = pairs.filter((pair): pair is readonly [number, number] => pair[0] !== null && pair[1] !== null);
  const [own, theirs] = [both.map(([x]) => x), both.map(([, y]) => y)];
  if (both.length < 81 || flat(theirs)) return { beta: null, correlation: null };
  if (series === bitcoin) return { beta: 1, correlation: 1 };
  const covariance = products(own, theirs);
  const beta = flat(own) ? 0 : covariance / products(theirs, theirs);
  return { beta, correlation: flat(own) ? null : covariance / Math.sqrt(products(own, own)) / Math.sqrt(products(theirs, theirs)) };
}

/** The row of one day, counted from the first day of both series; null without a close. */
export function modelPerformance(series: ModelSeries, bitcoin: ModelSeries, day: number): ModelPerformance | null {
  if ((series.closes[day] ?? null) === null) return null;
  const { volatility, sharpe } = risk(series, day);
  const { beta, correlation } = market(series, bitcoin, day);
  return {
    return1d: returnOver(series, day, 1),
    return7d: returnOver(series, day, 7),
    return30d: returnOver(series, day, 30),
    return90d: returnOver(series, day, 90),
    return1y: returnOver(series, day, 365),
    volatility30d: volatility,
    sharpe30d: sharpe,
    maxDrawdown90d: maxDrawdown(series, day),
    sma7: sma(series, day, 7, 7),
    sma30: sma(series, day, 30, 27),
    rsi14: rsi(series, day),
    beta90d: beta,
    correlation90d: correlation,
  };
}
