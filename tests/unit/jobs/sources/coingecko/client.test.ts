import { afterEach, describe, expect, test } from '@jest/globals';
import { SourceError } from '../../../../../jobs/sources/source.js';
import { type FixtureServer, openLimiter, type Reply, reply, serve, testSource } from './fixture-server.js';

const GOOD = reply('{"bitcoin":{"usd":64512.123456789,"last_updated_at":1795421229}}');
const RATE_LIMIT = '{"status":{"error_code":429,"error_message":"Too many calls."}}';

let server: FixtureServer;
afterEach(() => server.stop());

async function ask(replies: Reply[], options: Partial<Parameters<typeof testSource>[0]> = {}, signal?: AbortSignal) {
  server = await serve(...replies);
  return testSource({ url: server.url, ...options }).currentPrices(['bitcoin'], signal);
}

async function failure(replies: Reply[], options: Partial<Parameters<typeof testSource>[0]> = {}): Promise<SourceError> {
  const error = await ask(replies, options).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SourceError);
  return error as SourceError;
}

describe('a call that fails', () => {
  test.each([
    ['429', reply(RATE_LIMIT, 429)],
    ['429 as text', reply('Throttled', 429, { 'content-type': 'text/plain' })],
    ['429 inside HTTP 200', reply(RATE_LIMIT)],
    ['500', reply('{"status":{"error_code":500,"error_message":"Internal"}}', 500)],
    ['502 with a page', reply('<html><title>Bad gateway</title></html>', 502, { 'content-type': 'text/html' })],
    ['503', reply('', 503)],
    ['a reset', (response) => response.destroy()],
    ['a body that breaks off', truncated],
  ] as [string, Reply][])('is tried again after %s', async (_name, bad) => {
    const limiter = openLimiter();
    const { rows } = await ask([bad, GOOD], { limiter });
    expect(rows.map((row) => row.priceUsd)).toEqual(['64512.123456789']);
    expect(limiter.turns).toEqual([
      ['/simple/price', 'stream'],
      ['/simple/price', 'stream'],
    ]);
  });

  test.each([
    ['401', reply('{"status":{"error_code":10002,"error_message":"API Key Missing."}}', 401), 'unauthorized'],
    ['404', reply('{"error":"coin not found"}', 404), 'not_found'],
    ['400', reply('{"error":"invalid vs_currency"}', 400), 'invalid_request'],
    ['422', reply('{"error":"Missing parameter vs_currencies"}', 422), 'invalid_request'],
    ['an empty body', reply(''), 'malformed'],
    ['HTML', reply('<!DOCTYPE html><title>Just a moment</title>', 200, { 'content-type': 'text/html' }), 'malformed'],
    ['half of a JSON', reply('{"bitcoin":{"usd":64512.1'), 'malformed'],
    ['a list', reply('[]'), 'malformed'],
    ['a body without measure', reply('['.repeat(2_000_000)), 'malformed'],
    ['what is not UTF-8', reply(Buffer.from('{"bitcoin":{"usd":1,"last_updated_at":1795421229,"note":"\xff"}}', 'latin1')), 'malformed'],
  ] as [string, Reply, string][])('is not tried again after %s', async (_name, bad, kind) => {
    expect((await failure([bad, GOOD])).kind).toBe(kind);
    expect(server.asked).toHaveLength(1);
  });

  test('ends with what the last attempt said', async () => {
    const error = await failure([reply('', 503), reply('', 503), reply('{"error":"the last word"}', 500)]);
    expect(error).toMatchObject({ kind: 'unavailable', status: 500, endpoint: '/simple/price', retryable: true });
    expect(error.message).toBe('CoinGecko /simple/price: HTTP 500: "the last word". It is tried again later.');
    expect(server.asked).toHaveLength(3);
  });

  test('says so when nobody is there, at once', async () => {
    server = await serve(GOOD);
    await server.stop();
    const limiter = openLimiter();
    const error = await testSource({ url: server.url, limiter })
      .currentPrices(['bitcoin'])
      .catch((reason: SourceError) => reason);
    expect(error).toMatchObject({
      kind: 'unavailable',
      retryable: true,
      message: expect.stringMatching(/127\.0\.0\.1:\d+ refuses connections/),
    });
    expect(limiter.turns).toHaveLength(1);
  });
});

function truncated(...[response]: Parameters<Reply>): void {
  response.writeHead(200, { 'content-length': '100' });
  response.write('{"bitcoin":', () => response.destroy());
}

describe('the deadline', () => {
  const timings = { deadlineMs: 80, retries: 0 };

  test.each([
    ['no header comes', () => {}],
    ['the body stops', (response) => void response.writeHead(200).write('{"bitcoin":')],
    ['the body drips', drip],
  ] as [string, Reply][])('holds when %s', async (_name, bad) => {
    const error = await failure([bad], { timings });
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('no complete answer within 0.08 s') });
  });

  test('holds for a call that could be aborted too', async () => {
    await expect(ask([() => {}], { timings }, new AbortController().signal)).rejects.toThrow(/no complete answer/);
  });

  test('is each attempt’s own', async () => {
    const { rows } = await ask([() => {}, () => {}, GOOD], { timings: { deadlineMs: 1_000, retries: 2 } });
    expect(rows).toHaveLength(1);
  });
});

function drip(...[response]: Parameters<Reply>): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 10);
  response.on('close', () => clearInterval(timer));
}

describe('the size limit', () => {
  test('ends a body that does not end', async () => {
    const endless: Reply = (response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(1024 * 1024, ' ');
      const more = () => void response.write(chunk, (error) => error ?? setImmediate(more));
      more();
    };
    const error = await failure([endless], { timings: { deadlineMs: 15_000 } });
    expect(error).toMatchObject({ kind: 'malformed', message: expect.stringContaining('larger than 8388608 bytes') });
    expect(server.asked).toHaveLength(1);
  });
});

describe('Retry-After', () => {
  const inTwoMinutes = { 'retry-after': 'Mon, 23 Nov 2026 08:01:30 GMT', date: 'Mon, 23 Nov 2026 08:00:00 GMT' };
  test.each([
    ['in seconds', { 'retry-after': '7' }, 7_000],
    ['as a date, by the server’s own clock', inTwoMinutes, 90_000],
    ['that is no time at all', { 'retry-after': 'soon' }, 5],
    ['that is missing', {}, 5],
  ] as [string, Record<string, string>, number][])('%s becomes everybody’s wait', async (_name, headers, waitMs) => {
    const limiter = openLimiter();
    await ask([reply(RATE_LIMIT, 429, headers), GOOD], { limiter });
    expect(limiter.blocks).toEqual([waitMs]);
  });

  test('of over two minutes is not waited for', async () => {
    const limiter = openLimiter();
    const error = await failure([reply(RATE_LIMIT, 429, { 'retry-after': '121' }), GOOD], { limiter });
    expect(error).toMatchObject({ kind: 'rate_limited', retryAfterMs: 121_000, status: 429 });
    expect(error.message).toContain('It asks to wait 121 s.');
    expect(limiter.blocks).toEqual([121_000]);
    expect(server.asked).toHaveLength(1);
  });

  test('of a 503 holds too', async () => {
    const limiter = openLimiter();
    await ask([reply('', 503, { 'retry-after': '3' }), GOOD], { limiter });
    expect(limiter.blocks).toEqual([3_000]);
  });
});

describe('an abort', () => {
  test('ends a request under way with the reason given', async () => {
    const abort = new AbortController();
    const reason = new Error('going down');
    await expect(ask([() => abort.abort(reason)], {}, abort.signal)).rejects.toBe(reason);
    expect(server.asked).toHaveLength(1);
  });

  test('ends the wait between two attempts', async () => {
    const abort = new AbortController();
    const failing: Reply = (response) => {
      reply('', 500)(response, undefined as never);
      setTimeout(() => abort.abort(new Error('going down')), 50);
    };
    await expect(ask([failing], { timings: { backoffMs: 60_000 } }, abort.signal)).rejects.toThrow('going down');
  });

  test('before the start sends nothing', async () => {
    await expect(ask([GOOD], {}, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    expect(server.asked).toHaveLength(0);
  });
});

describe('the key', () => {
  const KEY = 'CG-0123456789abcdef';
  const withKey = { apiKey: KEY, plan: { keyHeader: 'x-cg-demo-api-key' } };

  test('goes into its header and not into the URL', async () => {
    await ask([GOOD], withKey);
    expect(server.headers[0]).toMatchObject({ 'x-cg-demo-api-key': KEY });
    expect(server.asked[0]).not.toContain(KEY);
  });

  test('is struck out of what the server says', async () => {
    const error = await failure([reply(`{"error":"no such key: ${KEY}"}`, 401)], withKey);
    expect(error.message).toContain('no such key: [key]');
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(KEY);
  });

  test('does not follow a redirect', async () => {
    const elsewhere = await serve(GOOD);
    const error = await failure([reply('', 302, { location: `${elsewhere.url}/stolen` })], withKey);
    expect(error).toMatchObject({ kind: 'invalid_request', status: 302 });
    expect(elsewhere.asked).toHaveLength(0);
    await elsewhere.stop();
  });

  test('that cannot be one is refused without being shown', async () => {
    server = await serve(GOOD);
    const make = () => testSource({ url: server.url, ...withKey, apiKey: 'CG-two words\n' });
    expect(make).toThrow(/COINGECKO_API_KEY is not a key/);
    expect(make).not.toThrow(/two words/);
  });

  test('is not sent by a plan without one', async () => {
    await ask([GOOD], { apiKey: KEY });
    expect(JSON.stringify(server.headers)).not.toContain(KEY);
  });
});
