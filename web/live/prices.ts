/**
 * The newest price of every coin, for the whole application: one subscription, resumed by cursor, and what queries answer beside it.
 * Must stay true: a price never goes back in time; a coin's readers alone hear of it, once a frame at most.
 */
import { useSyncExternalStore } from 'react';
import { now } from '../api/clock.js';
import { PRICE_UPDATES, type PriceUpdate } from '../api/operations/live.js';
import { follow, onConnection } from '../api/socket.js';
import { compare, toPlot } from '../format/decimal.js';
import { Continuity, type ContinuityReport } from './continuity.js';

export interface LivePrice {
  usd: string;
  observedAt: string;
  suspect: boolean;
  /** Counts the updates pushed, so that a reader sees a new one even where the price is the same. */
  pushes: number;
  direction: -1 | 0 | 1;
}

/** Sources observe a coin every minute or two; one that was not for so long stands still. */
export const STALE_MS = 5 * 60_000;

export interface StreamState {
  connected: boolean;
  /** Why the subscription cannot begin, until it has; the connection may stand all the same. */
  refused: string | null;
  /** By the reader's clock; null while connected. */
  lostAt: number | null;
  cursor: string | null;
  newestObservedAt: string | null;
  continuity: ContinuityReport;
}

class PriceFeed {
  readonly #prices = new Map<string, LivePrice>();
  readonly #readers = new Map<string, Set<() => void>>();
  readonly #streamReaders = new Set<() => void>();
  readonly #expiryListeners = new Set<() => void>();
  readonly #dirty = new Set<string>();
  readonly #continuity = new Continuity();
  readonly #variables: { after: string | null } = { after: null };
  #state: StreamState;
  #frame = 0;

  constructor() {
    this.#state = {
      connected: false,
      refused: null,
      lostAt: null,
      cursor: null,
      newestObservedAt: null,
      continuity: this.#continuity.report,
    };
  }

  start(): void {
    onConnection((connection) => {
      const connected = connection === 'connected';
      if (!connected && this.#state.connected) this.#continuity.lost(now());
      // Before the first update there is no place to go on from.
      if (connected && this.#continuity.back(now()) && this.#variables.after === null) this.#beginAnew();
      this.#change({ connected, lostAt: connected ? null : (this.#state.lostAt ?? Date.now()) });
    });
    follow(PRICE_UPDATES, this.#variables, {
      next: ({ priceUpdated }) => this.#push(priceUpdated),
      expired: () => this.#beginAnew(),
      refused: (problem) => this.#change({ refused: problem }),
      begun: () => this.#state.refused !== null && this.#change({ refused: null }),
    });
  }

  #beginAnew(): void {
    this.#continuity.beginAnew();
    for (const listener of this.#expiryListeners) listener();
    this.#change({ cursor: null });
  }

  get(coinId: string): LivePrice | undefined {
    return this.#prices.get(coinId);
  }

  get state(): StreamState {
    return this.#state;
  }

  /** What a query answered, which an update may have overtaken. */
  seed(coinId: string, { usd, observedAt, suspect }: { usd: string; observedAt: string; suspect: boolean }): void {
    const known = this.#prices.get(coinId);
    if (known !== undefined && known.observedAt >= observedAt) return;
    this.#prices.set(coinId, { usd, observedAt, suspect, pushes: known?.pushes ?? 0, direction: known?.direction ?? 0 });
    this.#wake(coinId);
  }

  subscribe(coinId: string, reader: () => void): () => void {
    const readers = this.#readers.get(coinId) ?? new Set();
    this.#readers.set(coinId, readers.add(reader));
    return () => readers.delete(reader);
  }

  subscribeState = (reader: () => void): (() => void) => {
    this.#streamReaders.add(reader);
    return () => this.#streamReaders.delete(reader);
  };

  /** Told when updates were lost for good: ask anew. */
  onExpiry(listener: () => void): () => void {
    this.#expiryListeners.add(listener);
    return () => this.#expiryListeners.delete(listener);
  }

  #push(update: PriceUpdate): void {
    this.#variables.after = update.cursor;
    this.#continuity.accept(update);
    const known = this.#prices.get(update.coinId);
    // An update of the same instant is a correction of it.
    if (known === undefined || known.observedAt <= update.observedAt) {
      const direction = known === undefined ? 0 : (compare(update.usd, known.usd) as -1 | 0 | 1);
      const { usd, observedAt, suspect } = update;
      this.#prices.set(update.coinId, { usd, observedAt, suspect, pushes: (known?.pushes ?? 0) + 1, direction });
    }
    const newest = this.#state.newestObservedAt;
    this.#state = {
      ...this.#state,
      cursor: update.cursor,
      newestObservedAt: newest !== null && newest > update.observedAt ? newest : update.observedAt,
      continuity: this.#continuity.report,
    };
    this.#wake(update.coinId);
  }

  #change(part: Partial<StreamState>): void {
    this.#state = { ...this.#state, ...part, continuity: this.#continuity.report };
    for (const reader of this.#streamReaders) reader();
  }

  #wake(coinId: string): void {
    this.#dirty.add(coinId);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const changed = [...this.#dirty];
      this.#dirty.clear();
      for (const id of changed) for (const reader of this.#readers.get(id) ?? []) reader();
      for (const reader of this.#streamReaders) reader();
    });
  }
}

export const priceFeed = new PriceFeed();

export function useLivePrice(coinId: string): LivePrice | undefined {
  return useSyncExternalStore(
    (reader) => priceFeed.subscribe(coinId, reader),
    () => priceFeed.get(coinId),
  );
}

/** The change in percent over 24 hours: the API's, moved on by what the price did since it was asked for. */
export function changeWith(live: LivePrice | undefined, asked: { usd: string; change24hPct: number | null } | null): number | null {
  const change = asked?.change24hPct ?? null;
  if (asked === null || change === null || live === undefined) return change;
  return (toPlot(live.usd) / (toPlot(asked.usd) / (1 + change / 100)) - 1) * 100;
}

/** What `select` takes of the stream's state: a component is drawn anew when that is another, and at no other update. */
export function useStream<Value>(select: (state: StreamState) => Value): Value {
  return useSyncExternalStore(priceFeed.subscribeState, () => select(priceFeed.state));
}

/** Connected, and told of prices. */
export function isLive({ connected, refused }: StreamState): boolean {
  return connected && refused === null;
}
