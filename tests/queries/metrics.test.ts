/** What the gateway counts of its requests: operations, documents, errors, subscriptions. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHealth } from '../../src/platform/health.js';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';
import { Socket } from '../kit/web-socket.js';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway();
});
afterEach(() => gateway.close());

const metrics = async () => (await gateway.http({ path: '/metrics' })).text;
async function sample(name: string): Promise<number> {
  const line = (await metrics()).split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}
const operations = (type: string, name: string, protocol = 'http') =>
  sample(`cdp_graphql_operation_duration_seconds_count{role="gateway",protocol="${protocol}",type="${type}",name="${name}"}`);

test('operations by name and type; what is no operation has none', async () => {
  await gateway.ask('query Mine { platform { realm } }');
  await gateway.ask('query Mine { platform { realm } }');
  await gateway.ask('{ platform { realm } }');
  await gateway.ask('mutation { deleteAlertRule(id: "1") }');
  await gateway.ask('{ nonsense }');
  expect([await operations('query', 'Mine'), await operations('query', 'anonymous'), await operations('mutation', 'anonymous')]).toEqual([
    2, 1, 1,
  ]);
  expect(await sample('cdp_graphql_documents_total{cache="hit",role="gateway"}')).toBe(1);
  expect(await sample('cdp_graphql_documents_total{cache="miss",role="gateway"}')).toBe(4);
});

test('operations over a WebSocket: answers, and subscriptions once they are set up', async () => {
  const socket = await Socket.open(`${gateway.url.replace('http', 'ws')}/graphql`);
  socket.subscribe('1', 'query Mine { platform { realm } }');
  await socket.next(({ id, type }) => id === '1' && type === 'complete');
  socket.subscribe('2', 'mutation { deleteAlertRule(id: "1") }');
  await socket.next(({ id, type }) => id === '2' && type === 'complete');
  socket.subscribe('3', 'subscription Prices { priceUpdated { coinId } }');
  socket.subscribe('4', '{ nonsense }');
  await socket.next(({ id, type }) => id === '4' && type === 'error');
  const over = (type: string, name: string) => operations(type, name, 'websocket');
  while ((await over('subscription', 'Prices')) !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect([await over('query', 'Mine'), await over('mutation', 'anonymous')]).toEqual([1, 1]);
  expect(await operations('query', 'Mine')).toBeNaN();
  expect(await over('query', 'anonymous')).toBeNaN();
  socket.socket.close(1000);
  await socket.closed;
});

test('a client that makes up names makes no series beyond the bound', async () => {
  for (let n = 0; n < 110; n++) await gateway.ask(`query Name${n} { platform { realm } }`);
  await gateway.ask(`query ${'x'.repeat(65)} { platform { realm } }`);
  const names = new Set([...(await metrics()).matchAll(/operation_duration_seconds_count\{.*name="(\w+)"/g)].map((match) => match[1]));
  expect(names.size).toBe(101);
  expect(await operations('query', 'other')).toBe(11);
});

test('errors by code', async () => {
  await gateway.ask('{ nonsense }');
  await gateway.ask('{ broken');
  await gateway.ask('{ coins(first: 1000) { nodes { id } } }');
  await gateway.ask('mutation { deleteAlertRule(id: "1") }');
  for (const code of ['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED', 'BAD_USER_INPUT', 'UNAUTHENTICATED'])
    expect([code, await sample(`cdp_graphql_errors_total{code="${code}",role="gateway"}`)]).toEqual([code, 1]);
});

test('executions by who answered: a plan, graphql-js, or an equal one', async () => {
  await Promise.all(Array.from({ length: 20 }, () => gateway.ask('{ coins { nodes { id name } } }')));
  await gateway.ask('mutation { deleteAlertRule(id: "1") }');
  const by = (who: string) => sample(`cdp_graphql_executions_total{by="${who}",role="gateway"}`);
  const [plan, graphqlJs, shared] = [await by('plan'), await by('graphql_js'), await by('shared')];
  expect(plan + shared).toBe(20);
  expect(plan).toBeGreaterThan(0);
  expect(graphqlJs).toBe(1);
});

test('sockets and subscriptions that are open, and how sockets were closed', async () => {
  const socket = await Socket.open(`${gateway.url.replace('http', 'ws')}/graphql`);
  socket.subscribe('1', 'subscription { priceUpdated { coinId } }');
  while ((await sample('cdp_subscriptions{role="gateway"}')) !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await sample('cdp_websocket_connections{role="gateway"}')).toBe(1);
  socket.socket.close(1000);
  await socket.closed;
  while ((await sample('cdp_subscriptions{role="gateway"}')) !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await sample('cdp_websocket_closes_total{code="1000",role="gateway"}')).toBe(1);
  expect(await sample('cdp_live_available{role="gateway"}')).toBe(1);
});

test('/livez fails when a loop of the process is stuck, and names it', async () => {
  const health = createHealth();
  const other = await startTestGateway({ health });
  health.heartbeats.of('polling of the source', -1).beat();
  const { status, json } = await other.http({ path: '/livez' });
  await other.close();
  expect([status, json.status, json.stuck[0].loop]).toEqual([503, 'stuck', 'polling of the source']);
});
