/**
 * What the platform knows of a price source; no vendor's word comes further.
 * Must stay true: a row that fails validation comes back as rejected, with its reason and text, and never takes a good row with it;
 * a response that is unusable as a whole is a SourceError; every number is a Decimal with the source's own digits.
 */
import type { Decimal } from '../../src/domain/decimal.js';
import type { PriceObservation } from '../../src/domain/prices.js';
import type { HistoryGrain } from '../../src/domain/time.js';

export interface PriceSource {
  /** The `source` column. */
  readonly name: string;
  /** How many days back the plan gives history. */
  readonly historyDays: number;
  /** The greatest by market cap, greatest first. */
  topCoins(count: number, signal?: AbortSignal): Promise<SourceResult<MarketSnapshot>>;
  /** Coins that the source does not know are left out by it without a word. */
  marketSnapshot(coinIds: readonly string[], signal?: AbortSignal): Promise<SourceResult<MarketSnapshot>>;
  /** As marketSnapshot; where several calls are needed and some fail, the prices of the others come back. */
  currentPrices(coinIds: readonly string[], signal?: AbortSignal): Promise<SourceResult<PriceObservation>>;
  /**
   * One call. Points in (from, to], oldest first, one per instant. Hourly points reach 90 days back and five-minute ones one day:
   * of an older interval only what is left comes back.
   */
  history(coinId: string, grain: HistoryGrain, from: Date, to: Date, signal?: AbortSignal): Promise<SourceResult<HistoryPoint>>;
  global(signal?: AbortSignal): Promise<GlobalSnapshot>;
  /** The longer of the wanted interval and what the plan's rate and its credit left allow for polling these coins. */
  pollSeconds(wanted: number, coinIds: readonly string[]): Promise<number>;
}

export interface SourceResult<T> {
  /** When the (first) request was sent, after any wait for its turn. */
  fetchedAt: Date;
  /** When the (last) response was complete. */
  receivedAt: Date;
  rows: T[];
  rejected: RejectedRow[];
}

export interface RejectedRow {
  coinId: string | null;
  reason: string;
  /** The source's JSON of this row; NUL and lone surrogates stand in it as escapes. */
  payload: string;
}

/** One coin in one fetch. Null where the source says nothing. */
export interface MarketSnapshot {
  coinId: string;
  symbol: string;
  name: string;
  imageUrl: string | null;
  priceUsd: Decimal | null;
  marketCapUsd: Decimal | null;
  marketCapRank: number | null;
  fullyDilutedValuationUsd: Decimal | null;
  volume24hUsd: Decimal | null;
  circulatingSupply: Decimal | null;
  totalSupply: Decimal | null;
  maxSupply: Decimal | null;
  high24hUsd: Decimal | null;
  low24hUsd: Decimal | null;
  athUsd: Decimal | null;
  athAt: Date | null;
  atlUsd: Decimal | null;
  atlAt: Date | null;
  sourceUpdatedAt: Date | null;
  /** The source's JSON of this row, numbers with its digits. */
  payload: string;
}

export interface HistoryPoint {
  observedAt: Date;
  /** Greater than zero. */
  priceUsd: Decimal;
  marketCapUsd: Decimal | null;
  volume24hUsd: Decimal | null;
  /** {"timestamp": milliseconds, "price": …, "market_cap": … or null, "total_volume": … or null}, numbers with the source's digits. */
  payload: string;
}

/** The source's own figures for the whole market. Null where it says nothing. */
export interface GlobalSnapshot {
  fetchedAt: Date;
  receivedAt: Date;
  marketCapUsd: Decimal | null;
  volume24hUsd: Decimal | null;
  bitcoinDominancePct: Decimal | null;
  ethereumDominancePct: Decimal | null;
  sourceUpdatedAt: Date | null;
  payload: string;
}

export type SourceErrorKind = 'rate_limited' | 'unauthorized' | 'not_found' | 'invalid_request' | 'unavailable' | 'malformed';

export interface SourceErrorDetail {
  kind: SourceErrorKind;
  endpoint: string;
  /** Absent where no response came. */
  status?: number;
  /** How long the source, or the plan's credit, asks to wait; a day at most. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** A response that cannot be used as a whole. `message` is for a person: the cause and what to do next. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly kind: SourceErrorKind;
  readonly endpoint: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, detail: SourceErrorDetail) {
    super(message, { cause: detail.cause });
    this.kind = detail.kind;
    this.endpoint = detail.endpoint;
    this.status = detail.status;
    this.retryAfterMs = detail.retryAfterMs;
  }

  /** The same call may succeed later without anybody changing anything. */
  get retryable(): boolean {
    return this.kind === 'rate_limited' || this.kind === 'unavailable' || this.kind === 'malformed';
  }
}
