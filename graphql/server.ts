/**
 * The gateway's HTTP server: Fastify around Apollo, with the routes that operators and orchestrators ask.
 * Must stay true: nothing is answered to a foreign Origin or Host (/livez and /readyz aside, which say nothing); a closing gateway
 * finishes what it has begun; the WebSocket side plugs into the same server, checks and context.
 */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import { type FastifyError, type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { AdminKey } from '../src/platform/admin-key.js';
import type { EventLog } from '../src/platform/event-log/event-log.js';
import { checkDatabase, type Health } from '../src/platform/health.js';
import type { Logger } from '../src/platform/logger.js';
import type { Metrics } from '../src/platform/metrics/metrics.js';
import { listenFailure, urlHost } from '../src/platform/operations-server.js';
import { getStatus } from '../src/store/status.js';
import { createApollo } from './apollo.js';
import { createKeyCheck, type OperatorAccess } from './auth.js';
import { type ContextServices, createContext } from './context.js';
import { createErrorFormatter } from './errors.js';
import { grafanaError, grafanaRoutes } from './grafana/plugin.js';
import { LIMITS } from './limits.js';
import { showLive } from './observation/gateway-metrics.js';
import { countErrors, createOperationTimes } from './observation/operations.js';
import { createOriginCheck, type OriginCheck } from './origin.js';
import { restRoutes } from './rest/plugin.js';
import { schema } from './schema.js';
import { addPages, type Nowhere } from './web/pages.js';

/** How long nothing may move on a connection that a request came by: neither is its answer read, nor is there one. */
const STALLED_MS = 60_000;
/** How long requests under way may take once the gateway closes. */
const DRAIN_MS = 10_000;

export interface GatewayServices extends ContextServices {
  config: { host: string /** 0: any free one. */; port: number /** Beside the server's own. */; allowedOrigins: readonly string[] };
  /** Null: nobody is the operator. */
  adminKey: AdminKey | null;
  log: EventLog;
  logger: Logger;
  metrics: Metrics;
  /** The gateway adds its own parts: the database and the log. */
  health: Health;
  /** Where the built pages are. */
  pages: string;
}

export interface Gateway {
  /** Resolves to http://host:port; rejects with an OperatorError where the port is taken. */
  listen(): Promise<string>;
  /** Subscribers are sent elsewhere, requests under way are finished, connections that wait are closed. */
  close(): Promise<void>;
}

export async function createGateway(services: GatewayServices): Promise<Gateway> {
  const { config, logger, live, health } = services;
  const app = fastify({
    trustProxy: false,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: 30_000,
    connectionTimeout: STALLED_MS,
    forceCloseConnections: 'idle',
    // A path that is none comes past every handler.
    frameworkErrors: (error, _request, reply: FastifyReply) => void reply.code(400).send(errorBody('BAD_USER_INPUT', error.message)),
  });
  const checkOrigin = createOriginCheck(config);
  const checkKey = createKeyCheck(services.adminKey);
  const formatError = countErrors(createErrorFormatter(logger), services.metrics);
  const contextFor = (operator: OperatorAccess) => createContext(services, operator);
  guard(app, checkOrigin);
  measure(app, services.metrics);
  addOperations(app, services);
  answerErrors(app, logger, await addPages(app, services.pages));
  const times = createOperationTimes(services.metrics);
  const apollo = createApollo({ schema, formatError, logger, metrics: services.metrics, times });
  await apollo.start();
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: fastifyApolloHandler(apollo, { context: async (request) => contextFor(checkKey(request.headers.authorization)) }),
  });
  await app.register(grafanaRoutes({ db: services.db, formatError }), { prefix: '/grafana' });
  const rest = { apollo, version: services.platform.version, now: () => services.clock.now() };
  const restContext = (authorization: string | undefined) => contextFor(checkKey(authorization));
  await app.register(restRoutes({ ...rest, contextFor: restContext }), { prefix: '/api' });
  live.attach(app.server, { schema, checkOrigin, checkKey, formatError, times, createContext: contextFor });
  return {
    async listen() {
      try {
        await app.listen(config);
      } catch (error) {
        throw listenFailure(error, config.host, config.port);
      }
      return `http://${urlHost(config.host)}:${(app.server.address() as AddressInfo).port}`;
    },
    async close() {
      health.drain();
      const overdue = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
      await live.close();
      await app.close();
      clearTimeout(overdue);
      await apollo.stop();
    },
  };
}

/** Refuses foreign pages and names, lets allowed ones read the answer, and tells browsers to take nothing for a page. */
function guard(app: FastifyInstance, checkOrigin: OriginCheck): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
      vary: 'Origin',
    });
    if (request.routeOptions.url === '/livez' || request.routeOptions.url === '/readyz') return;
    const verdict = checkOrigin(request.raw);
    if (!verdict.allowed) {
      const describe = request.url.startsWith('/grafana') ? grafanaError : errorBody;
      return reply.code(403).send(describe('FORBIDDEN', verdict.problem));
    }
    if (verdict.cors !== null) reply.header('access-control-allow-origin', verdict.cors);
    if (request.method === 'OPTIONS') {
      return reply
        .code(204)
        .headers({
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers': 'content-type, authorization, apollo-require-preflight, x-apollo-operation-name',
          'access-control-max-age': '600',
        })
        .send();
    }
  });
}

function errorBody(code: string, message: string, more: object = {}) {
  return { errors: [{ message, extensions: { code, ...more } }] };
}

/** Errors outside GraphQL look as those inside do. */
function answerErrors(app: FastifyInstance, logger: Logger, nowhere: Nowhere): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]?.slice(0, 100);
    if (['GET', 'POST'].some((method) => app.hasRoute({ method: method as 'GET', url: path ?? '' }))) {
      return reply.code(405).send(errorBody('BAD_USER_INPUT', `${request.method} is not understood at ${path}`));
    }
    if (nowhere(request, reply)) return reply;
    return reply.code(404).send(errorBody('NOT_FOUND', `There is nothing at ${path}; the API is at /graphql, and as REST at /api`));
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
      return reply.code(415).send(errorBody('BAD_USER_INPUT', 'Send the body as JSON, with the header Content-Type: application/json'));
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return reply.code(error.statusCode).send(errorBody('BAD_USER_INPUT', error.message));
    }
    if (error.statusCode === 503)
      return reply.code(503).send(errorBody('INTERNAL_SERVER_ERROR', 'This gateway is closing: ask again, elsewhere'));
    const id = randomUUID();
    logger.error({ err: error, errorId: id, url: request.url }, 'A request failed');
    return reply
      .code(500)
      .send(errorBody('INTERNAL_SERVER_ERROR', `Something went wrong inside the platform; its id in the log: ${id}`, { id }));
  });
}

function measure(app: FastifyInstance, metrics: Metrics): void {
  const seconds = metrics.histogram('cdp_http_request_duration_seconds');
  app.addHook('onResponse', async (request, reply) => {
    const labels = { route: request.routeOptions.url ?? 'none', method: request.method, status: String(reply.statusCode) };
    seconds.observe(labels, reply.elapsedTime / 1_000);
  });
}

function addOperations(app: FastifyInstance, services: GatewayServices): void {
  const { db, live, health, metrics, platform, clock, log } = services;
  health.addPart('database', () => checkDatabase(db));
  health.addPart('event log', () =>
    live.available ? { status: 'ready' } : { status: 'degraded', reason: 'out of reach: queries are served, subscriptions are not' },
  );
  showLive(metrics, live);
  app.get('/livez', async (_request, reply) => {
    const liveness = health.liveness();
    return reply.code(liveness.status === 'alive' ? 200 : 503).send(liveness);
  });
  app.get('/readyz', async (_request, reply) => {
    const readiness = await health.readiness();
    return reply.code(readiness.status === 'not_ready' ? 503 : 200).send(readiness);
  });
  app.get('/status', async (_request, reply) =>
    reply.type('application/json').send(toJson({ ...platform, ...(await getStatus(db.pool, log, clock.now())) })),
  );
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}

/** Positions and counts as numbers where JSON can hold them, else as text. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    typeof each !== 'bigint' ? each : Number.isSafeInteger(Number(each)) ? Number(each) : String(each),
  );
}
