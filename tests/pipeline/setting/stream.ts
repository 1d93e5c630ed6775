/** The price stream on a log and a database of its own, with as many partitions as coins, and a clock that stands still. */
import { createStreamMetrics, observeLag } from '../../../jobs/runtime/observation/stream-metrics.js';
import { createPublisher } from '../../../jobs/runtime/publisher.js';
import { type Stream, startStream } from '../../../jobs/runtime/stream/stream.js';
import { PRICE_ROUTES, priceStream } from '../../../jobs/streams/prices.js';
import type { Decimal } from '../../../src/domain/decimal.js';
import { encodePriceRecord } from '../../../src/domain/price-record.js';
import { ALERTS_TOPIC, PRICES_TOPIC, type PriceObservation, UPDATES_TOPIC } from '../../../src/domain/prices.js';
import { DAY } from '../../../src/domain/time.js';
import { decodePriceUpdate, type PriceUpdateRecord } from '../../../src/domain/updates.js';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { createLogger } from '../../../src/platform/logger.js';
import { Metrics } from '../../../src/platform/metrics/metrics.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { trackCoins } from '../../../src/store/tracked-coins.js';
import { fixedClock } from '../../kit/clock.js';
import { openTestDatabase } from '../../kit/test-database.js';

export const NOW = new Date('2026-11-10T12:00:00Z');
export const clock = fixedClock(NOW);
export const logger = createLogger({ level: 'silent' });

export class StreamSetting {
  readonly #running: { stop(): Promise<void> }[] = [];
  readonly metrics = new Metrics('consumer');

  private constructor(
    readonly db: Database,
    readonly log: EventLog,
  ) {}

  get parts() {
    return { db: this.db, log: this.log };
  }

  static async open(coinIds = ['bitcoin', 'tether']): Promise<StreamSetting> {
    const db = await openTestDatabase();
    const log = createPostgresEventLog(db, logger);
    await db.pool.query(
      `CREATE TABLE raw_partitions.p2026_11 PARTITION OF raw.raw_prices FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')`,
    );
    await trackCoins(db.pool, coinIds, 'simulator', NOW);
    const retentionMs = DAY;
    await log.ensureTopics([
      { topic: PRICES_TOPIC, partitions: coinIds.length, retentionMs },
      { topic: UPDATES_TOPIC, partitions: coinIds.length, retentionMs },
      { topic: ALERTS_TOPIC, partitions: 1, retentionMs },
    ]);
    return new StreamSetting(db, log);
  }

  async close(): Promise<void> {
    for (const each of this.#running.reverse()) await each.stop();
    await this.log.close();
    await this.db.close();
  }

  /** Consumes and publishes, until the setting is closed. `log`: perhaps one that watches what is read. */
  start(log: EventLog = this.log): Stream {
    const { db, metrics } = this;
    const publisher = createPublisher({
      log,
      db,
      logger,
      metrics,
      sourceTopic: PRICES_TOPIC,
      routes: PRICE_ROUTES,
    });
    const definition = priceStream({ realm: 'simulated', retentionDays: null, clock, publisher });
    const stream = startStream({ log, db, logger, definition, metrics: createStreamMetrics(metrics, PRICES_TOPIC) });
    observeLag(metrics, { db, log, topic: PRICES_TOPIC, assigned: () => stream.assigned() });
    this.#running.push(publisher, stream);
    return stream;
  }

  append(values: Buffer[], partition = 0) {
    return this.log.append(
      PRICES_TOPIC,
      values.map((value) => ({ key: 'k', value, partition })),
    );
  }

  /** Offsets that are committed, of all partitions together. */
  committed = async (): Promise<bigint> => {
    const { rows } = await this.db.pool.query('SELECT coalesce(sum(next_offset), 0)::bigint AS n FROM ops.stream_offsets');
    return rows[0].n;
  };

  readUpdates = async (): Promise<PriceUpdateRecord[]> => {
    const updates: PriceUpdateRecord[] = [];
    const from = new Map([0, 1].map((partition) => [partition, 0n]));
    for await (const page of this.log.replay(UPDATES_TOPIC, from))
      updates.push(...page.map((record) => decodePriceUpdate(record.value.toString())));
    return updates;
  };
}

export function tick(coinId: string, second: number, priceUsd: string, over: Partial<Record<string, unknown>> = {}): Buffer {
  const price: PriceObservation = {
    source: 'simulator',
    coinId,
    priceUsd: priceUsd as Decimal,
    observedAt: new Date(NOW.getTime() - 60_000 + second * 1000),
    receivedAt: NOW,
    payload: '{"usd":1}',
  };
  return Buffer.from(JSON.stringify({ ...JSON.parse(encodePriceRecord(price).toString()), ...over }));
}

/** Waits for a state of the database that is sure to come; the test's time-out ends it otherwise. */
export async function eventually<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
