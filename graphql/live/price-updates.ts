/** Subscriptions to pushed prices: every one in order per coin, from now on or from a cursor. */
import { UPDATES_TOPIC } from '../../src/domain/prices.js';
import { decodePriceUpdate, type PriceUpdateRecord } from '../../src/domain/updates.js';
import { badUserInput, clientError } from '../errors.js';
import { Feed } from './reading/feed.js';
import type { Past } from './reading/past.js';
import { decodeCursor, encodeCursor, Progress } from './reading/progress.js';
import type { Delivery, LiveTopic } from './reading/tail.js';

export type PriceUpdateEvent = Delivery<PriceUpdateRecord>;

export interface PriceUpdatesRequest {
  /** All coins if left out. */
  coinIds?: readonly string[] | null;
  /** The cursor of the last update seen. */
  after?: string | null;
}

export const PRICE_UPDATES: LiveTopic<PriceUpdateRecord> = {
  name: UPDATES_TOPIC,
  decode: decodePriceUpdate,
  cursorOf: encodeCursor,
};

export async function openPriceFeed(past: Past<PriceUpdateRecord>, request: PriceUpdatesRequest): Promise<Feed<PriceUpdateRecord>> {
  const coins = request.coinIds == null ? null : new Set(request.coinIds);
  const from = request.after == null ? null : await findPlace(past, request.after);
  return new Feed({ past, from, expired: cursorExpired, matches: ({ coinId }) => coins === null || coins.has(coinId) });
}

async function findPlace({ log, tail }: Past<PriceUpdateRecord>, after: string): Promise<Progress> {
  const cursor = decodeCursor(after);
  if (cursor === null) {
    throw badUserInput('after: this is not a cursor; send the cursor of an update as it came, or leave it out to begin now');
  }
  if (cursor.logId !== tail.logId) throw cursorExpired();
  const { next, last } = cursor.progress;
  const bounds = await log.bounds(tail.topic.name);
  if (next.length > bounds.length) throw cursorExpired();
  // A partition that was added since is read from its beginning.
  const progress = new Progress(
    bounds.map(({ partition }) => next[partition] ?? 0n),
    last,
  );
  const within = bounds.every(({ partition, start, end }) => {
    const offset = progress.next[partition] ?? 0n;
    return start <= offset && offset <= end;
  });
  if (!within) throw cursorExpired();
  return progress;
}

function cursorExpired(cause?: Error): Error {
  return clientError(
    'CURSOR_EXPIRED',
    'after: what came since this cursor is no longer kept (updates are kept for a day); ask for the current prices, and subscribe without it',
    { originalError: cause },
  );
}
