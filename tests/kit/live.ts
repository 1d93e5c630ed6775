/** Gateways, one after another or side by side, over one database and its event log; and clients that speak graphql-transport-ws to them. */
import { createClient, type SubscribePayload } from 'graphql-ws';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { type Live, startLive } from '../../graphql/live/live.js';
import { createGateway } from '../../graphql/server.js';
import type { Decimal } from '../../src/domain/decimal.js';
import { keyHash } from '../../src/domain/murmur2.js';
import { ALERTS_TOPIC, UPDATES_TOPIC } from '../../src/domain/prices.js';
import { type AlertRecord, encodeAlert, encodePriceUpdate, type PriceUpdateRecord } from '../../src/domain/updates.js';
import { loadAdminKey } from '../../src/platform/admin-key.js';
import type { EventLog, LogPosition } from '../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../src/platform/event-log/postgres-event-log.js';
import { createHealth } from '../../src/platform/health.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { trackCoins } from '../../src/store/tracked-coins.js';
import { fixedClock } from './clock.js';
import { NOW, seedMarket } from './seed.js';
import { openTestDatabase } from './test-database.js';

export const LIVE_PARTITIONS = 3;
const DAY_MS = 86_400_000;

export interface LiveSetting {
  db: Database;
  log: EventLog;
  clock: ReturnType<typeof fixedClock>;
  startGateway(options?: { log?: EventLog; adminApiKey?: string }): Promise<LiveGateway>;
  /** Appends them as one batch, as the publisher does. */
  push(...updates: PriceUpdateRecord[]): Promise<LogPosition[]>;
  pushAlerts(...alerts: AlertRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface LiveGateway {
  url: string;
  live: Live;
  close(): Promise<void>;
}

export async function openLiveSetting(): Promise<LiveSetting> {
  const db = await openTestDatabase();
  const logger = pino({ level: 'silent' });
  const log = createPostgresEventLog(db, logger);
  const clock = fixedClock(NOW);
  const gateways = new Set<LiveGateway>();
  await seedMarket(db);
  await trackCoins(db.pool, ['solana', 'cardano', 'ripple'], 'simulator', new Date(NOW)); // followed, and in no mart yet
  await log.ensureTopics([
    { topic: UPDATES_TOPIC, partitions: LIVE_PARTITIONS, retentionMs: DAY_MS },
    { topic: ALERTS_TOPIC, partitions: 1, retentionMs: 30 * DAY_MS },
  ]);
  return {
    db,
    log,
    clock,
    async startGateway(options = {}) {
      const health = createHealth();
      const live = await startLive({ log: options.log ?? log, db, logger, heartbeats: health.heartbeats });
      const gateway = await createGateway({
        db,
        clock,
        platform: { realm: 'simulated', version: '1.2.3', startedAt: new Date(NOW) },
        actions: { redriveDeadLetters: async (ids) => ids.length, redriveRejectedRows: async (ids) => ids.length },
        pages: '',
        config: { host: '127.0.0.1', port: 0, allowedOrigins: [] },
        adminKey:
          options.adminApiKey === undefined ? null : loadAdminKey({ adminApiKey: options.adminApiKey, databaseUrl: null, dataDir: '' }),
        log: options.log ?? log,
        logger,
        metrics: new Metrics('gateway'),
        health,
        live,
      });
      const url = (await gateway.listen()).replace('http', 'ws');
      const started = {
        url: `${url}/graphql`,
        live,
        async close() {
          gateways.delete(started);
          await gateway.close();
        },
      };
      gateways.add(started);
      return started;
    },
    push: (...updates) =>
      log.append(
        UPDATES_TOPIC,
        updates.map((update) => ({ key: update.coinId, value: Buffer.from(encodePriceUpdate(update)), partition: update.sourcePartition })),
      ),
    async pushAlerts(...alerts) {
      await log.append(
        ALERTS_TOPIC,
        alerts.map((alert) => ({ key: alert.alertId, value: Buffer.from(encodeAlert(alert)), partition: 0 })),
      );
    },
    async close() {
      for (const gateway of [...gateways]) await gateway.close();
      await log.close();
      await db.close();
    },
  };
}

/** The log, but for this. */
export function logWith(log: EventLog, other: Partial<EventLog>): EventLog {
  return new Proxy(log, { get: (own, name) => Reflect.get(other, name) ?? Reflect.get(own, name)?.bind(own) });
}

/** An update whose price names its position, so that a test can tell what it has seen. */
export function updateOf(coinId: string, position: number, more: Partial<PriceUpdateRecord> = {}): PriceUpdateRecord {
  return {
    coinId,
    usd: `${position}.5` as Decimal,
    previousUsd: null,
    suspect: false,
    correction: false,
    observedAt: new Date(Date.parse(NOW) + position),
    source: 'simulator',
    sourcePartition: keyHash(coinId) % LIVE_PARTITIONS,
    sourcePosition: BigInt(position),
    ordinal: 0,
    ...more,
  };
}

/** What a client of one subscription has been told. `Data` is what one `next` message carries. */
export class TestSubscription<Data> {
  readonly data: Data[] = [];
  readonly errors: { message: string; extensions?: { code?: string } }[] = [];
  /** The code with which the server closed the socket, or null where the operation was completed. */
  readonly ended: Promise<number | null>;
  readonly connected: Promise<void>;
  readonly #waiting = new Set<() => void>();
  readonly #stop: () => void;
  readonly #client: ReturnType<typeof createClient>;

  constructor(url: string, payload: SubscribePayload, connectionParams: Record<string, unknown> = {}) {
    const connected = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<number | null>();
    this.connected = connected.promise;
    this.ended = ended.promise;
    this.#client = createClient({
      url,
      webSocketImpl: WebSocket,
      connectionParams,
      retryAttempts: 0,
      on: { connected: () => connected.resolve(), closed: (event) => ended.resolve((event as { code: number }).code) },
    });
    this.#stop = this.#client.subscribe<Data>(payload, {
      next: (result) => {
        if (result.data != null) this.data.push(result.data);
        this.errors.push(...((result.errors as typeof this.errors | undefined) ?? []));
        this.#wake();
      },
      error: (error) => {
        if (Array.isArray(error)) this.errors.push(...error);
        if (typeof (error as { code?: unknown }).code === 'number') ended.resolve((error as { code: number }).code);
        this.#wake();
        if (Array.isArray(error)) ended.resolve(null);
      },
      complete: () => ended.resolve(null),
    });
  }

  /** Resolves once it has been told so much; rejects should it end before. */
  async has(count: number): Promise<Data[]> {
    while (this.data.length + this.errors.length < count) {
      const news = new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
      const end = this.ended.then((code) => {
        if (this.data.length + this.errors.length < count) throw new Error(`ended (${code}) with ${this.data.length} of ${count}`);
      });
      await Promise.race([news, end]);
    }
    return this.data;
  }

  async stop(): Promise<void> {
    this.#stop();
    await this.#client.dispose();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
