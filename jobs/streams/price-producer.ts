/**
 * The price producer: polls the source and appends what is new to market.prices.v1, keyed by coin.
 * It drops only what it has already sent, the same price for the same (coin, observed_at): a steady coin is not a stale coin, and
 * another price for the same instant is a correction.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodePriceRecord } from '../../src/domain/price-record.js';
import { PRICES_TOPIC, type PriceObservation } from '../../src/domain/prices.js';
import { type Clock, SECOND } from '../../src/domain/time.js';
import { Complaint } from '../../src/platform/complaint.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { Heartbeats } from '../../src/platform/heartbeats.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Metrics } from '../../src/platform/metrics/metrics.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { getNewestObservations } from '../../src/store/mart/latest-prices.js';
import { insertRejectedRows } from '../../src/store/stream/rejected-rows.js';
import { getTrackedCoins } from '../../src/store/tracked-coins.js';
import { type PriceSource, SourceError, type SourceResult } from '../sources/source.js';

export interface ProducerOptions {
  db: Database;
  log: EventLog;
  source: PriceSource;
  /** The wanted interval; the plan's credit may make it longer. */
  pollSeconds: number;
  clock: Clock;
  logger: Logger;
  metrics?: Metrics;
  heartbeats?: Heartbeats;
}

/** One poll: a few calls that wait up to two minutes for their turns each, an append and a few statements. */
const POLL_BOUND_MS = 900_000;
/** How soon to look again where no coin is tracked yet, or the database is away. */
const IDLE_SECONDS = 1;

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
  const { db, source, logger, metrics, heartbeats = new Heartbeats() } = options;
  const heartbeat = heartbeats.of('polling of the source', POLL_BOUND_MS);
  const poller = new Poller(options);
  let announced = 0;
  const complaint = new Complaint(logger, 'warn');
  while (!signal.aborted) {
    const started = performance.now();
    let seconds = IDLE_SECONDS;
    heartbeat.beat();
    try {
      const coins = (await getTrackedCoins(db.pool)).filter((coin) => coin.source === source.name).map((coin) => coin.coinId);
      if (coins.length > 0) {
        seconds = await source.pollSeconds(options.pollSeconds, coins);
        if (seconds !== announced) logger.info(`polling ${coins.length} prices every ${seconds} s`);
        announced = seconds;
        metrics?.gauge('cdp_producer_poll_interval_seconds').set(seconds);
        await poller.poll(coins, signal);
        metrics?.counter('cdp_producer_polls_total').inc({ outcome: 'succeeded' });
        metrics?.histogram('cdp_producer_poll_duration_seconds').observe((performance.now() - started) / SECOND);
      }
      complaint.end();
    } catch (error) {
      if (signal.aborted) break;
      metrics?.counter('cdp_producer_polls_total').inc({ outcome: 'failed' });
      seconds = Math.max(seconds, error instanceof SourceError ? (error.retryAfterMs ?? 0) / SECOND : 0);
      complaint.say(error, `a poll of the prices failed; the next one in ${Math.ceil(seconds)} s: ${(error as Error).message}`);
    }
    const left = seconds * SECOND - (performance.now() - started);
    heartbeat.beat(Math.max(left, 0) + POLL_BOUND_MS);
    await sleep(Math.max(left, 0), undefined, { signal }).catch(() => {});
  }
  heartbeat.rest();
}

class Poller {
  /** What was sent last of each coin; null until it is known what a producer before this one sent. */
  #sent: Map<string, string> | null = null;
  /** What was rejected last of each coin: the same again, poll after poll, is one rejected row. */
  readonly #rejected = new Map<string | null, string>();

  constructor(readonly options: ProducerOptions) {}

  async poll(coins: string[], signal: AbortSignal): Promise<void> {
    const { db, log, source, metrics } = this.options;
    this.#sent ??= new Map([...(await getNewestObservations(db.pool))].map(([coinId, newest]) => [coinId, fingerprint(newest)]));
    const sent = this.#sent;
    const result = await source.currentPrices(coins, signal);
    await this.#reject(result);
    const news = result.rows.filter((price) => sent.get(price.coinId) !== fingerprint(price));
    await log.append(
      PRICES_TOPIC,
      news.map((price) => ({ key: price.coinId, value: encodePriceRecord(price) })),
    );
    for (const price of news) sent.set(price.coinId, fingerprint(price));
    const prices = metrics?.counter('cdp_producer_prices_total');
    prices?.inc({ outcome: 'sent' }, news.length);
    prices?.inc({ outcome: 'unchanged' }, result.rows.length - news.length);
    prices?.inc({ outcome: 'rejected' }, result.rejected.length);
  }

  async #reject(result: SourceResult<PriceObservation>): Promise<void> {
    const { db, source, clock } = this.options;
    const origin = `poll/${source.name}/${result.fetchedAt.toISOString()}`;
    const news = result.rejected.filter((row) => this.#rejected.get(row.coinId) !== row.reason + row.payload);
    const rows = news.map((row, index) => ({ ...row, source: source.name, origin, position: BigInt(index) }));
    await insertRejectedRows(db.pool, 'raw.raw_prices', rows, clock.now());
    for (const row of news) this.#rejected.set(row.coinId, row.reason + row.payload);
  }
}

function fingerprint(price: Pick<PriceObservation, 'observedAt' | 'priceUsd'>): string {
  return `${price.observedAt.getTime()} ${price.priceUsd}`;
}
