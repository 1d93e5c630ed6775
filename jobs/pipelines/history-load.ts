/**
 * Works off the ledger of intervals: asks the source, stores the points in chunks, several coins at a time.
 * Must stay true: a chunk's points and the ledger's progress commit together; a chunk takes well under a second, for live ticks of its
 * coin wait for it; what failed is tried again later, and the ledger shows why; nothing that is DONE is asked for again.
 */
import { OLDEST_OBSERVATION_DAYS, type RawPrice } from '../../src/domain/prices.js';
import { type Clock, HOUR, SECOND } from '../../src/domain/time.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database, Queryable } from '../../src/platform/postgres/database.js';
import { insertGap } from '../../src/store/pipelines/gaps.js';
import {
  advanceAttempt,
  beginAttempt,
  giveUpInterval,
  type HistoryInterval,
  insertIntervals,
  postponeInterval,
} from '../../src/store/pipelines/history.js';
import { getRawStart } from '../../src/store/raw/raw-prices.js';
import { insertRejectedRows } from '../../src/store/stream/rejected-rows.js';
import { landHistoryMarketData } from '../runtime/land.js';
import { type HistoryPoint, type PriceSource, SourceError, type SourceResult } from '../sources/source.js';
import { storePrices } from '../streams/price-writer.js';
import { isExpired, planHole } from './history-plan.js';

export interface HistoryDeps {
  db: Database;
  source: PriceSource;
  clock: Clock;
}

const CHUNK_POINTS = 1_000;
const FIRST_RETRY_MS = 10 * SECOND;
const MAX_RETRY_MS = HOUR;
/** What needs an operator is looked at again in this long. */
const BLOCKED_RETRY_MS = HOUR;
/** From this attempt on an answer without a point means that there is none; a first one may be a bad moment of the source. */
const EMPTY_ATTEMPTS = 3;

/** 'blocked': the source refuses everything until an operator acts. 'lost': another worker has this interval now. */
export type IntervalOutcome = { status: 'done' | 'unavailable' | 'lost' } | { status: 'postponed' | 'blocked'; reason: string };

/** Daily points deeper than this would fail the validation of prices; the plan may give less. */
export function usableHistoryDays(source: Pick<PriceSource, 'historyDays'>): number {
  return Math.min(OLDEST_OBSERVATION_DAYS, source.historyDays);
}

export async function loadInterval(
  deps: HistoryDeps,
  interval: HistoryInterval,
  signal: AbortSignal,
  logger: Logger,
): Promise<IntervalOutcome> {
  const { db, source, clock } = deps;
  if (isExpired(interval, clock.now(), usableHistoryDays(source))) return replan(deps, interval);
  const attempt = await beginAttempt(db.pool, interval);
  if (attempt === null) return { status: 'lost' };
  const begun = { ...interval, attempt };
  try {
    const result = await source.history(interval.coinId, interval.grain, interval.from, interval.to, signal);
    return await storeResult(deps, begun, result);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError && error.kind === 'not_found') {
      return giveUp(deps, begun, `${source.name} does not know this coin any more`);
    }
    const blocked = error instanceof SourceError && !error.retryable;
    const waitMs = blocked ? BLOCKED_RETRY_MS : Math.max(retryMs(attempt), (error instanceof SourceError && error.retryAfterMs) || 0);
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ err: error, coin: interval.coinId, grain: interval.grain, attempt }, `history of ${interval.coinId}: ${reason}`);
    return postpone(deps, begun, { status: blocked ? 'blocked' : 'postponed', reason, waitMs });
  }
}

async function postpone(
  { db, clock }: HistoryDeps,
  interval: HistoryInterval,
  { status, reason, waitMs }: { status: 'postponed' | 'blocked'; reason: string; waitMs: number },
): Promise<IntervalOutcome> {
  await postponeInterval(db.pool, interval, new Date(clock.now().getTime() + waitMs), reason);
  return { status, reason };
}

function retryMs(attempt: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 20)) * (1 + Math.random() / 4);
}

/** So late that the source has dropped the beginning: what is left is asked for at the spacings that still reach it. */
async function replan({ db, source, clock }: HistoryDeps, interval: HistoryInterval): Promise<IntervalOutcome> {
  const now = clock.now();
  return db.transaction(async (tx) => {
    const given = await giveUpInterval(tx, interval, `too old for points ${interval.grain} apart; asked for at what still reaches it`, now);
    if (!given) return { status: 'lost' };
    const plan = planHole(interval, now, usableHistoryDays(source));
    await insertIntervals(tx, source.name, plan.intervals, now);
    for (const gap of plan.gaps)
      await insertGap(tx, { ...gap, source: source.name, reason: 'older than the history that the plan gives' }, now);
    return { status: 'unavailable' };
  });
}

async function giveUp({ db, source, clock }: HistoryDeps, interval: HistoryInterval, reason: string): Promise<IntervalOutcome> {
  const now = clock.now();
  return db.transaction(async (tx) => {
    if (!(await giveUpInterval(tx, interval, reason, now))) return { status: 'lost' };
    await insertGap(tx, { source: source.name, coinId: interval.coinId, from: interval.from, to: interval.to, reason }, now);
    return { status: 'unavailable' };
  });
}

async function storeResult(deps: HistoryDeps, interval: HistoryInterval, result: SourceResult<HistoryPoint>): Promise<IntervalOutcome> {
  const { db, source, clock } = deps;
  const origin = `history/${interval.id}/${interval.attempt}`;
  const { grain, attempt } = interval;
  if (result.rows.length === 0 && result.rejected.length > 0) return refuseAll(deps, interval, result);
  await rejectRows(db.pool, source.name, origin, result, clock.now());
  if (result.rows.length === 0) {
    const reason = `${source.name} has no points ${grain} apart here`;
    return attempt < EMPTY_ATTEMPTS
      ? postpone(deps, interval, { status: 'postponed', reason, waitMs: retryMs(attempt) })
      : giveUp(deps, interval, reason);
  }
  // RETENTION_DAYS may be less than when this was planned.
  const kept = await getRawStart(db.pool);
  const points = result.rows.filter(({ observedAt }) => observedAt >= kept);
  if (points.length === 0) return giveUp(deps, interval, 'older than the raw prices that are kept (RETENTION_DAYS)');
  const rows = points.map((point, position) => toRawPrice(point, position, interval, origin, source.name, result.receivedAt));
  for (let from = 0; from < rows.length; from += CHUNK_POINTS) {
    const chunk = rows.slice(from, from + CHUNK_POINTS);
    const last = from + chunk.length === rows.length;
    const stored = await db.transaction(async (tx) => {
      const advanced = await advanceAttempt(tx, { ...interval, from, count: chunk.length, last }, clock.now());
      if (!advanced) return false;
      await storePrices(tx, chunk, clock.now());
      if (last && interval.grain === '1d') await landHistoryMarketData(tx, { origin });
      return true;
    });
    if (!stored) return { status: 'lost' };
  }
  return { status: 'done' };
}

/** The source has points here that none of ours can be made of: a change of its format, and a newer version of the platform may read it. */
async function refuseAll(deps: HistoryDeps, interval: HistoryInterval, result: SourceResult<HistoryPoint>): Promise<IntervalOutcome> {
  const { db, source, clock } = deps;
  // Of one origin whatever the attempt: they are kept once, however often they come.
  await rejectRows(db.pool, source.name, `history/${interval.id}/1`, result, clock.now());
  const reason = `all ${result.rejected.length} points were rejected, the first one for: ${result.rejected[0]?.reason}`;
  return postpone(deps, interval, { status: 'postponed', reason, waitMs: MAX_RETRY_MS });
}

function toRawPrice(
  point: HistoryPoint,
  position: number,
  interval: HistoryInterval,
  origin: string,
  source: string,
  receivedAt: Date,
): RawPrice {
  const { observedAt, priceUsd, payload } = point;
  return {
    source,
    coinId: interval.coinId,
    priceUsd,
    observedAt,
    receivedAt,
    payload,
    grain: interval.grain,
    origin,
    position: BigInt(position),
  };
}

/** Their positions follow those of the points. */
async function rejectRows(
  db: Queryable,
  source: string,
  origin: string,
  { rows, rejected }: SourceResult<HistoryPoint>,
  now: Date,
): Promise<void> {
  const numbered = rejected.map((row, index) => ({ ...row, source, origin, position: BigInt(rows.length + index) }));
  await insertRejectedRows(db, 'raw.raw_prices', numbered, now);
}
