/** The live half of the gateway: one follower of updates and one of alerts in a process, and the subscriptions that read from them. */
import type { Server } from 'node:http';
import type { AlertRecord, PriceUpdateRecord } from '../../src/domain/updates.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Heartbeats } from '../../src/platform/heartbeats.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { ALERTS, type AlertEvent, type AlertsRequest, openAlertFeed } from './alerts.js';
import { CandleBoard, type CandleFeed, type CandlesRequest } from './candles.js';
import { openPriceFeed, PRICE_UPDATES, type PriceUpdateEvent, type PriceUpdatesRequest } from './price-updates.js';
import { type Feed, LogAway } from './reading/feed.js';
import { Follower } from './reading/follower.js';
import { attachWebSockets, type Gate, type LiveCounts, type WebSockets } from './web-socket.js';

export type { AlertEvent, PriceUpdateEvent };

/** Each reader throws LogAway while the log is out of reach, and GraphQL errors for what the client got wrong. */
export interface Live {
  priceUpdates(request: PriceUpdatesRequest): Promise<Feed<PriceUpdateRecord>>;
  /** `signal`: aborted when its reader is gone, for it may have to look for its place in the log. */
  alerts(request: AlertsRequest, signal: AbortSignal): Promise<Feed<AlertRecord>>;
  candles(request: CandlesRequest): CandleFeed;
  /** False: subscriptions cannot be served now (degraded, not unready). */
  readonly available: boolean;
  /** Open WebSockets. */
  connections(): number;
  /** Null before it serves anybody. */
  counts(): LiveCounts | null;
  /** Serves the server's upgrades to /graphql. */
  attach<Operator extends string>(server: Server, gate: Gate<Operator>): void;
  /** Closes the sockets, so that clients resume elsewhere, then stops following the log. */
  close(): Promise<void>;
}

export interface LiveOptions {
  log: EventLog;
  db: Database;
  logger: Logger;
  /** Of the process: each partition that is followed beats one. */
  hearts: Heartbeats;
}

export async function startLive({ log, db, logger, hearts }: LiveOptions): Promise<Live> {
  const board = new CandleBoard(db, logger);
  let sockets: WebSockets | null = null;
  const onAway = () => {
    sockets?.interrupt();
    board.interrupt();
  };
  const [updates, alerts] = await Promise.all([
    Follower.start({ log, logger, hearts, topic: PRICE_UPDATES, onAway, onNews: (update) => board.onUpdate(update) }),
    Follower.start({ log, logger, hearts, topic: ALERTS, onAway }),
  ]);
  return {
    priceUpdates: async (request) => openPriceFeed(updates.past, request),
    alerts: async (request, signal) => openAlertFeed(db, alerts.past, request, signal),
    candles(request) {
      if (!updates.available) throw new LogAway('the log is out of reach');
      return board.open(request);
    },
    get available() {
      return updates.available && alerts.available;
    },
    connections: () => sockets?.counts().connections ?? 0,
    counts: () => sockets?.counts() ?? null,
    attach(server, gate) {
      sockets = attachWebSockets(server, gate, logger);
    },
    async close() {
      await sockets?.drain();
      await Promise.all([updates.stop(), alerts.stop(), board.stop()]);
    },
  };
}
