import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { checkDatabase, createHealth } from '../../../src/platform/health.js';
import { Metrics, observePools } from '../../../src/platform/metrics/metrics.js';
import { type OperationsServer, startOperationsServer } from '../../../src/platform/operations-server.js';
import { openDatabase } from '../../../src/platform/postgres/database.js';
import { openTestDatabase } from '../../kit/test-database.js';

const ready = () => ({ status: 'ready' }) as const;

describe('readiness', () => {
  test('is the sum of its parts: one that is not ready outweighs a degraded one', async () => {
    const health = createHealth();
    expect((await health.readiness()).status).toBe('ready');
    health.addPart('database', ready);
    health.addPart('log', () => ({ status: 'degraded', reason: 'the log is away' }));
    expect(await health.readiness()).toEqual({
      status: 'degraded',
      parts: [
        { name: 'database', status: 'ready' },
        { name: 'log', status: 'degraded', reason: 'the log is away' },
      ],
    });
    health.addPart('marts', async () => ({ status: 'not_ready', reason: 'no mart is published yet' }));
    expect((await health.readiness()).status).toBe('not_ready');
  });

  test('a check that throws, or does not answer, is a part that is not ready', async () => {
    const health = createHealth();
    health.addPart('broken', () => Promise.reject(new Error('gone')));
    health.addPart('hanging', () => new Promise(() => {}));
    expect((await health.readiness()).parts).toEqual([
      { name: 'broken', status: 'not_ready', reason: 'gone' },
      { name: 'hanging', status: 'not_ready', reason: 'no answer within 2000 ms' },
    ]);
  });

  test('ends when the process drains', async () => {
    const health = createHealth();
    health.addPart('database', ready);
    health.drain();
    expect(await health.readiness()).toMatchObject({ status: 'not_ready', parts: [{}, { name: 'process' }] });
  });

  test('of the database: reachable, and its schema not behind', async () => {
    const db = await openTestDatabase();
    expect(await checkDatabase(db)).toEqual({ status: 'ready' });
    await db.pool.query(`DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_init'`);
    expect(await checkDatabase(db)).toMatchObject({ status: 'not_ready', reason: expect.stringContaining('_init') });
    await db.close();
    const away = openDatabase('postgresql://u:p@127.0.0.1:1/x', { applicationName: 'test' });
    const health = createHealth();
    health.addPart('database', () => checkDatabase(away));
    expect(await health.readiness()).toMatchObject({ status: 'not_ready', parts: [{ reason: expect.stringContaining('ECONNREFUSED') }] });
    await away.close();
  });
});

describe('the operations server', () => {
  let server: OperationsServer | undefined;
  afterEach(() => server?.close());
  const options = () => ({
    host: '127.0.0.1',
    port: 0,
    health: createHealth(),
    metrics: new Metrics('worker'),
    status: async () => ({ lag: 3n }),
  });

  test('answers for life, readiness, metrics and status', async () => {
    const given = options();
    const db = await openTestDatabase();
    observePools(given.metrics, [db.pool]);
    server = await startOperationsServer(given);
    const get = async (path: string) => {
      const response = await fetch(`${server?.url}${path}`);
      return { code: response.status, text: await response.text() };
    };
    expect(await get('/livez')).toEqual({ code: 200, text: '{"status":"alive","stuck":[]}\n' });
    given.health.heartbeats.of('polling', -1).beat();
    expect(await get('/livez')).toMatchObject({ code: 503, text: expect.stringContaining('polling') });
    expect((await get('/readyz')).code).toBe(200);
    given.health.drain();
    expect((await get('/readyz')).code).toBe(503);
    expect((await get('/status?x=1')).text).toBe('{"lag":"3"}\n');
    const { text } = await get('/metrics');
    expect(text).toContain('process_cpu_user_seconds_total{role="worker"}');
    expect(text).toContain('cdp_database_connections{state="idle",role="worker"}');
    expect((await get('/elsewhere')).code).toBe(404);
    await db.close();
  });

  test('closes though somebody has connected and says nothing', async () => {
    server = await startOperationsServer(options());
    const { hostname, port } = new URL(server.url);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    const ended = once(silent, 'close');
    await server.close();
    await ended;
  });

  test('says that its port is taken', async () => {
    server = await startOperationsServer(options());
    const port = Number(new URL(server.url).port);
    await expect(startOperationsServer({ ...options(), port })).rejects.toThrow(
      `127.0.0.1:${port} is in use by another program. Stop that program, or set PORT`,
    );
  });
});
