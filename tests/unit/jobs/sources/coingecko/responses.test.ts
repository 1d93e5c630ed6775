import { describe, expect, test } from '@jest/globals';
import { interpretResponse } from '../../../../../jobs/sources/coingecko/responses.js';
import { SourceError, type SourceErrorKind } from '../../../../../jobs/sources/source.js';

function interpret(status: number, text: string, headers: Record<string, string> = {}): unknown {
  const context = { label: 'CoinGecko', endpoint: '/simple/price', apiKey: null };
  return interpretResponse({ status, text, headers: new Headers(headers) }, context);
}

function errorOf(status: number, text: string, headers?: Record<string, string>): SourceError {
  try {
    interpret(status, text, headers);
  } catch (error) {
    expect(error).toBeInstanceOf(SourceError);
    return error as SourceError;
  }
  throw new Error('the response was taken for a good one');
}

describe('error responses', () => {
  test.each<[SourceErrorKind, number, string]>([
    ['rate_limited', 429, '{"status":{"error_code":429,"error_message":"Slow down"}}'],
    ['rate_limited', 200, '{"status":{"error_code":429,"error_message":"Slow down"}}'],
    ['rate_limited', 429, 'Throttled'],
    ['rate_limited', 200, 'Throttled'],
    ['rate_limited', 403, 'error code: 1015'],
    ['unauthorized', 401, '{"status":{"timestamp":"2026-05-17T01:39:44Z","error_code":10002,"error_message":"No key"}}'],
    ['unauthorized', 400, '{"timestamp":"2025-09-01T13:07:05Z","error_code":10011,"status":{"error_message":"The other host"}}'],
    ['unauthorized', 401, '{"status":{"error_code":10005,"error_message":"Paying customers only"}}'],
    ['invalid_request', 401, '{"error":{"status":{"timestamp":"2026-10-07T13:32:10Z","error_code":10012,"error_message":"Too far back"}}}'],
    ['unauthorized', 403, '<!DOCTYPE html><head><title>Access denied | Cloudflare</title></head>'],
    ['unauthorized', 200, '<!DOCTYPE html><head><title>Access denied | Cloudflare</title></head>'],
    ['not_found', 404, '{"error":"coin not found"}'],
    ['not_found', 200, '{"error":"coin not found"}'],
    ['invalid_request', 404, '{"error":"Incorrect path"}'],
    ['invalid_request', 404, '<html><head><title>404 Not Found</title></head></html>'],
    ['invalid_request', 404, '{"error":"Not Found"}'],
    ['invalid_request', 400, '{"error":"invalid vs_currency"}'],
    ['invalid_request', 422, '{"error":"Missing parameter vs_currencies"}'],
    ['invalid_request', 301, ''],
    ['unavailable', 500, '{"error":"oops"}'],
    ['unavailable', 522, 'error code: 522'],
    ['unavailable', 408, ''],
    ['malformed', 204, ''],
    ['malformed', 200, '<html></html>'],
    ['malformed', 200, '{"bitcoin":{"usd":1'],
    ['malformed', 200, 'NaN'],
  ])('are %s: HTTP %d with %s', (kind, status, text) => {
    const error = errorOf(status, text);
    expect(error).toMatchObject({ kind, status, endpoint: '/simple/price' });
    expect(error.message).toMatch(/^CoinGecko \/simple\/price: \S.*\. \S.*\.$/);
  });

  test('quote the server, in one line and not at length', () => {
    const error = errorOf(400, JSON.stringify({ error: `line one\nline two\u001b[31m ${'x'.repeat(5_000)}` }));
    expect(error.message).toContain('"line one line two [31m xxx');
    expect(error.message.length).toBeLessThan(500);
  });

  test('that broke off keep their cause', () => {
    expect(errorOf(200, '{"a":').cause).toBeInstanceOf(SyntaxError);
  });

  test.each([
    ['0', 0],
    ['119', 119_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['86400', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 3_600_000],
    ['-5', undefined],
    ['', undefined],
  ])('read Retry-After: %s', (text, expected) => {
    expect(errorOf(429, 'Throttled', { 'retry-after': text }).retryAfterMs).toBe(expected);
  });
});

describe('good responses', () => {
  test.each([
    ['{}'],
    ['{"some-coin":{}}'],
    ['{"error":{"usd":1,"last_updated_at":1795421229}}'],
    ['{"status":{"usd":1,"last_updated_at":1795421229}}'],
    ['[]'],
    ['null'],
  ])('are no errors: %s', (text) => {
    expect(JSON.stringify(interpret(200, text))).toBe(text);
  });
});
