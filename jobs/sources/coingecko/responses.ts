/**
 * A complete response: its JSON, or the SourceError that it stands for. CoinGecko's errors come in six shapes, one of them inside HTTP 200:
 * {status:{error_code,error_message}} · {error_code,status:{error_message}} · {error:{status:{…}}} · {error:"…"} · plain text · an HTML page.
 */
import { SECOND } from '../../../src/domain/time.js';
import { LONGEST_BLOCK_MS } from '../../../src/store/api-budgets.js';
import { parseLossless, toDecimal } from '../lossless-json.js';
import { SourceError, type SourceErrorKind } from '../source.js';
import type { TextResponse } from './transport-errors.js';

export interface ResponseContext {
  label: string;
  endpoint: string;
  /** Struck out wherever the server repeats it. */
  apiKey: string | null;
}

/** What the server says is wrong. */
interface ErrorBody {
  /** CoinGecko's own code, or an HTTP status that stands in the body. */
  code: number | null;
  words: string;
}

/** The body with raw JSON numbers; throws SourceError. */
export function interpretResponse(response: TextResponse, context: ResponseContext): unknown {
  const parsed = parseBody(response.text);
  const errorBody = 'json' in parsed ? errorBodyIn(parsed.json) : errorBodyInText(response.text);
  if (isSuccess(response.status) && errorBody === null) {
    if ('json' in parsed) return parsed.json;
    throw malformed(response, context, parsed.problem);
  }
  throw refused(response, context, errorBody);
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function parseBody(text: string): { json: unknown } | { problem: unknown } {
  try {
    return { json: parseLossless(text) };
  } catch (problem) {
    return { problem };
  }
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

/** Null for what is not an error: a coin may well be called `status` or `error`. */
function errorBodyIn(body: unknown): ErrorBody | null {
  if (!isObject(body)) return null;
  const inner = isObject(body.error) ? body.error : body;
  const status = isObject(inner.status) ? inner.status : {};
  const code = toCode(status.error_code) ?? toCode(inner.error_code);
  const words = status.error_message ?? body.error;
  if (typeof words === 'string') return { code, words };
  return code === null ? null : { code, words: '' };
}

function toCode(value: unknown): number | null {
  const code = toDecimal(value);
  return code === null ? null : Number(code);
}

function errorBodyInText(text: string): ErrorBody | null {
  if (/^\s*(throttled|error code: 1015)/i.test(text)) return { code: 429, words: text };
  const title = /<title>([^<]*)/i.exec(text)?.[1];
  return title !== undefined && /access denied/i.test(title) ? { code: 403, words: title } : null;
}

/** 10002: no key; 10005: not in this plan; 10010, 10011: the other plan's host; 10012: further back than the plan gives. */
function kindOf(status: number, errorBody: ErrorBody | null): SourceErrorKind {
  const code = errorBody?.code ?? null;
  if (code === 10_012) return 'invalid_request';
  if (code !== null && code >= 10_000) return 'unauthorized';
  const effective = code ?? status;
  if (effective === 429) return 'rate_limited';
  if (effective === 401 || effective === 403) return 'unauthorized';
  // Any other 404 is a path that is none there, or a proxy's: it says nothing of the coin.
  if ((effective === 404 || isSuccess(status)) && /coin not found/i.test(errorBody?.words ?? '')) return 'not_found';
  return effective >= 500 || effective === 408 ? 'unavailable' : 'invalid_request';
}

const NEXT_STEP: Record<SourceErrorKind, string> = {
  rate_limited: 'The platform waits and goes on; a bigger plan (COINGECKO_PLAN with its COINGECKO_API_KEY) has more room.',
  unauthorized:
    'Check that COINGECKO_API_KEY belongs to COINGECKO_PLAN and that the plan offers this; a network address can be shut out too.',
  not_found: 'Check the coin id (the one in the address of its page at CoinGecko).',
  invalid_request: 'This call will not succeed as it stands; the plan, or COINGECKO_BASE_URL, may be another one than expected.',
  unavailable: 'It is tried again later.',
  malformed: 'It is tried again later. If it stays, a proxy may stand between: check COINGECKO_BASE_URL.',
};

function refused(response: TextResponse, context: ResponseContext, errorBody: ErrorBody | null): SourceError {
  const { status } = response;
  const kind = kindOf(status, errorBody);
  const retryAfterMs = parseRetryAfter(response.headers);
  const said = errorBody?.words || bareText(response.text);
  const words = said === '' ? '' : `: "${presentable(said, context)}"`;
  const target =
    status >= 300 && status < 400 ? ` (a redirect to ${presentable(response.headers.get('location') ?? 'nowhere', context)})` : '';
  const wait = retryAfterMs === undefined ? '' : ` It asks to wait ${Math.ceil(retryAfterMs / SECOND)} s.`;
  return new SourceError(
    `${context.label} ${context.endpoint}: ${summary(status, errorBody)}${target}${words}.${wait} ${NEXT_STEP[kind]}`,
    {
      kind,
      endpoint: context.endpoint,
      status,
      retryAfterMs: kind === 'rate_limited' || kind === 'unavailable' ? retryAfterMs : undefined,
    },
  );
}

function summary(status: number, errorBody: ErrorBody | null): string {
  return errorBody?.code == null || errorBody.code === status ? `HTTP ${status}` : `HTTP ${status}, error ${errorBody.code}`;
}

function malformed(response: TextResponse, context: ResponseContext, cause: unknown): SourceError {
  const { text, status } = response;
  const what = text.trim() === '' ? 'an empty body' : /^\s*</.test(text) ? 'a page of HTML' : 'something else';
  const words = text.trim() === '' ? '' : `: "${presentable(bareText(text), context)}"`;
  return new SourceError(`${context.label} ${context.endpoint}: ${what} instead of JSON${words}. ${NEXT_STEP.malformed}`, {
    kind: 'malformed',
    endpoint: context.endpoint,
    status,
    cause,
  });
}

function bareText(text: string): string {
  return /<title>([^<]*)/i.exec(text)?.[1] ?? text;
}

function presentable(words: string, { apiKey }: ResponseContext): string {
  const safe = apiKey === null ? words : words.replaceAll(apiKey, '[key]');
  const line = safe
    .slice(0, 1_000)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line.replace(/\.$/, '');
}

/** Seconds or an HTTP date, which is read against the server's own clock where it tells it; an hour at most. */
function parseRetryAfter(headers: Headers): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return clamp(Number(text) * SECOND);
  // Date.parse alone would make a date of almost anything: "-5" is in May 2001.
  if (!text.endsWith(' GMT')) return undefined;
  const now = Date.parse(headers.get('date') ?? '');
  const until = Date.parse(text);
  return Number.isNaN(until) ? undefined : clamp(until - (Number.isNaN(now) ? Date.now() : now));
}

function clamp(waitMs: number): number {
  return Math.min(Math.max(0, waitMs), LONGEST_BLOCK_MS);
}
