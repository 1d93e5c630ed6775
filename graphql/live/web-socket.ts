/**
 * GraphQL over WebSocket (graphql-transport-ws) on the gateway's own port and path.
 * Must stay true: the same origins, keys, limits and error codes as over HTTP; a connection that says nothing, is gone, or asks for too
 * much costs little and is closed; a draining gateway closes with 1012.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  Kind,
  visit,
} from 'graphql';
import { type Context, handleProtocols, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../../src/platform/logger.js';
import { clientError, type ErrorFormatter } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { OperationTimes } from '../observation/operations.js';
import type { OriginCheck } from '../origin.js';
import { Broadcasts } from './broadcast.js';
import { CLOSE, Connection } from './connection.js';
import { LogAway } from './reading/feed.js';
import { ValidDocuments } from './valid-documents.js';

/** How the gateway treats its requests, over HTTP too. */
export interface Gate<Operator extends string> {
  schema: GraphQLSchema;
  checkOrigin: OriginCheck;
  checkKey(authorization: string | null): Operator;
  /** A new one for each operation and each batch of events. */
  createContext(operator: Operator): object;
  formatError: ErrorFormatter;
  times: OperationTimes;
}

/** Connections and subscriptions: open now; the rest: since the start. */
export interface LiveCounts {
  connections: number;
  subscriptions: number;
  events: number;
  deliveries: number;
  /** Closed connections by code. */
  closes: ReadonlyMap<number, number>;
}

export interface WebSockets {
  counts(): LiveCounts;
  /** The log is out of reach: closes with 1013 whoever has a subscription. */
  interrupt(): void;
  /** Closes every connection with 1012, and takes no more. */
  drain(): Promise<void>;
}

const INIT_TIMEOUT_MS = 5_000;
/** Under way on one connection, with what the client has completed and is not done yet. */
const MOST_OPERATIONS = 100;
const PING_MS = 20_000;
const DRAIN_MS = 2_000;
/** Of all clients together: with a subscription on each, 130 MB. */
export const MOST_CONNECTIONS = 5_000;

const FULL = `This gateway has ${MOST_CONNECTIONS} WebSockets, and takes no more: connect to another one, or again later`;

const PATH = '/graphql';

interface Extra {
  connection: Connection;
}

export function attachWebSockets<Operator extends string>(server: Server, gate: Gate<Operator>, logger: Logger): WebSockets {
  // Each message in a turn of its own: what graphql-ws does at once for one is done before the next, so an id that was completed is free.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LIMITS.bodyBytes, allowSynchronousEvents: false, handleProtocols });
  const broadcasts = new Broadcasts();
  const protocol = createProtocol(gate, broadcasts);
  const closes = new Map<number, number>();
  const onClose = (code: number) => void closes.set(code, (closes.get(code) ?? 0) + 1);
  let draining = false;
  server.on('upgrade', (request, stream, head) => {
    const busy = draining ? CLOSE.restart.reason : sockets.clients.size >= MOST_CONNECTIONS ? FULL : null;
    const refusal = busy === null ? refuse(request, gate.checkOrigin) : { status: '503 Service Unavailable', problem: busy };
    if (refusal !== null) return answer(stream, refusal);
    sockets.handleUpgrade(request, stream, head, (socket) => {
      socket.once('close', onClose);
      open(protocol, socket, stream, logger);
    });
  });
  const stopPinging = pingAll(sockets);
  return {
    counts: () => ({ connections: sockets.clients.size, subscriptions: broadcasts.subscriptions, ...broadcasts.counts, closes }),
    interrupt: () => broadcasts.closeAll(CLOSE.tryAgainLater),
    async drain() {
      draining = true;
      stopPinging();
      await closeAll(sockets);
    },
  };
}

function refuse(request: IncomingMessage, checkOrigin: OriginCheck): { status: string; problem: string } | null {
  if (request.url?.split('?')[0] !== PATH) return { status: '404 Not Found', problem: `WebSockets are served at ${PATH}` };
  const verdict = checkOrigin(request);
  return verdict.allowed ? null : { status: '403 Forbidden', problem: verdict.problem };
}

function answer(stream: Duplex, { status, problem }: { status: string; problem: string }): void {
  stream.on('error', () => {}); // it went away before it was refused
  stream.once('finish', () => stream.destroy()); // or it would stand for as long as the other side likes
  const body = `${problem}\n`;
  stream.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function open(protocol: ReturnType<typeof createProtocol>, socket: WebSocket, stream: Duplex, logger: Logger): void {
  const connection = new Connection(socket, stream);
  socket.on('ping', () => connection.holdBack()); // ws has answered it
  socket.on('pong', () => connection.holdBack()); // or whoever says it unasked would pass for one who reads
  // ws closes the socket itself, with the code that fits.
  socket.on('error', (error) => logger.debug({ err: error }, 'web socket: a client broke the protocol or its connection'));
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: async (text) => connection.send(text),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) =>
        socket.on('message', (data) => {
          connection.holdBack();
          handle(String(data)).catch((error: unknown) => {
            logger.error({ err: error }, 'web socket: a message could not be handled');
            connection.close(CLOSE.failed);
          });
        }),
    },
    { connection },
  );
  socket.once('close', (code, reason) => void closed(code, String(reason)));
}

function createProtocol<Operator extends string>(gate: Gate<Operator>, broadcasts: Broadcasts) {
  const documents = new ValidDocuments(gate.schema, gate.times);
  const formatErrors = (errors: readonly GraphQLError[]): GraphQLFormattedError[] =>
    errors.map((error) => gate.formatError(error.toJSON(), error));
  return makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onSubscribe: (context, id, payload) => {
      const begun = performance.now();
      const { connection } = context.extra;
      if (connection.underWay.has(id)) {
        // It was completed and is not done: graphql-ws, which knows ids alone, would take its answer for the new one's.
        connection.close(CLOSE.idInUse);
        return [clientError('BAD_USER_INPUT', CLOSE.idInUse.reason, {})];
      }
      if (connection.underWay.size >= MOST_OPERATIONS) return [tooManyOperations()];
      const args = documents.prepare(payload);
      if (Array.isArray(args)) return args;
      const operator = gate.checkKey(authorizationOf(context));
      const makeContext = () => gate.createContext(operator);
      const key = JSON.stringify([operator, payload.operationName, payload.query, withoutPlace(args)]);
      const live = { operation: { args, key, makeContext, formatErrors }, connection, id, begun };
      connection.underWay.add(id);
      // graphql-ws hands the same object on to `subscribe`, which finds there whom it is for.
      return Object.assign(args, { contextValue: makeContext(), live });
    },
    async subscribe(args) {
      const { operation, connection, id } = (args as ExecutionArgs & { live: LiveArguments }).live;
      const result = await broadcasts.subscribe(operation, connection, id);
      if (!('errors' in result && result.errors?.some((error) => error.originalError instanceof LogAway))) return result as ExecutionResult;
      // The close says it all: an outage is said once, not as a failure of each client that tries again.
      connection.close(CLOSE.tryAgainLater);
      return {};
    },
    // A query's or a mutation's answer is there, or a subscription is set up; its events have metrics of their own.
    onOperation(_context, _id, _payload, args) {
      const operation = getOperationAST(args.document, args.operationName);
      if (operation) gate.times.observe('websocket', operation, (args as ExecutionArgs & { live: LiveArguments }).live.begun);
    },
    onNext({ extra }, _id, _payload, _args, { errors, ...rest }) {
      extra.connection.expectAnswer();
      return errors === undefined ? undefined : ({ ...rest, errors: formatErrors(errors) } as unknown as ExecutionResult);
    },
    onComplete: ({ extra }, id) => void extra.connection.underWay.delete(id),
    onError: (_context, _id, _payload, errors) => formatErrors(errors as readonly GraphQLError[]),
  });
}

/**
 * What the variables come to, without the one that only says where to begin: it makes no difference to what an event looks like.
 * What they should not hold, and may be nested deeper than can be written, is not looked at.
 */
function withoutPlace({ schema, document, operationName, variableValues }: ExecutionArgs): Record<string, unknown> {
  const operation = getOperationAST(document, operationName);
  const { coerced } = getVariableValues(schema, operation?.variableDefinitions ?? [], variableValues ?? {}, { maxErrors: 1 });
  const places = new Set<string>();
  // Only of the root field, as it stands in the operation itself: another field's `after` chooses what an event shows.
  for (const root of operation?.selectionSet.selections ?? []) {
    const after = root.kind === Kind.FIELD ? root.arguments?.find(({ name }) => name.value === 'after') : undefined;
    if (after?.value.kind === Kind.VARIABLE) places.add(after.value.name.value);
  }
  const uses = new Map<string, number>();
  visit(document, { Variable: ({ name }) => void uses.set(name.value, (uses.get(name.value) ?? 0) + 1) });
  return Object.fromEntries(Object.entries(coerced ?? {}).filter(([name]) => !places.has(name) || uses.get(name) !== 2));
}

interface LiveArguments {
  operation: Parameters<Broadcasts['subscribe']>[0];
  connection: Connection;
  id: string;
  begun: number;
}

function authorizationOf({ connectionParams }: Context<Record<string, unknown>, Extra>): string | null {
  return typeof connectionParams?.authorization === 'string' ? connectionParams.authorization : null;
}

function tooManyOperations(): GraphQLError {
  return clientError(
    'QUERY_TOO_COMPLEX',
    `This connection has ${MOST_OPERATIONS} operations under way: wait for some, complete some, or subscribe to several coins at once`,
  );
}

/** Ends connections whose other side is gone without a word. Returns how to stop. */
function pingAll(sockets: WebSocketServer): () => void {
  const silent = new WeakSet<WebSocket>();
  const timer = setInterval(() => {
    for (const socket of sockets.clients) {
      if (silent.has(socket)) {
        socket.terminate();
        continue;
      }
      silent.add(socket);
      socket.once('pong', () => silent.delete(socket));
      socket.ping();
    }
  }, PING_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function closeAll(sockets: WebSocketServer): Promise<void> {
  const timer = setTimeout(() => {
    for (const socket of sockets.clients) socket.terminate();
  }, DRAIN_MS);
  await Promise.all(
    [...sockets.clients].map((socket) => {
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.close(CLOSE.restart.code, CLOSE.restart.reason);
      return closed;
    }),
  );
  clearTimeout(timer);
}
