/** What fetch throws, in words for a person: no response came, or none that could be read to its end. */
import { SECOND } from '../../../src/domain/time.js';
import { SourceError } from '../source.js';

export interface TextResponse {
  status: number;
  headers: Headers;
  text: string;
}

/** Thrown while reading a body; leaving the loop closes the connection. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
  constructor(readonly limitBytes: number) {
    super(`the body is larger than ${limitBytes} bytes`);
  }
}

const RESETS_AND_TIMEOUTS = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

export function isResetOrTimeout(error: unknown): boolean {
  return isTimeout(error) || RESETS_AND_TIMEOUTS.has(errorCode(error) ?? '');
}

type ErrorLike = { name?: unknown; message?: unknown; code?: unknown; cause?: unknown } | null | undefined;

/** fetch wraps the socket's error once, and several of them (one per address) in an AggregateError that has the code itself. */
function errorCode(error: unknown): string | undefined {
  for (let inner = error as ErrorLike; typeof inner === 'object' && inner !== null; inner = inner.cause as ErrorLike) {
    if (typeof inner.code === 'string') return inner.code;
  }
  return undefined;
}

function isTimeout(error: unknown): boolean {
  return (error as ErrorLike)?.name === 'TimeoutError';
}

export interface RequestContext {
  label: string;
  endpoint: string;
  host: string;
  deadlineMs: number;
}

export function noResponse(request: RequestContext, cause: unknown): SourceError {
  const { endpoint } = request;
  const head = `${request.label} ${endpoint}:`;
  if (cause instanceof TooLarge || errorCode(cause) === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    const what = cause instanceof TooLarge ? cause.message : 'the body is not UTF-8';
    return new SourceError(`${head} ${what}, as no answer should be. Does COINGECKO_BASE_URL name the right server?`, {
      kind: 'malformed',
      endpoint,
      cause,
    });
  }
  return new SourceError(`${head} ${whatHappened(request, cause)}`, { kind: 'unavailable', endpoint, cause });
}

function whatHappened({ host, deadlineMs }: RequestContext, cause: unknown): string {
  if (isTimeout(cause)) return `${host} gave no complete answer within ${deadlineMs / SECOND} s. It is tried again later.`;
  const code = errorCode(cause);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the name ${host} cannot be resolved. Check the network and COINGECKO_BASE_URL.`;
  if (code === 'ECONNREFUSED') return `${host} refuses connections. Check that it is up, and COINGECKO_BASE_URL.`;
  if (isResetOrTimeout(cause)) return `the connection to ${host} broke off (${code}). It is tried again later.`;
  // No words of fetch's own: they may quote what a log must not hold.
  return `no connection to ${host} (${code ?? (cause as ErrorLike)?.name ?? 'for no reason given'}). Check the network and COINGECKO_BASE_URL.`;
}
