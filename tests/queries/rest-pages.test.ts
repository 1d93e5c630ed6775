/** /api, page by page: the header that leads to the next one, on every list, and the loop of the how-to that follows it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createRoutes } from '../../graphql/rest/routes.js';
import { schema } from '../../graphql/schema.js';
import { readFile } from '../architecture/source-files.js';
import { AS_OPERATOR, startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

/** The body as it is, and parsed where it is JSON. */
const get = (path: string, headers: Record<string, string> = {}) => gateway.http({ path: `/api${path}`, headers });
const nextOf = ({ headers }: { headers: Record<string, unknown> }) =>
  /^<(\?[^>]*)>; rel="next"$/.exec(String(headers.link ?? ''))?.[1] ?? null;

test('a page that is not the last leads to the next, as CSV and as JSON, on the route of every list', async () => {
  const collections = createRoutes(schema).filter(({ answer }) => answer.fields?.some(({ name }) => name === 'pageInfo'));
  expect(collections.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['/alerts', '/coin/:id/alerts', '/coins', '/dead-letters', '/pipeline-runs', '/rejected-rows']),
  );
  for (const { path } of collections) {
    const address = path.replace(':id', 'bitcoin');
    const whole = (await get(address, AS_OPERATOR)).json.nodes;
    const [read, lines]: [unknown[], string[]] = [[], []];
    for (let query: string | null = '?first=1'; query !== null; ) {
      const json = await get(address + query, AS_OPERATOR);
      const csv = await get(`${address}${query}&format=csv`, AS_OPERATOR);
      read.push(...json.json.nodes);
      lines.push(...csv.text.trimEnd().split('\r\n').slice(1));
      query = nextOf(json);
      expect([path, nextOf(csv)?.replace('&format=csv', '') ?? null]).toEqual([path, query]);
    }
    expect([path, read, lines.length]).toEqual([path, whole, whole.length]);
  }
});

test('the way there keeps what was asked for besides, whatever its signs, and the newest place alone', async () => {
  const first = await get('/coins?ids=tether,bitcoin&ids=boringdao-%5Bold%5D&search=o%26i&search=&orderBy=NAME&first=1');
  const asked = new URLSearchParams(nextOf(first) as string);
  expect(asked.getAll('ids')).toEqual(['tether,bitcoin', 'boringdao-[old]']);
  expect(asked.getAll('search')).toEqual(['o&i', '']);
  const second = await get(`/coins${nextOf(first)}`);
  expect(new URLSearchParams(nextOf(second) as string).getAll('after')).toEqual([second.json.pageInfo.endCursor]);
  const third = await get(`/coins${nextOf(second)}`);
  expect([first, second, third].flatMap(({ json }) => json.nodes.map(({ id }: { id: string }) => id))).toEqual([
    'bitcoin',
    'tether',
    'boringdao-[old]',
  ]);
  expect([nextOf(third), third.headers.link]).toEqual([null, undefined]);
  expect(first.headers['access-control-expose-headers']).toBe('Link');
});

test('the loop of the how-to brings all of them, and the names of the columns once', async () => {
  const loop = /```sh\n(url=[^`]*)```/.exec(readFile('docs/how-to/use-the-api.md'))?.[1] as string;
  const script = loop.replace('http://127.0.0.1:4000', gateway.url).replace('first=200', 'first=2');
  const folder = mkdtempSync(join(tmpdir(), 'cdp rest '));
  await promisify(execFile)('sh', ['-eu', '-c', script], { cwd: folder });
  const file = readFileSync(join(folder, 'coins.csv'), 'utf8');
  rmSync(folder, { recursive: true });
  expect(file).toBe((await get('/coins?format=csv')).text);
});
