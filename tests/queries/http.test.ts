/** The HTTP side: who may ask, what operators see, how errors look, how it ends. */
import { createServer, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LIMITS } from '../../graphql/limits.js';
import { AS_OPERATOR, startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ config: { host: '127.0.0.1', port: 0, allowedOrigins: ['https://desk.example.org'] } });
});
afterAll(() => gateway.close());

const QUERY = '{ datasets { name } }';
const JSON_BODY = { 'content-type': 'application/json' };
const post = (headers: Record<string, string>, body = JSON.stringify({ query: QUERY })) => gateway.http({ method: 'POST', headers, body });
const get = (query: string, headers = {}) => gateway.http({ path: `/graphql?query=${encodeURIComponent(query)}`, headers });

describe('the operator', () => {
  const GUARDED = [
    '{ rejectedRows { nodes { id } } }',
    '{ deadLetters { nodes { id } } }',
    'mutation { redriveDeadLetters(ids: ["1"]) }',
    'mutation { discardDeadLetters(ids: ["1"]) }',
    'mutation { redriveRejectedRows(ids: ["1"]) }',
    'mutation { discardRejectedRows(ids: ["1"]) }',
    'mutation { createAlertRule(input: {name: "x", kind: PRICE_ABOVE, threshold: 1}) { id } }',
    'mutation { updateAlertRule(id: "1", input: {name: "x"}) { id } }',
    'mutation { deleteAlertRule(id: "1") }',
    'mutation { acknowledgeAlert(id: "a2") { id } }',
    'mutation { runPipeline(pipeline: "daily", logicalDate: "2026-03-09") { id } }',
  ];
  const stateOf = async () => {
    const { rows } = await gateway.db.pool.query(`SELECT (SELECT json_agg(r ORDER BY id) FROM ops.alert_rules r) AS rules,
      (SELECT json_agg(a ORDER BY alert_id) FROM mart.mart_alerts a) AS alerts, (SELECT json_agg(p ORDER BY id) FROM ops.pipeline_runs p) AS runs`);
    return rows[0];
  };

  test.each(GUARDED)('%s needs the key', async (query) => {
    const before = await stateOf();
    const attempts: Record<string, string>[] = [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: 'Bearer' },
      { authorization: AS_OPERATOR.authorization.replace('Bearer', 'Basic') },
    ];
    for (const headers of attempts) {
      const { json } = await gateway.ask(query, {}, headers);
      expect(json.errors).toHaveLength(1);
      expect(json.errors[0].extensions).toEqual({ code: 'UNAUTHENTICATED' });
    }
    expect(await stateOf()).toEqual(before);
    expect((await gateway.ask(query, {}, AS_OPERATOR)).json.errors).toBeUndefined();
  });

  test('does not exist where no key is set: FORBIDDEN, whatever is sent', async () => {
    const closed = await startTestGateway({ adminKey: null });
    for (const query of GUARDED) {
      for (const headers of [{}, AS_OPERATOR]) {
        expect((await closed.ask(query, {}, headers)).json.errors[0].extensions).toEqual({ code: 'FORBIDDEN' });
      }
    }
    await closed.close();
  });

  test('a wrong key does no harm where none is needed', async () => {
    expect((await gateway.ask(QUERY, {}, { authorization: 'Bearer wrong' })).json.data.datasets).toHaveLength(3);
  });
});

describe('origins and hosts', () => {
  const port = () => new URL(gateway.url).port;

  test.each([
    ['its address', () => ({})],
    ['localhost', () => ({ host: `localhost:${port()}` })],
    ['its address without a port', () => ({ host: '127.0.0.1' })],
    ['its own origin', () => ({ host: `localhost:${port()}`, origin: `http://localhost:${port()}` })],
    ['the host of an allowed origin', () => ({ host: 'desk.example.org', origin: 'https://desk.example.org' })],
    ['an allowed origin', () => ({ origin: 'https://desk.example.org' })],
  ])('served: %s', async (_, headers) => {
    expect((await post({ ...JSON_BODY, ...headers() })).json.data.datasets).toHaveLength(3);
  });

  test.each([
    ['a foreign host (DNS rebinding)', () => ({ host: 'evil.example' })],
    ['a foreign host with our port', () => ({ host: `evil.example:${port()}` })],
    ['a host that pretends', () => ({ host: `localhost@evil.example:${port()}` })],
    ['another machine', () => ({ host: '10.1.2.3' })],
    ['a foreign origin', () => ({ origin: 'https://evil.example' })],
    ['our host on another port', () => ({ origin: 'http://127.0.0.1:1' })],
    ['an allowed host over another scheme', () => ({ origin: 'http://desk.example.org' })],
    ['a sandboxed page', () => ({ origin: 'null' })],
    ['no origin at all', () => ({ origin: '%%' })],
  ])('refused: %s', async (_, headers) => {
    for (const path of ['/graphql', '/status', '/metrics', '/nothing']) {
      const { status, json, headers: answered } = await gateway.http({ path, headers: headers() });
      expect([status, json.errors[0].extensions.code]).toEqual([403, 'FORBIDDEN']);
      expect(json.errors[0].message).toContain('ALLOWED_ORIGINS');
      expect(answered['access-control-allow-origin']).toBeUndefined();
    }
    expect((await gateway.http({ path: '/livez', headers: headers() })).status).toBe(200);
  });

  test('browsers of allowed origins may read, and ask first', async () => {
    const origin = 'https://desk.example.org';
    expect((await post({ ...JSON_BODY, origin })).headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
    const preflight = await gateway.http({ method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': expect.stringContaining('authorization'),
    });
    expect((await gateway.http({ method: 'OPTIONS', headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect((await post(JSON_BODY)).headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('requests', () => {
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'a form (%s) changes and reads nothing',
    async (type) => {
      const { status, json } = await post({ 'content-type': type });
      expect([400, 415]).toContain(status);
      expect(json.data).toBeUndefined();
      expect(json.errors[0].message).not.toBe('');
    },
  );

  test('GET reads for who can send a header of its own, and never mutates', async () => {
    expect((await get(QUERY)).status).toBe(400); // a page could make a browser send this
    expect((await get(QUERY, { 'apollo-require-preflight': '1' })).json.data.datasets).toHaveLength(3);
    const { status, json } = await get('mutation { deleteAlertRule(id: "2") }', { ...JSON_BODY, ...AS_OPERATOR });
    expect([status, json.errors[0].message]).toEqual([405, expect.stringContaining('GET')]);
    expect((await gateway.ask('{ alertRules { id } }')).json.data.alertRules).toContainEqual({ id: '2' });
  });

  test.each([
    ['no body', '', 400],
    ['truncated JSON', '{"query": "{', 400],
    ['an empty object', '{}', 400],
    ['a list (batch)', `[{"query": "${QUERY}"}]`, 400],
    ['a query that is no text', '{"query": {"kind": "Document"}}', 400],
    ['variables that are no object', `{"query": "${QUERY}", "variables": "x"}`, 400],
    ['a poisoned prototype', `{"query": "${QUERY}", "variables": {"__proto__": {}}}`, 400],
    ['a stored query', '{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}', 200],
    ['too much', JSON.stringify({ query: QUERY, variables: { x: 'x'.repeat(LIMITS.bodyBytes) } }), 413],
  ])('%s is refused in words', async (_, body, expected) => {
    const { status, json } = await post(JSON_BODY, body);
    expect(status).toBe(expected);
    expect(json.errors[0].message.length).toBeGreaterThan(10);
    expect(json.errors[0].extensions.code).not.toBe('INTERNAL_SERVER_ERROR');
    expect(json.data).toBeUndefined();
  });

  test.each([
    ['GET', '/nothing?x=1', 404],
    ['PUT', '/graphql', 405],
    ['DELETE', '/status', 405],
  ])('%s %s: %s, as JSON', async (method, path, expected) => {
    const { status, json, headers } = await gateway.http({ method, path });
    expect(status).toBe(expected);
    expect(json.errors[0].message).toContain(path.split('?')[0]);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.any(String),
      'cache-control': 'no-store',
    });
  });
});

describe('text that Postgres cannot hold is refused in words', () => {
  test.each([
    ['{ coin(id: "bit\\u0000coin") { id } }'],
    ['{ coins(filter: {search: "\\u0000"}) { totalCount } }'],
    ['{ rejectedRows(filter: {dataset: "\\u0000"}) { nodes { id } } }'],
    ['mutation { acknowledgeAlert(id: "\\u0000") { id } }'],
    ['mutation { createAlertRule(input: {name: "n", kind: PRICE_ABOVE, threshold: 1, coinId: "\\u0000"}) { id } }'],
  ])('%s', async (query) => {
    const { json } = await gateway.ask(query, {}, AS_OPERATOR);
    expect(json.errors[0]).toMatchObject({ message: expect.stringContaining('U+0000'), extensions: { code: 'BAD_USER_INPUT' } });
  });
});

describe('errors inside', () => {
  test('are told by an id alone; the log has the rest', async () => {
    await gateway.db.pool.query('ALTER TABLE ops.datasets RENAME TO datasets_gone');
    const { json, text } = await gateway.ask(QUERY);
    await gateway.db.pool.query('ALTER TABLE ops.datasets_gone RENAME TO datasets');
    const { code, id } = json.errors[0].extensions;
    expect(code).toBe('INTERNAL_SERVER_ERROR');
    expect(json.errors[0]).toEqual({
      message: expect.stringContaining(id),
      locations: expect.anything(),
      path: ['datasets'],
      extensions: { code, id },
    });
    expect(text).not.toMatch(/relation|SELECT|stack|\.ts|\.js/);
    const logged = gateway.log.find((line) => line.includes(id));
    expect(logged).toContain('relation \\"ops.datasets\\" does not exist');
  });

  test('outside GraphQL too', async () => {
    await gateway.db.pool.query('ALTER TABLE ops.datasets RENAME TO datasets_gone');
    const { status, json, text } = await gateway.http({ path: '/status' });
    await gateway.db.pool.query('ALTER TABLE ops.datasets_gone RENAME TO datasets');
    expect([status, json.errors[0].extensions.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
    expect(text).not.toContain('relation');
    expect(gateway.log.some((line) => line.includes(json.errors[0].extensions.id) && line.includes('relation'))).toBe(true);
  });
});

describe('operations', () => {
  test('/livez and /readyz', async () => {
    expect((await gateway.http({ path: '/livez' })).json).toEqual({ status: 'alive', stuck: [] });
    const { status, json } = await gateway.http({ path: '/readyz' });
    expect([status, json]).toEqual([
      200,
      {
        status: 'ready',
        parts: [
          { name: 'database', status: 'ready' },
          { name: 'event log', status: 'ready' },
        ],
      },
    ]);
  });

  test('/status: freshness, progress, log and runs', async () => {
    const { json } = await gateway.http({ path: '/status' });
    expect(json).toMatchObject({
      realm: 'simulated',
      version: '1.2.3',
      at: '2026-03-10T12:00:30.000Z',
      newestObservationAt: '2026-03-10T12:00:00.000Z',
      history: { intervalsDone: 0, intervalsTotal: 0, rows: 0, estimatedFinishAt: null, grains: [] },
      log: {
        partitions: [
          { partition: 0, end: 0, committed: null, lag: 0 },
          { partition: 1, end: 0, committed: null, lag: 0 },
        ],
      },
    });
    expect(json.datasets).toContainEqual({
      name: 'mart.mart_crypto_performance',
      version: '12345678901234567',
      publishedThrough: '2026-03-09',
      updatedAt: '2026-03-10T00:01:00.000Z',
      writtenAt: '2026-03-10T00:01:00.000Z',
    });
    expect(json.runs[0]).toMatchObject({ pipeline: expect.any(String), status: expect.any(String), attempt: expect.any(Number) });
  });

  test('/metrics count requests by route', async () => {
    const { text, headers } = await gateway.http({ path: '/metrics' });
    expect(headers['content-type']).toContain('text/plain');
    expect(text).toMatch(/cdp_http_request_duration_seconds_count\{role="gateway",route="\/graphql",method="POST",status="200"\} \d+/);
  });
});

describe('beginning and end', () => {
  test('a port in use is named, with what to do', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(startTestGateway({ config: { host: '127.0.0.1', port, allowedOrigins: [] } })).rejects.toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(new RegExp(`${port}.*PORT`)),
    });
    other.close();
  });

  test('a closing gateway finishes what it has begun and lets go of idle connections', async () => {
    const own = await startTestGateway();
    const lock = await own.db.pool.connect();
    await lock.query('BEGIN');
    await lock.query('LOCK TABLE ops.datasets');
    const slow = own.ask(QUERY);
    const idle = request(`${own.url}/livez`, { headers: { connection: 'keep-alive' } });
    const idleClosed = new Promise((resolve) => idle.on('socket', (socket) => socket.on('close', resolve)));
    idle.on('response', (response) => response.resume()).end();
    const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'ops.datasets'::regclass
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    while ((await lock.query(waiting)).rowCount === 0);
    const closing = own.close(async () => {
      await idleClosed;
      await lock.query('COMMIT');
      lock.release();
    });
    expect((await slow).json.data.datasets).toHaveLength(3);
    await closing;
    await expect(own.http({ path: '/livez' })).rejects.toThrow('ECONNREFUSED');
  });
});
