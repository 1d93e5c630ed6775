/**
 * The price producer: polls the source and appends what is new to market.prices.v1, keyed by coin.
 * It drops only what it has already sent, the same price for the same (coin, observed_at): a steady coin is not a stale coin, and
 * another price for the same instant is a correction.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodePriceRecord } from '../../src/domain/price-record.js';
import { PRICES_TOPIC, type PriceObservation } from '../../src/domain/prices.js';
import { type Clock, SECOND } from '../../src/domain/time.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { getNewestObservations } from '../../src/store/latest-prices.js';
import { insertRejectedRows } from '../../src/store/rejected-rows.js';
import { getTrackedCoins } from '../../src/store/tracked-coins.js';
import { type PriceSource, SourceError } from '../sources/source.js';

export interface ProducerOptions {
  db: Database;
  log: EventLog;
  source: PriceSource;
  /** The wanted interval; the plan's credit may make it longer. */
  pollSeconds: number;
  clock: Clock;
  logger: Logger;
}

export interface Producer {
  stop(): Promise<void>;
  readonly ended: Promise<void>;
}

export function startPriceProducer(options: ProducerOptions): Producer {
  const stopping = new AbortController();
  const ended = pollUntilStopped(options, stopping.signal);
  ended.catch(() => {});
  return {
    stop: async () => {
      stopping.abort();
      await ended.catch(() => {});
    },
    ended,
  };
}

async function pollUntilStopped(options: ProducerOptions, signal: AbortSignal): Promise<void> {
  const { db, source, logger } = options;
  const sent = new Map<string, string>();
  let announced = 0;
  while (!signal.aborted) {
    const started = performance.now();
    let seconds = options.pollSeconds;
    try {
      if (sent.size === 0) for (const [coinId, newest] of await getNewestObservations(db.pool)) sent.set(coinId, fingerprint(newest));
      const coins = (await getTrackedCoins(db.pool)).filter((coin) => coin.source === source.name).map((coin) => coin.coinId);
      seconds = await source.pollSeconds(options.pollSeconds, coins);
      if (seconds !== announced) logger.info(`polling ${coins.length} prices every ${seconds} s`);
      announced = seconds;
      if (coins.length > 0) await pollOnce(options, coins, sent, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SourceError) seconds = Math.max(seconds, (error.retryAfterMs ?? 0) / SECOND);
      logger.warn({ err: error }, `poll failed: ${(error as Error).message}`);
    }
    const left = seconds * SECOND - (performance.now() - started);
    await sleep(Math.max(left, 0), undefined, { signal }).catch(() => {});
  }
}

/** Returns how many observations were new. */
async function pollOnce(options: ProducerOptions, coins: string[], sent: Map<string, string>, signal: AbortSignal): Promise<number> {
  const result = await options.source.currentPrices(coins, signal);
  const origin = `poll/${options.source.name}/${result.fetchedAt.toISOString()}`;
  const rejected = result.rejected.map((row, index) => ({
    ...row,
    source: options.source.name,
    origin,
    position: BigInt(index),
  }));
  await insertRejectedRows(options.db.pool, 'raw.raw_prices', rejected, options.clock.now());
  const news = result.rows.filter((price) => sent.get(price.coinId) !== fingerprint(price));
  if (news.length === 0) return 0;
  await options.log.append(
    PRICES_TOPIC,
    news.map((price) => ({
      key: price.coinId,
      value: encodePriceRecord(price),
    })),
  );
  for (const price of news) sent.set(price.coinId, fingerprint(price));
  return news.length;
}

function fingerprint(price: Pick<PriceObservation, 'observedAt' | 'priceUsd'>): string {
  return `${price.observedAt.getTime()} ${price.priceUsd}`;
}
