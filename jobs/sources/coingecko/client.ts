/**
 * One GET to CoinGecko's API (or to what speaks it): turn, request, deadline, size limit, error recognition, retries.
 * Must stay true: the deadline holds for the whole response, body included; only 429, 5xx, time-outs and resets are tried again;
 * the key goes into one header and nowhere else: not into a URL, a message, a log line, nor to the target of a redirect.
 */
import pRetry from 'p-retry';
import { OperatorError } from '../../../src/domain/errors.js';
import { type Clock, SECOND } from '../../../src/domain/time.js';
import { type CallLimiter, LONGEST_WAIT_MS } from '../call-limiter.js';
import type { CallPurpose } from '../plan.js';
import { SourceError } from '../source.js';
import { interpretResponse } from './responses.js';
import { isResetOrTimeout, noResponse, type TextResponse, TooLarge } from './transport-errors.js';

export interface ClientOptions {
  /** As a person knows it: stands at the head of every message. */
  label: string;
  /** Ends in /api/v3 for CoinGecko. */
  baseUrl: string;
  keyHeader: string | null;
  apiKey: string | null;
  limiter: CallLimiter;
  clock: Clock;
  timings?: Partial<ClientTimings>;
}

export interface ClientTimings {
  /** For one attempt, from the request to the last byte of the body. */
  deadlineMs: number;
  retries: number;
  /** First wait between attempts; doubles, times 1 to 2 at random. */
  backoffMs: number;
  /** What a 429 without Retry-After means. CoinGecko counts by the minute. */
  pauseMs: number;
}

const TIMINGS: ClientTimings = { deadlineMs: 20 * SECOND, retries: 3, backoffMs: 500, pauseMs: 20 * SECOND };
/** A page of 250 coins has 250 kB; 90 days of hourly points 350 kB. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

export interface ApiRequest {
  /** As CoinGecko names it, placeholders and all: what calls are counted and errors are named by. */
  endpoint: string;
  /** The endpoint with its placeholders filled in, URL-encoded. */
  path?: string;
  query?: Record<string, string>;
  purpose: CallPurpose;
}

export interface ApiResponse {
  /** When the request that succeeded was sent. */
  fetchedAt: Date;
  receivedAt: Date;
  /** Numbers are raw JSON. */
  body: unknown;
}

export type ApiClient = (request: ApiRequest, signal?: AbortSignal) => Promise<ApiResponse>;

/** Failures are SourceErrors; an abort rejects with the signal's reason. */
export function createClient(options: ClientOptions): ApiClient {
  const { limiter, clock, label, apiKey } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const headers = requestHeaders(options);
  const baseUrl = options.baseUrl.replace(/\/+$/, '');

  async function attempt(request: ApiRequest, signal: AbortSignal | undefined): Promise<ApiResponse> {
    await limiter.takeTurn(request.endpoint, request.purpose, signal);
    const fetchedAt = clock.now();
    const url = `${baseUrl}${request.path ?? request.endpoint}?${new URLSearchParams(request.query)}`;
    const deadline = AbortSignal.timeout(timings.deadlineMs);
    let response: TextResponse;
    try {
      response = await fetchText(url, headers, signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
    } catch (cause) {
      signal?.throwIfAborted();
      throw noResponse({ label, endpoint: request.endpoint, host: new URL(baseUrl).host, deadlineMs: timings.deadlineMs }, cause);
    }
    const receivedAt = clock.now();
    return { fetchedAt, receivedAt, body: interpretResponse(response, { label, endpoint: request.endpoint, apiKey }) };
  }

  return (request, signal) =>
    pRetry(() => attempt(request, signal), {
      signal,
      retries: timings.retries,
      minTimeout: timings.backoffMs,
      maxTimeout: 10 * timings.backoffMs,
      randomize: true,
      // The wait that the source asks for is everybody's: it stands in the budget, and the next attempt's turn waits for it.
      async onFailedAttempt({ error }) {
        if (!(error instanceof SourceError) || error.status === undefined) return;
        const wait = error.retryAfterMs ?? (error.kind === 'rate_limited' ? timings.pauseMs : 0);
        if (wait > 0) await limiter.block(wait);
      },
      shouldRetry: ({ error }) => error instanceof SourceError && mayTryAgain(error),
    });
}

function mayTryAgain(error: SourceError): boolean {
  if ((error.retryAfterMs ?? 0) > LONGEST_WAIT_MS) return false;
  if (error.kind === 'rate_limited') return true;
  return error.kind === 'unavailable' && (error.status !== undefined || isResetOrTimeout(error.cause));
}

function requestHeaders({ keyHeader, apiKey }: ClientOptions): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'crypto-data-platform' };
  if (keyHeader === null) return headers;
  // fetch itself would say what is wrong by quoting the key.
  if (apiKey === null || !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new OperatorError(
      `COINGECKO_API_KEY is ${apiKey === null ? 'missing' : 'not a key (it holds spaces or other characters that no key has)'}, and this plan needs one. ` +
        'Set it, or COINGECKO_PLAN=public to go without.',
    );
  }
  headers[keyHeader] = apiKey;
  return headers;
}

async function fetchText(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<TextResponse> {
  const response = await fetch(url, { headers, signal, redirect: 'manual' });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new TooLarge(MAX_BODY_BYTES);
    text += decoder.decode(chunk, { stream: true });
  }
  return { status: response.status, headers: response.headers, text: text + decoder.decode() };
}
