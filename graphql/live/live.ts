/** The live half of the gateway: one follower of updates and one of alerts in a process, and the subscriptions that read from them. */
import type { Server } from 'node:http';
import { GraphQLError } from 'graphql';
import pg from 'pg';
import type { AlertRecord, PriceUpdateRecord } from '../../src/domain/updates.js';
import { Complaint } from '../../src/platform/complaint.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Heartbeats } from '../../src/platform/heartbeats.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { isTransient } from '../../src/platform/postgres/errors.js';
import { ALERTS, type AlertEvent, type AlertsRequest, openAlertFeed } from './alerts.js';
import { CandleBoard, type CandleFeed, type CandlesRequest } from './candles.js';
import { checkChosenCoins } from './chosen-coins.js';
import { openPriceFeed, PRICE_UPDATES, type PriceUpdateEvent, type PriceUpdatesRequest } from './price-updates.js';
import { type Feed, LogAway } from './reading/feed.js';
import { Follower } from './reading/follower.js';
import { attachWebSockets, type Gate, type LiveCounts, type WebSockets } from './web-socket.js';

export type { AlertEvent, PriceUpdateEvent };

/** Each reader throws LogAway where it cannot be served for now, and GraphQL errors for what the client got wrong. */
export interface Live {
  priceUpdates(request: PriceUpdatesRequest): Promise<Feed<PriceUpdateRecord>>;
  /** `signal`: aborted when its reader is gone, for it may have to look for its place in the log. */
  alerts(request: AlertsRequest, signal: AbortSignal): Promise<Feed<AlertRecord>>;
  candles(request: CandlesRequest): Promise<CandleFeed>;
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
  /** Of the process: each partition that is followed has one. */
  heartbeats: Heartbeats;
}

export async function startLive({ log, db, logger, heartbeats }: LiveOptions): Promise<Live> {
  const board = new CandleBoard(db, logger);
  let sockets: WebSockets | null = null;
  const onAway = () => {
    sockets?.interrupt();
    board.interrupt();
  };
  const [updates, alerts] = await Promise.all([
    Follower.start({ log, logger, heartbeats, topic: PRICE_UPDATES, onAway, onNews: (update) => board.onUpdate(update) }),
    Follower.start({ log, logger, heartbeats, topic: ALERTS, onAway }),
  ]);
  const complaint = new Complaint(logger, 'warn');
  /** What is neither the client's fault nor a bug is an outage that is not noticed yet: the client comes back, as those do whom it interrupts. */
  const opening = async <T>(open: () => Promise<T>): Promise<T> => {
    try {
      const feed = await open();
      complaint.end();
      return feed;
    } catch (error) {
      if (error instanceof GraphQLError || error instanceof LogAway || isRefusal(error)) throw error;
      complaint.say(error, 'live: a subscription could not be opened');
      throw new LogAway('the subscription cannot be opened for now', { cause: error });
    }
  };
  return {
    priceUpdates: (request) =>
      opening(async () => {
        const { past } = updates;
        await checkChosenCoins(db.pool, request);
        return openPriceFeed(past, request);
      }),
    alerts: (request, signal) =>
      opening(async () => {
        const { past } = alerts;
        await checkChosenCoins(db.pool, request);
        return openAlertFeed(db, past, request, signal);
      }),
    candles: (request) =>
      opening(async () => {
        if (!updates.available) throw new LogAway('the log is out of reach');
        await checkChosenCoins(db.pool, { coinIds: [request.coinId] });
        return board.open(request);
      }),
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

/** Postgres was there, and would not have the statement. */
function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !isTransient(error);
}
