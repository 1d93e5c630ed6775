/**
 * What raw prices must become, as a plain, slow model written from the design's words and not from the SQL:
 * the observation of each key, suspicion, candles, the newest price. All from scratch, all in memory.
 */
import Big from 'big.js';
import type { RawPrice } from '../../../src/domain/prices.js';
import type { CandleInterval } from '../../../src/domain/time.js';

export interface ModelPrice {
  coinId: string;
  source: string;
  observedAt: number;
  priceUsd: string;
  grain: RawPrice['grain'];
  revisions: number;
  suspect: boolean;
  receivedAt: number;
  origin: string;
  position: bigint;
}

export interface ModelCandle {
  coinId: string;
  interval: CandleInterval;
  bucketStart: number;
  open: string;
  high: string;
  low: string;
  close: string;
  observations: number;
  suspect: boolean;
  first: number;
  last: number;
}

const GRAINS = ['tick', '5m', '1h', '1d'] as const;
const MINUTES: Record<CandleInterval, number> = { '1m': 1, '5m': 5, '1h': 60, '1d': 1440 };

const keyOf = (row: RawPrice) => `${row.coinId}|${row.source}|${row.observedAt.getTime()}`;
const plain = (text: string) => new Big(text).toFixed();

/** Who has the last word on a key. */
function compareReceipt(a: RawPrice, b: RawPrice): number {
  const time = a.receivedAt.getTime() - b.receivedAt.getTime();
  if (time !== 0) return time;
  if (a.origin !== b.origin) return a.origin < b.origin ? -1 : 1;
  return a.position < b.position ? -1 : 1;
}

/** By coin, source and instant. */
export function modelPrices(raw: RawPrice[]): ModelPrice[] {
  const groups = Map.groupBy(raw, keyOf);
  const prices = [...groups.values()].map((rows): ModelPrice => {
    const received = [...rows].sort(compareReceipt);
    const newest = received.at(-1) as RawPrice;
    let revisions = 0;
    for (let i = 1; i < received.length; i++) {
      if (!new Big((received[i] as RawPrice).priceUsd).eq((received[i - 1] as RawPrice).priceUsd)) revisions++;
    }
    const grain = GRAINS.find((each) => rows.some((row) => row.grain === each)) as RawPrice['grain'];
    return {
      coinId: newest.coinId,
      source: newest.source,
      observedAt: newest.observedAt.getTime(),
      priceUsd: plain(newest.priceUsd),
      grain,
      revisions,
      suspect: false,
      receivedAt: newest.receivedAt.getTime(),
      origin: newest.origin,
      position: newest.position,
    };
  });
  prices.sort((a, b) => compareText(a.coinId, b.coinId) || compareText(a.source, b.source) || a.observedAt - b.observedAt);
  for (const [index, price] of prices.entries()) {
    const before = prices[index - 1];
    if (before === undefined || before.coinId !== price.coinId || before.source !== price.source) continue;
    if (price.observedAt - before.observedAt > 3_600_000) continue;
    const [a, b] = [new Big(price.priceUsd), new Big(before.priceUsd)];
    price.suspect = a.gt(b) ? a.gt(b.times('1.25')) : b.gt(a.times('1.25'));
  }
  return prices;
}

/** Of the observations of the feeding source; a history point counts in buckets of its own grain and coarser. */
export function modelCandles(prices: ModelPrice[], feeding: ReadonlyMap<string, string>): ModelCandle[] {
  const candles: ModelCandle[] = [];
  for (const [level, interval] of (['1m', '5m', '1h', '1d'] as const).entries()) {
    const width = MINUTES[interval] * 60_000;
    const counted = prices.filter((price) => feeding.get(price.coinId) === price.source && GRAINS.indexOf(price.grain) <= level);
    const buckets = Map.groupBy(counted, (price) => `${price.coinId}|${(Math.ceil(price.observedAt / width) - 1) * width}`);
    for (const [key, rows] of buckets) {
      const values = rows.map((row) => new Big(row.priceUsd));
      candles.push({
        coinId: key.split('|')[0] as string,
        interval,
        bucketStart: Number(key.split('|')[1]),
        open: (rows[0] as ModelPrice).priceUsd,
        high: values.reduce((a, b) => (a.gt(b) ? a : b)).toFixed(),
        low: values.reduce((a, b) => (a.lt(b) ? a : b)).toFixed(),
        close: (rows.at(-1) as ModelPrice).priceUsd,
        observations: rows.length,
        suspect: rows.some((row) => row.suspect),
        first: (rows[0] as ModelPrice).observedAt,
        last: (rows.at(-1) as ModelPrice).observedAt,
      });
    }
  }
  return candles.sort(
    (a, b) => compareText(a.coinId, b.coinId) || MINUTES[a.interval] - MINUTES[b.interval] || a.bucketStart - b.bucketStart,
  );
}

/** The newest tick of each coin. */
export function modelLatest(prices: ModelPrice[], feeding: ReadonlyMap<string, string>): Map<string, ModelPrice> {
  const latest = new Map<string, ModelPrice>();
  for (const price of prices) if (price.grain === 'tick' && feeding.get(price.coinId) === price.source) latest.set(price.coinId, price);
  return latest;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface ModelPush {
  tick: RawPrice;
  previousUsd: string | null;
  correction: boolean;
}

/** What subscribers are told of a log of accepted ticks, in log order: newer than all before, or another word on the newest. */
export function modelPushed(log: RawPrice[]): ModelPush[] {
  /** Of each coin: the newest instant so far, and who has the last word on it. */
  const newest = new Map<string, RawPrice>();
  return log.flatMap((tick): ModelPush[] => {
    const standing = newest.get(tick.coinId);
    const age = standing === undefined ? 1 : tick.observedAt.getTime() - standing.observedAt.getTime();
    if (age < 0 || (standing !== undefined && age === 0 && compareReceipt(tick, standing) < 0)) return [];
    newest.set(tick.coinId, tick);
    if (standing === undefined) return [{ tick, previousUsd: null, correction: false }];
    const previousUsd = plain(standing.priceUsd);
    if (age > 0) return [{ tick, previousUsd, correction: false }];
    return new Big(tick.priceUsd).eq(previousUsd) ? [] : [{ tick, previousUsd, correction: true }];
  });
}
