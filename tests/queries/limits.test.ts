/** Hostile and oversized queries: refused in words. What several of them ask for, once expanded, would not end within the test's time. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { LIMITS } from '../../graphql/limits.js';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

async function codesOf(query: string, variables?: object): Promise<string[]> {
  const { json, text, status } = await gateway.ask(query, variables);
  expect(text.length).toBeLessThan(20_000);
  expect(status).toBe(json.data === undefined ? 400 : 200);
  const codes = json.errors?.map((error: { extensions: { code: string } }) => error.extensions.code) ?? [];
  return [...new Set<string>(codes)];
}

const repeat = (count: number, part: (n: number) => string) => Array.from({ length: count }, (_, n) => part(n)).join(' ');
const nest = (depth: number, inner: string) => `${'dependsOn { '.repeat(depth)}${inner}${' }'.repeat(depth)}`;
/** F0 spreads F1 twice, which spreads F2 twice, …: 2^count fields once expanded. */
const bomb = (count: number) =>
  `{ datasets { ...F0 } } ${repeat(count, (n) => `fragment F${n} on Dataset { a${n}: dependsOn { ...F${n + 1} } b${n}: dependsOn { ...F${n + 1} } }`)}
   fragment F${count} on Dataset { name }`;
const flatBomb = (count: number) =>
  `{ datasets { ...F0 } } ${repeat(count, (n) => `fragment F${n} on Dataset { ...F${n + 1} ...F${n + 1} }`)} fragment F${count} on Dataset { name }`;

describe('too much at once', () => {
  test.each([
    ['more words than a query has', `{ datasets { ${'name '.repeat(LIMITS.tokens)} } }`],
    ['fields deeper than sense', `{ datasets { ${nest(LIMITS.depth, 'name')} } }`],
    [
      'the same depth in fragments',
      `{ datasets { ...A } } fragment A on Dataset { ${nest(6, '...B')} } fragment B on Dataset { ${nest(6, 'name')} }`,
    ],
    ['the same depth in inline fragments', `{ datasets { ... { ... on Dataset { ${nest(LIMITS.depth, '... { name }')} } } } }`],
    ['hundreds of levels', `{ datasets { ${nest(300, 'name')} } }`],
    ['many aliases', `{ ${repeat(LIMITS.aliases + 1, (n) => `a${n}: coin(id: "bitcoin") { id }`)} }`],
    [
      'many aliases in fragments',
      `{ ...A } fragment A on Query { ${repeat(LIMITS.aliases + 1, (n) => `a${n}: coins(first: 200) { totalCount }`)} }`,
    ],
    ['a long alias, which each item of a list would repeat', `{ ${'x'.repeat(LIMITS.aliasLength + 1)}: coin(id: "bitcoin") { id } }`],
    ['one that fills the body', `{ ${'x'.repeat(90_000)}: coin(id: "bitcoin") { id } }`],
    ['many directives', `{ datasets { ${'name @include(if: true) '.repeat(LIMITS.directives + 1)} } }`],
    ['lists in lists', '{ coins(first: 200) { nodes { candles(interval: ONE_HOUR, first: 1000) { close } } } }'],
    ['lists in lists by default sizes', '{ coins { nodes { candles(interval: ONE_HOUR) { open high low close bucketStart } } } }'],
    [
      'long ranges of days with movers',
      '{ marketOverviews(from: "2024-01-01", to: "2026-01-01") { topGainers(first: 200) { coin { id } } } }',
    ],
    ['a fragment bomb', bomb(9)],
    ['a larger one', bomb(40)],
    ['a flat one', flatBomb(100)],
    ['many whole schemas', `{ ${repeat(90, (n) => `a${n}: __schema { types { name fields { name args { name } } } }`)} }`],
  ])('%s', async (_, query) => {
    expect(await codesOf(query)).toEqual(['QUERY_TOO_COMPLEX']);
  });

  test('cost counts what variables ask for', async () => {
    const query =
      'query ($first: Int!, $candles: Int!) { coins(first: $first) { nodes { candles(interval: ONE_DAY, first: $candles) { close } } } }';
    expect(await codesOf(query, { first: 200, candles: 1000 })).toEqual(['QUERY_TOO_COMPLEX']);
    expect(await codesOf(query, { first: 2, candles: 1000 })).toEqual([]);
    expect(await codesOf(query, { first: 'many', candles: 1 })).toEqual(['BAD_USER_INPUT']);
    expect(await codesOf(query, { first: 100_000, candles: 1 })).toEqual(['BAD_USER_INPUT']);
  });

  test('what cannot be counted is not run', async () => {
    const much = 'coins(first: 200) { nodes { candles(interval: ONE_HOUR, first: 1000) { close } } }';
    expect(await codesOf(`query ($id: ID = "bitcoin") { coin(id: $id) { id } ${much} }`, { id: null })).toEqual(['BAD_USER_INPUT']);
    expect(await codesOf(`query ($off: Boolean = false) { ${much} datasets @skip(if: $off) { name } }`, { off: null })).toEqual([
      'BAD_USER_INPUT',
    ]);
    expect(await codesOf(`query ($id: ID = "bitcoin") { coin(id: $id) { id } }`, {})).toEqual([]);
  });

  test('what is skipped costs nothing', async () => {
    const query =
      'query ($all: Boolean!) { coins(first: 200) { nodes { candles(interval: ONE_DAY, first: 1000) @include(if: $all) { close } } } }';
    expect(await codesOf(query, { all: true })).toEqual(['QUERY_TOO_COMPLEX']);
    expect(await codesOf(query, { all: false })).toEqual([]);
  });
});

describe('nonsense', () => {
  test.each([
    [
      'circular fragments',
      '{ datasets { ...A } } fragment A on Dataset { ...B } fragment B on Dataset { ...A }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a fragment of itself', '{ datasets { ...A } } fragment A on Dataset { dependsOn { ...A } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['names of ten thousand characters', `{ ${repeat(5, (n) => `${'x'.repeat(10_000)}${n}`)} }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['hundreds of unknown fields', `{ ${repeat(900, (n) => `field${n}`)} }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['hundreds of arguments', `{ coins(${repeat(600, () => 'first: 1')}) { totalCount } }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['deep input', `{ coins(filter: ${'['.repeat(900)}1${']'.repeat(900)}) { totalCount } }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['an unclosed brace', '{ coins {', 'GRAPHQL_PARSE_FAILED'],
    ['no GraphQL at all', '<html>', 'GRAPHQL_PARSE_FAILED'],
    [
      'introspection in circles',
      `{ __schema { types { ${'fields { type { '.repeat(10)}name${' } }'.repeat(10)} } } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a subscription over HTTP', 'subscription { priceUpdated { usd } }', 'BAD_USER_INPUT'],
  ])('%s', async (_, query, code) => {
    expect(await codesOf(query)).toEqual([code]);
  });

  test('variables as large and as deep as the body allows', async () => {
    const query = 'query ($ids: [ID!]) { coins(filter: {ids: $ids}) { totalCount } }';
    expect(await codesOf(query, { ids: Array.from({ length: 15_000 }, (_, n) => n) })).toEqual(['BAD_USER_INPUT']);
    // Every one of them wrong: what is wrong with all of them would be 0.6 s of work, three times over.
    expect(await codesOf(query, { ids: Array.from({ length: 15_000 }, () => null) })).toEqual(['BAD_USER_INPUT']);
    // Deeper than JSON.stringify can go.
    const body = JSON.stringify({ query, variables: { ids: 0 } }).replace('0', `${'['.repeat(45_000)}${']'.repeat(45_000)}`);
    const { json } = await gateway.http({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(json.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(await codesOf(query, { ids: 'bitcoin', more: Array.from({ length: 20_000 }, () => 1) })).toEqual([]);
  });

  test('what is no JSON, and a path that is none, are told in the words of all other errors', async () => {
    const { status, json } = await gateway.http({ method: 'POST', headers: { 'content-type': 'application/xml' }, body: '<query/>' });
    expect([status, json]).toEqual([
      415,
      {
        errors: [
          { message: 'Send the body as JSON, with the header Content-Type: application/json', extensions: { code: 'BAD_USER_INPUT' } },
        ],
      },
    ]);
    const path = await gateway.http({ path: '/%ff' });
    expect([path.status, path.json.errors]).toMatchObject([400, [{ extensions: { code: 'BAD_USER_INPUT' } }]]);
  });

  test('operations by a wrong name, or without one where there are several', async () => {
    const query = 'query A { datasets { name } } query B { datasets { name } }';
    for (const operationName of [undefined, 'C', '']) {
      const { status, json } = await gateway.http({
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, operationName }),
      });
      expect([status, json.errors[0].extensions.code]).toEqual([400, 'OPERATION_RESOLUTION_FAILURE']);
    }
  });
});

describe('what sensible clients send', () => {
  test.each([
    [
      'the introspection of common tools',
      getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true, schemaDescription: true, specifiedByUrl: true }),
    ],
    [
      'a dashboard: 100 coins with a week of hours each',
      '{ coins(first: 100) { nodes { id name symbol rank price { usd change24hPct } market { marketCapUsd volume24hUsd } performance { return1dPct return7dPct } candles(interval: ONE_HOUR, first: 168) { bucketStart close } } } }',
    ],
    [
      'a chart',
      '{ coin(id: "bitcoin") { candles(interval: ONE_MINUTE, first: 1000) { bucketStart open high low close observations isComplete } } }',
    ],
    [
      'a year of overviews',
      '{ marketOverviews(from: "2025-03-10", to: "2026-03-09") { day totalMarketCapUsd topGainers { coin { id name } return1dPct } topLosers { coin { id name } return1dPct } } }',
    ],
    ['an alias as long as it may be', `{ ${'x'.repeat(LIMITS.aliasLength)}: coin(id: "bitcoin") { id } }`],
    ['nine fields deep', '{ coins { edges { node { alerts { edges { node { rule { coin { market { athUsd } } } } } } } } } }'],
  ])('%s', async (_, query) => {
    const { json } = await gateway.ask(query);
    expect(json.errors).toBeUndefined();
  });
});
