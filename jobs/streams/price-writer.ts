/**
 * Writes price observations: raw, stg_prices, candles, latest and the marks of changed days, in the caller's transaction.
 * The one code path of those datasets: the stream, the history load and a rebuild all come through here. Ticks of instants at
 * which nothing was observed before, as nearly all are, take the short cut of one statement; whatever else changes is made anew from the rows
 * below it.
 * Must stay true: the locks of the coins are taken first, ascending, so writers never deadlock; every derived row is a function
 * of the rows below it, so any order of arrival and any repetition ends in the same rows.
 */
import type { RawPrice } from '../../src/domain/prices.js';
import { bucketStart, CANDLE_INTERVALS, type CandleInterval, type PriceGrain } from '../../src/domain/time.js';
import type { Queryable } from '../../src/platform/postgres/database.js';
import { coinLockKeys, LOCKS } from '../../src/platform/postgres/locks.js';
import { atOnce } from '../../src/platform/postgres/pipelining.js';
import { insertRawPrices } from '../../src/store/raw/raw-prices.js';
import { readSql } from '../transforms/transform.js';
import { type PriceSpan, spansOf } from './price-spans.js';

export interface StoredPrices {
  /** observationKey of the stored observations that are suspect, and of what stands around those that were made anew. */
  suspect: ReadonlySet<string>;
  /** The short cut did not do for all: on a pipelined connection what was read beside it was read before the rest was there. */
  remade: boolean;
}

interface CandleLevel {
  interval: CandleInterval;
  width: string;
  below: CandleInterval | null;
  grain: PriceGrain;
}
/** Finest first: each level reads the one before it. */
const CANDLE_LEVELS: CandleLevel[] = [
  { interval: '1m', width: '1 minute', below: null, grain: 'tick' },
  { interval: '5m', width: '5 minutes', below: '1m', grain: '5m' },
  { interval: '1h', width: '1 hour', below: '5m', grain: '1h' },
  { interval: '1d', width: '1 day', below: '1h', grain: '1d' },
];

const EXTEND_PRICES = readSql('prices.extend.sql');
const MERGE_PRICES = readSql('staging/stg_prices.sql');
const MARK_SUSPECT = readSql('staging/stg_prices.suspect.sql');
const RECOMPUTE_CANDLES = readSql('mart/mart_price_candles.sql');
const REFRESH_LATEST = readSql('mart/mart_latest_prices.sql');

const LOCK_COINS = 'SELECT pg_advisory_xact_lock($1, k) FROM unnest($2::integer[]) AS k';

/** Takes the advisory locks of the coins until the end of the transaction; first of all that a writer does. */
export async function lockCoins(tx: Queryable, coinIds: Iterable<string>): Promise<void> {
  await tx.query({
    name: 'lock-coins',
    text: LOCK_COINS,
    values: [LOCKS.coins, coinLockKeys(coinIds)],
  });
}

/** Takes the coins' locks, stores the rows and brings all that is derived from them up to date. */
export async function storePrices(tx: Queryable, rows: RawPrice[], now: Date): Promise<StoredPrices> {
  await lockCoins(
    tx,
    rows.map((row) => row.coinId),
  );
  return storeLockedPrices(tx, rows, now);
}

/** For a writer that holds the coins' locks already. */
export async function storeLockedPrices(tx: Queryable, rows: RawPrice[], now: Date): Promise<StoredPrices> {
  const shortCut = rows.every((row) => row.grain === 'tick');
  const [, stored] = await atOnce(tx, [() => insertRawPrices(tx, rows), () => derivePrices(tx, spansOf(rows), { now, shortCut })]);
  return stored;
}

/** What the merge returns: of a span, within a day, the first and the last instant whose price is another now; in their order. */
interface Change {
  span: number;
  first_at: Date;
  last_at: Date;
}

interface JudgedPrice {
  coin_id: string;
  source: string;
  observed_at: Date;
  suspect: boolean;
  remarked: boolean;
}

/** Brings stg_prices, candles, latest and the marks up to date with what raw holds within the spans. `shortCut`: where all that is new are ticks. */
export async function derivePrices(
  tx: Queryable,
  spans: PriceSpan[],
  { now, shortCut }: { now: Date; shortCut: boolean },
): Promise<StoredPrices> {
  if (!shortCut) return { suspect: await remakePrices(tx, spans, now), remade: true };
  const { left, suspect } = await extendPrices(tx, spans, now);
  if (left.length === 0) return { suspect, remade: false };
  return { suspect: new Set([...suspect, ...(await remakePrices(tx, left, now))]), remade: true };
}

/** Adds ticks where nothing that stands changes by it; `left`: the spans of which that cannot be said, which it leaves alone. */
async function extendPrices(tx: Queryable, spans: PriceSpan[], now: Date): Promise<{ left: PriceSpan[]; suspect: Set<string> }> {
  const { rows } = await tx.query<{ span: number; suspect_at: Date | null }>({
    name: 'extend-prices',
    text: EXTEND_PRICES,
    values: [...columnsOf(spans), now],
  });
  const left: PriceSpan[] = [];
  const suspect = new Set<string>();
  for (const { span: index, suspect_at } of rows) {
    const span = spans[index] as PriceSpan;
    if (suspect_at === null) left.push(span);
    else suspect.add(observationKey(span.coinId, span.source, suspect_at));
  }
  return { left, suspect };
}

/** Makes the rows of the spans anew from the rows below them. Returns what is suspect: see StoredPrices. */
async function remakePrices(tx: Queryable, spans: PriceSpan[], now: Date): Promise<ReadonlySet<string>> {
  const coinIds = [...new Set(spans.map((span) => span.coinId))];
  const [changes, judged] = await atOnce(tx, [
    () => mergePrices(tx, spans),
    () => markSuspect(tx, spans),
    // Also after a mere duplicate: it is the newest word on the value, and the newest price says where its value comes from.
    () => refreshLatest(tx, coinIds, now),
  ]);
  const remarked = judged.filter((row) => row.remarked).map(({ coin_id, observed_at }) => instantOf(coin_id, observed_at));
  const touched = [...changedSpans(spans, changes), ...remarked];
  if (touched.length > 0) await atOnce(tx, candleStatements(tx, touched, now));
  return new Set(judged.filter((row) => row.suspect).map((row) => observationKey(row.coin_id, row.source, row.observed_at)));
}

async function mergePrices(tx: Queryable, spans: PriceSpan[]): Promise<Change[]> {
  const { rows } = await tx.query<Change>({ name: 'merge-prices', text: MERGE_PRICES, values: columnsOf(spans) });
  return rows;
}

async function markSuspect(tx: Queryable, spans: PriceSpan[]): Promise<JudgedPrice[]> {
  const { rows } = await tx.query<JudgedPrice>({ name: 'mark-suspect-prices', text: MARK_SUSPECT, values: columnsOf(spans) });
  return rows;
}

export async function refreshLatest(tx: Queryable, coinIds: readonly string[], now: Date): Promise<void> {
  await tx.query({ name: 'refresh-latest-prices', text: REFRESH_LATEST, values: [coinIds, now] });
}

/** Each span as far as it changed. */
function changedSpans(spans: PriceSpan[], changes: Change[]): PriceSpan[] {
  const changed = new Map<number, PriceSpan>();
  for (const { span, first_at, last_at } of changes) {
    const known = changed.get(span);
    if (known === undefined) changed.set(span, { ...(spans[span] as PriceSpan), firstAt: first_at, lastAt: last_at });
    else known.lastAt = last_at;
  }
  return [...changed.values()];
}

const instantOf = (coinId: string, at: Date) => ({ coinId, firstAt: at, lastAt: at });

function columnsOf(spans: PriceSpan[]): unknown[] {
  return [
    spans.map((span) => span.coinId),
    spans.map((span) => span.source),
    spans.map((span) => span.firstAt),
    spans.map((span) => span.lastAt),
  ];
}

export function observationKey(coinId: string, source: string, observedAt: Date): string {
  return `${coinId} ${source} ${observedAt.getTime()}`;
}

/** A statement for each interval, the finest first: each reads what the one before it wrote. */
function candleStatements(tx: Queryable, touched: Omit<PriceSpan, 'source'>[], now: Date): (() => Promise<unknown>)[] {
  return CANDLE_LEVELS.map(({ interval, width, below, grain }) => () => {
    const ranges = bucketRanges(touched, interval);
    return tx.query({
      name: `recompute-candles-${interval}`,
      text: RECOMPUTE_CANDLES,
      values: [
        ranges.map((range) => range.coinId),
        ranges.map((range) => new Date(range.start)),
        ranges.map((range) => new Date(range.end)),
        interval,
        width,
        below,
        grain,
        now,
      ],
    });
  });
}

interface BucketRange {
  coinId: string;
  start: number;
  end: number;
}

/** The buckets that the spans touch, as ranges of whole buckets, those that meet or overlap as one. */
function bucketRanges(spans: Omit<PriceSpan, 'source'>[], interval: CandleInterval): BucketRange[] {
  const width = CANDLE_INTERVALS[interval];
  const touched = spans
    .map(({ coinId, firstAt, lastAt }) => ({
      coinId,
      start: bucketStart(firstAt, interval).getTime(),
      end: bucketStart(lastAt, interval).getTime() + width,
    }))
    .sort((a, b) => (a.coinId < b.coinId ? -1 : a.coinId > b.coinId ? 1 : a.start - b.start));
  const ranges: BucketRange[] = [];
  for (const next of touched) {
    const last = ranges.at(-1);
    if (last !== undefined && last.coinId === next.coinId && next.start <= last.end) last.end = Math.max(last.end, next.end);
    else ranges.push(next);
  }
  return ranges;
}
