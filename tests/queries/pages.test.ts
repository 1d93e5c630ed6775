/** The pages as the gateway serves them: where they are, under which policy, how long they are kept; and what they may not hide. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';

const SCRIPT = 'console.log("the dashboard");'.repeat(50);
let root: string;
let gateway: TestGateway;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'cdp pages '));
  mkdirSync(join(root, 'web/assets'), { recursive: true });
  const files = {
    'index.html': '<!doctype html>dashboard',
    'graphiql.html': '<!doctype html>graphiql',
    'theme.js': '//',
    'favicon.svg': '<svg/>',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, 'web', name), content);
  writeFileSync(join(root, 'web/assets/index-abc.js'), SCRIPT);
  writeFileSync(join(root, 'web/assets/index-abc.js.br'), brotliCompressSync(SCRIPT));
  writeFileSync(join(root, 'secret'), 'not for readers');
  gateway = await startTestGateway({ pages: join(root, 'web') });
});
afterAll(async () => {
  await gateway.close();
  rmSync(root, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) => gateway.http({ path, headers });

describe('pages', () => {
  test.each(['/', '/coins/bitcoin', '/alerts', '/alerts/rules', '/pipelines', '/pipelines/runs'])('%s is the dashboard', async (path) => {
    const { status, text, headers } = await get(path);
    expect({ status, text }).toEqual({ status: 200, text: '<!doctype html>dashboard' });
    expect(headers['content-type']).toMatch('text/html');
    expect(headers['cache-control']).toBe('no-cache');
    expect(headers['content-security-policy']).toMatch("default-src 'none'; script-src 'self'");
    expect(headers['content-security-policy']).not.toMatch('unsafe');
  });

  test('GraphiQL may style itself, and run no script but its own', async () => {
    const { text, headers } = await get('/graphiql');
    expect(text).toBe('<!doctype html>graphiql');
    expect(headers['content-security-policy']).toMatch("style-src 'self' 'unsafe-inline'");
    expect(headers['content-security-policy']).toMatch(/script-src 'self';/);
  });

  test('a file with a hash in its name is kept for ever, the others are asked for again', async () => {
    const { headers } = await get('/assets/index-abc.js');
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await get('/theme.js')).headers['cache-control']).toBe('no-cache');
    const page = await get('/');
    expect((await get('/', { 'if-none-match': String(page.headers.etag) })).status).toBe(304);
  });

  test('what was compressed ahead goes to those who take it', async () => {
    const plain = await get('/assets/index-abc.js');
    expect({ encoding: plain.headers['content-encoding'], text: plain.text }).toEqual({ encoding: undefined, text: SCRIPT });
    const small = await fetch(`${gateway.url}/assets/index-abc.js`, { headers: { 'accept-encoding': 'br' } });
    expect(small.headers.get('content-encoding')).toBe('br');
    expect(small.headers.get('vary')).toBe('Origin, Accept-Encoding');
    expect(await small.text()).toBe(SCRIPT);
  });

  test('nothing outside of the folder is served', async () => {
    for (const path of ['/assets/..%2f..%2fsecret', '/assets/%2e%2e/%2e%2e/secret', '/assets/../../secret', '/coins/..%2f..%2fsecret']) {
      const { status, text } = await get(path);
      expect({ path, leaks: text.includes('not for readers'), ok: status === 200 && !text.includes('dashboard') }).toEqual({
        path,
        leaks: false,
        ok: false,
      });
    }
    expect((await get('/assets/index-old.js')).status).toBe(404);
  });

  test('they hide nothing of the API', async () => {
    for (const path of ['/livez', '/readyz', '/status', '/metrics', '/grafana', '/api', '/graphql?query={platform{realm}}']) {
      expect({ path, page: (await get(path)).text.includes('dashboard') }).toEqual({ path, page: false });
    }
    expect((await get('/nowhere')).json).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });

  test('of an address where nothing is, a browser gets the dashboard, which says so; a script, or who asks for a file, gets the error', async () => {
    const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const page = await get('/nowhere', { accept: BROWSER });
    expect([page.status, page.text, page.headers.etag]).toEqual([404, '<!doctype html>dashboard', undefined]);
    expect(page.headers['content-security-policy']).toMatch("default-src 'none'; script-src 'self'");
    for (const accept of ['*/*', 'application/json, text/html'])
      expect((await get('/nowhere', { accept })).json).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    expect((await get('/assets/index-old.js', { accept: BROWSER })).text).not.toMatch('dashboard');
    expect((await gateway.http({ method: 'POST', path: '/nowhere', headers: { accept: BROWSER } })).status).toBe(404);
  });

  test('they are refused to foreign names and pages, as everything is', async () => {
    expect((await get('/', { host: 'evil.example' })).status).toBe(403);
    expect((await get('/assets/index-abc.js', { origin: 'https://evil.example' })).status).toBe(403);
  });
});

describe('without pages', () => {
  test('the API is served, and the addresses say what to do', async () => {
    const bare = await startTestGateway({ pages: join(root, 'nothing') });
    const { status, text } = await bare.http({ path: '/' });
    expect({ status, text }).toEqual({ status: 404, text: 'The pages are not built: run `npm run build`\n' });
    expect((await bare.ask('{ platform { realm } }')).json).toEqual({ data: { platform: { realm: 'SIMULATED' } } });
    await bare.close();
  });
});
