/** A gateway on a free port with a database of its own, and a client that speaks plain HTTP to it. */
import { request } from 'node:http';
import { pino } from 'pino';
import { startLive } from '../../graphql/live/live.js';
import { createGateway, type GatewayServices } from '../../graphql/server.js';
import { ALERTS_TOPIC, PRICES_TOPIC, UPDATES_TOPIC } from '../../src/domain/prices.js';
import { loadAdminKey } from '../../src/platform/admin-key.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../src/platform/event-log/postgres-event-log.js';
import { createHealth } from '../../src/platform/health.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { fixedClock } from './clock.js';
import { NOW, seedMarket } from './seed.js';
import { openTestDatabase } from './test-database.js';

export const OPERATOR_KEY = 'k3y-of-the-operator';
export const AS_OPERATOR = { authorization: `Bearer ${OPERATOR_KEY}` };

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The body, parsed; whatever shape the test expects. */
  // biome-ignore lint/suspicious/noExplicitAny: each test reads the fields that it asked for
  json: any;
}

export interface TestGateway {
  db: Database;
  /** Its event log: in Postgres, with the platform's topics. */
  eventLog: EventLog;
  url: string;
  clock: ReturnType<typeof fixedClock>;
  /** Lines that the gateway logged. */
  log: string[];
  http(options: { method?: string; path?: string; headers?: Record<string, string>; body?: string }): Promise<Reply>;
  /** POST /graphql. */
  ask(query: string, variables?: object, headers?: Record<string, string>): Promise<Reply>;
  /** `meanwhile` runs once the gateway has begun to close. */
  close(meanwhile?: () => Promise<void>): Promise<void>;
}

export async function startTestGateway(overrides: Partial<GatewayServices> = {}): Promise<TestGateway> {
  const db = await openTestDatabase();
  await seedMarket(db);
  const clock = fixedClock(NOW);
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(line) });
  const eventLog = createPostgresEventLog(db, logger);
  await eventLog.ensureTopics(
    [PRICES_TOPIC, UPDATES_TOPIC, ALERTS_TOPIC].map((topic) => ({ topic, partitions: 2, retentionMs: 86_400_000 })),
  );
  const health = createHealth();
  const gateway = await createGateway({
    db,
    clock,
    platform: { realm: 'simulated', version: '1.2.3', startedAt: new Date('2026-03-10T00:00:00Z') },
    actions: { redriveDeadLetters: async (ids) => ids.length, redriveRejectedRows: async (ids) => ids.length },
    pages: '',
    config: { host: '127.0.0.1', port: 0, allowedOrigins: [] },
    adminKey: loadAdminKey({ adminApiKey: OPERATOR_KEY, databaseUrl: null, dataDir: '' }),
    logger,
    metrics: new Metrics('gateway'),
    health,
    log: eventLog,
    live: await startLive({ log: eventLog, db, logger, heartbeats: health.heartbeats }),
    ...overrides,
  });
  const close: TestGateway['close'] = async (meanwhile) => {
    const closing = gateway.close();
    await meanwhile?.();
    await closing;
    await eventLog.close();
    await db.close();
  };
  const url = await gateway.listen().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const http: TestGateway['http'] = (options) => sendHttp(url, options);
  return {
    db,
    eventLog,
    url,
    clock,
    log,
    http,
    ask: (query, variables, headers) =>
      http({ method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query, variables }) }),
    close,
  };
}

/** node:http, for fetch sets Host and Origin itself. */
function sendHttp(
  url: string,
  { method = 'GET', path = '/graphql', headers = {}, body }: Parameters<TestGateway['http']>[0],
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: text.startsWith('{') ? JSON.parse(text) : null,
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
