/**
 * What a client is told when something goes wrong, over HTTP and WebSocket alike.
 * Must stay true: a message names the cause and what to do next; anything that is not an answer of ours or of the query language
 * leaves as INTERNAL_SERVER_ERROR with an id, and its detail goes to the log under that id, never to the client.
 */
import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLErrorOptions, type GraphQLFormattedError } from 'graphql';
import type { Logger } from '../src/platform/logger.js';

export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'QUERY_TOO_COMPLEX'
  | 'CURSOR_EXPIRED'
  | 'INTERNAL_SERVER_ERROR';

const OWN_CODES: ReadonlySet<unknown> = new Set<ErrorCode>([
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'QUERY_TOO_COMPLEX',
  'CURSOR_EXPIRED',
]);
/** Names and values that a client sent come back in messages; a message is for reading. */
const MAX_MESSAGE = 500;
/** Postgres: text with a character that it cannot hold, which is NUL. */
const UNTRANSLATABLE_TEXT = new Set(['22021', '22P05']);

export function clientError(code: ErrorCode, message: string, options: GraphQLErrorOptions = {}): GraphQLError {
  return new GraphQLError(message, { ...options, extensions: { code } });
}

export function badUserInput(message: string, options?: GraphQLErrorOptions): GraphQLError {
  return clientError('BAD_USER_INPUT', message, options);
}

export function notFound(message: string): GraphQLError {
  return clientError('NOT_FOUND', message);
}

export type ErrorFormatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

export function createErrorFormatter(logger: Logger): ErrorFormatter {
  return (formatted, error) => {
    const { code, message } = describe(formatted, error);
    const known = { ...withoutUndefined({ locations: formatted.locations, path: formatted.path }) };
    if (code !== 'INTERNAL_SERVER_ERROR') return { message: shorten(message), ...known, extensions: { code } };
    const id = randomUUID();
    logger.error({ err: rootOf(error), errorId: id, path: formatted.path }, 'A GraphQL request failed');
    return {
      message: `Something went wrong inside the platform. If it happens again, tell its operator this id: ${id}`,
      ...known,
      extensions: { code, id },
    };
  };
}

function describe(formatted: GraphQLFormattedError, error: unknown): { code: string; message: string } {
  const chain = [...causesOf(error)];
  const own = chain.find((each) => each instanceof GraphQLError && OWN_CODES.has(each.extensions.code));
  if (own instanceof GraphQLError) return { code: String(own.extensions.code), message: formatted.message };
  if (chain.some((each) => UNTRANSLATABLE_TEXT.has(sqlStateOf(each)))) {
    return { code: 'BAD_USER_INPUT', message: 'Text may not contain the character U+0000: leave it out' };
  }
  if (/more that \d+ tokens/.test(formatted.message)) {
    return { code: 'QUERY_TOO_COMPLEX', message: `${formatted.message} Split the query.` };
  }
  // What graphql-js and Apollo say of the request has no place in the answer yet; what a field threw has one, or another origin.
  if (formatted.path !== undefined || chain.some((each) => !(each instanceof GraphQLError)))
    return { code: 'INTERNAL_SERVER_ERROR', message: '' };
  const code = formatted.extensions?.code;
  if (typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR') return { code, message: formatted.message };
  return { code: 'BAD_USER_INPUT', message: formatted.message };
}

function* causesOf(error: unknown): Iterable<unknown> {
  for (let each = error, depth = 0; each != null && depth < 8; depth++) {
    yield each;
    each =
      each instanceof GraphQLError
        ? (each.originalError ?? each.cause)
        : ((each as Error).cause ?? (each as PrismaError).meta?.driverAdapterError);
  }
}

interface PrismaError {
  meta?: { driverAdapterError?: unknown };
}

/** As pg's errors name it, or those of Prisma's adapter. */
function sqlStateOf(error: unknown): string {
  const { code, originalCode } = error as { code?: unknown; originalCode?: unknown };
  return String(originalCode ?? code);
}

/** The first error on the way in that says more than where in the query it happened. */
function rootOf(error: unknown): unknown {
  for (const each of causesOf(error)) if (!(each instanceof GraphQLError)) return each;
  return error;
}

function shorten(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}

function withoutUndefined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
