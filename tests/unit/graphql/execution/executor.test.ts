/** The executor against graphql-js: the same answers, to the last key and error, over a schema in which everything may go wrong. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  buildSchema,
  type ExecutionResult,
  execute,
  type FragmentDefinitionNode,
  type GraphQLFieldResolver,
  GraphQLObjectType,
  getOperationAST,
  getVariableValues,
  Kind,
  parse,
  validate,
} from 'graphql';
import { createExecutor } from '../../../../graphql/execution/executor.js';
import { createPlan } from '../../../../graphql/execution/plan.js';

const schema = buildSchema(`
  scalar Any
  enum Mood { GOOD BAD }
  input Wish { text: String! = "none", mood: Mood, counts: [Int!] }
  interface Named { name: String }
  type Dog implements Named { name: String }
  type Node {
    id: ID! count: Int sure: Int! text(wish: Wish, times: Int! = 2, say: String): String mood: Mood ratio: Float any: Any flag: Boolean!
    next: Node must: Node! kids: [Node!]! some: [Node] all: [Node!] grid: [[Int!]]! path: String
  }
  type Query { node(depth: Int = 1): Node must: Node! nodes: [Node!]! named: Named }
  type Mutation { count: Int! }
`);

/** Each value is a function of the world and of where it stands: there, null, an error, or a promise of these. */
interface World {
  seed: number;
  /** Of a hundred values, how many are null, wrong or thrown; and how many are promised. */
  bad: number;
  promised: number;
}

function hash(text: string): number {
  let value = 2166136261;
  for (const char of text) value = Math.imul(value ^ char.charCodeAt(0), 16777619) >>> 0;
  return value;
}

const VALUES: Record<string, (place: string, world: World) => unknown> = {
  ID: (place) => place,
  Int: (place) => hash(place) % 1000,
  Float: (place) => (hash(place) % 1000) / 8,
  String: (place) => `text of ${place}`,
  Boolean: (place) => hash(place) % 2 === 0,
  Any: (place) => [place],
  Mood: (place) => (hash(place) % 2 === 0 ? 'GOOD' : 'BAD'),
};

const WRONG: ((place: string) => unknown)[] = [
  () => null,
  () => undefined,
  (place) => new Error(`returned at ${place}`),
  () => Symbol('no value'),
  (place) => {
    throw new Error(`thrown at ${place}`);
  },
];

/** Where of a list's items one fails at once and another later, graphql-js leaves the later one to end the process: either, not both. */
function itemWorld(world: World): World {
  return { ...world, bad: world.promised > 0 ? 0 : world.bad, promised: world.bad > 0 ? 0 : world.promised };
}

function valueAt(type: string, place: string, world: World): unknown {
  const dice = hash(`${world.seed}${place}`);
  const make = () => {
    if (dice % 100 < world.bad) return WRONG[(dice >>> 16) % WRONG.length]?.(place);
    const list = /^\[(.*)\]$/.exec(type.replace(/!$/, ''))?.[1];
    if (list !== undefined) return Array.from({ length: dice % 4 }, (_, n) => valueAt(list, `${place}.${n}`, itemWorld(world)));
    return VALUES[type.replace('!', '')]?.(place, world) ?? { place };
  };
  if ((dice >>> 8) % 100 >= world.promised) return make();
  return Promise.resolve().then(make);
}

for (const type of Object.values(schema.getTypeMap())) {
  if (!(type instanceof GraphQLObjectType) || type.name.startsWith('__')) continue;
  for (const field of Object.values(type.getFields())) {
    const resolve: GraphQLFieldResolver<{ place: string } | undefined, World & { calls?: string[] }> = (source, args, world, info) => {
      const place = `${source?.place ?? ''}/${field.name}${JSON.stringify(args)}`;
      world.calls?.push(place);
      if (field.name === 'path') return JSON.stringify(info.path);
      return field.name === 'named' ? { __typename: 'Dog', place } : valueAt(String(field.type), place, world);
    };
    field.resolve = resolve;
  }
}
// Some are read straight from the row, as most fields of the platform are.
const plain = (schema.getType('Node') as GraphQLObjectType).getFields();
for (const name of ['id', 'flag'] as const) delete plain[name]?.resolve;
VALUES.Node = (place, world) => ({ place, id: place, flag: hash(place) % 100 < itemWorld(world).bad ? null : true });

async function both(query: string, variables: object, world: World): Promise<{ ours: ExecutionResult; theirs: ExecutionResult }> {
  const document = parse(query);
  const errors = validate(schema, document);
  if (errors.length > 0) throw new Error(`${errors[0]?.message}: ${query}`);
  const context = { ...world, operator: 'missing' };
  const operation = getOperationAST(document) ?? undefined;
  const ours = await createExecutor<typeof context>(schema)({ document, operation, variables: { ...variables }, context });
  const theirs = await execute({ schema, document, variableValues: { ...variables }, contextValue: context });
  return { ours, theirs };
}

/** Text: the order of keys counts too. */
const asText = (result: ExecutionResult) => JSON.stringify(result, null, 1);

const SOUND: World = { seed: 1, bad: 0, promised: 40 };

/** Whether a plan answers it, without graphql-js. */
async function planAnswers(query: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('no operation');
  const { coerced = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  const definitions = document.definitions.filter((each): each is FragmentDefinitionNode => each.kind === Kind.FRAGMENT_DEFINITION);
  const fragments = Object.fromEntries(definitions.map((each) => [each.name.value, each]));
  const plan = createPlan({ schema, operation, fragments, conditions: coerced });
  return plan === null ? null : plan.execute(undefined, SOUND, coerced);
}

const PLANNED: [what: string, query: string, variables?: Record<string, unknown>][] = [
  ['fields in the order of the query', '{ node { sure id count must { mood id } ratio } must { id } }'],
  ['aliases, of one field with several arguments', '{ a: node(depth: 2) { id x: text(times: 3) y: text(say: "y") } b: node { id } }'],
  ['a name that objects have already', '{ node { constructor: id toString: count hasOwnProperty: sure } }'],
  ['lists in lists', '{ nodes { kids { some { grid all { id } } } } }'],
  [
    'fragments, more than once and merged',
    '{ node { ...A must { count } ...A } must { ...A } } fragment A on Node { id must { id sure } }',
  ],
  ['fragments of several types', '{ ... { nodes { ... on Node { id ... { flag } } } } }'],
  ['__typename', '{ __typename node { __typename n: __typename } }'],
  [
    'variables, with defaults and without',
    'query ($w: Wish, $t: Int! = 5, $s: String, $d: Int) { node(depth: $d) { text(wish: $w, times: $t, say: $s) } }',
    { w: { mood: 'BAD', counts: 3 } },
  ],
  ['a variable that is null', 'query ($s: String, $d: Int = 7) { node(depth: $d) { text(say: $s) } }', { s: null, d: null }],
  [
    'what is skipped and included, by fragments with a condition each',
    'query ($a: Boolean!, $b: Boolean = true) { nodes { ...F @include(if: $a) must { ...F @skip(if: $a) id @skip(if: $b) } } } fragment F on Node { count sure @include(if: $b) }',
    { a: true },
  ],
  ['a text of any kind', '{ node { text(say: "\\"}); throw 1 //\\u2028 __proto__ \\\\") } }'],
  [
    'introspection',
    '{ __schema { queryType { name fields { name args { name defaultValue } } } } __type(name: "Mood") { kind enumValues { name } } }',
  ],
];

describe('the executor answers as graphql-js does', () => {
  test.each(PLANNED)('by a plan: %s', async (_, query, variables = {}) => {
    const { ours, theirs } = await both(query, variables, SOUND);
    expect(theirs.errors).toBeUndefined();
    expect(asText(ours)).toBe(asText(theirs));
    expect(JSON.stringify(await planAnswers(query, variables))).toBe(JSON.stringify(theirs.data));
  });

  test('with a condition one way and the other, in one document', async () => {
    const document = parse('query ($a: Boolean!) { node { id @include(if: $a) count @skip(if: $a) } }');
    const operation = getOperationAST(document) ?? undefined;
    const run = createExecutor<World & { operator: string }>(schema);
    for (const a of [true, false, true]) {
      const context = { ...SOUND, operator: 'missing' };
      const ours = await run({ document, operation, variables: { a }, context });
      expect(Object.keys(ours.data?.node as object)).toEqual([a ? 'id' : 'count']);
    }
  });

  test.each([
    ['an abstract type', '{ named { name } }', {}],
    ['a name that is no key', '{ node { __proto__: id } }', {}],
    ['a resolver that asks where it stands', '{ nodes { path } }', {}],
    [
      'variables of a wrong kind',
      'query ($d: Int, $w: Wish) { node(depth: $d) { text(wish: $w) } }',
      { d: 'x', w: { text: null, more: 1 } },
    ],
    ['a variable that is missing', 'query ($d: Int!) { node(depth: $d) { id } }', {}],
    ['null where a default stands for nothing', 'query ($t: Int = 1) { node { text(times: $t) } }', { t: null }],
    ['a mutation', 'mutation { count again: count }', {}],
  ])('without a plan: %s', async (_, query, variables) => {
    const { ours, theirs } = await both(query, variables, SOUND);
    expect(asText(ours)).toBe(asText(theirs));
  });

  test('without a plan: more fields than one may hold, made by fragments out of a short text', async () => {
    const fragment = (name: string, inner: string) =>
      `fragment ${name} on Node { ${Array.from({ length: 13 }, (_, n) => `a${n}: must { ${inner} }`).join(' ')} }`;
    const query = `{ node { ...A } } ${fragment('A', '...B')} ${fragment('B', '...C')} ${fragment('C', 'id')}`;
    expect(await planAnswers(query)).toBeNull();
    const { ours, theirs } = await both(query, {}, SOUND);
    expect(theirs.errors).toBeUndefined();
    expect(asText(ours)).toBe(asText(theirs));
    expect(await planAnswers(query.replaceAll('...C', 'id'))).not.toBeNull(); // 13 x 13
  });

  const leaf = fc.constantFrom('id', 'count', 'sure', 'mood', 'ratio', 'any', 'flag', 'grid', 'text', 'text(say: "x")', '__typename');
  const { set } = fc.letrec<{ set: string; field: string }>((tie) => ({
    set: fc.array(fc.oneof({ maxDepth: 3, depthSize: 'small' }, leaf, tie('field')), { minLength: 1, maxLength: 5 }).map((fields) => {
      // Each has a name of its own: fields that are one must have one set of arguments.
      return `{ ${fields.map((field, n) => `f${n}: ${field}`).join(' ')} }`;
    }),
    field: fc.tuple(fc.constantFrom('next', 'must', 'kids', 'some', 'all'), tie('set')).map(([name, inner]) => `${name} ${inner}`),
  }));
  const world = fc.oneof(
    fc.record({ seed: fc.nat(), bad: fc.constantFrom(2, 5, 15), promised: fc.constantFrom(0, 100) }),
    fc.record({ seed: fc.nat(), bad: fc.constant(0), promised: fc.constantFrom(20, 60) }),
  );

  test('whatever is asked, and whatever goes wrong', async () => {
    const query = fc.tuple(fc.constantFrom('node', 'must', 'nodes'), set).map(([name, inner]) => `{ ${name} ${inner} sound: must { id } }`);
    const seen = { sound: 0, wrong: 0, null: 0 };
    await fc.assert(
      fc.asyncProperty(query, world, async (text, state) => {
        const { ours, theirs } = await both(text, {}, state);
        expect(asText(ours)).toBe(asText(theirs));
        seen[theirs.data === null ? 'null' : theirs.errors ? 'wrong' : 'sound']++;
      }),
      { seed: 20260310, numRuns: 600 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });
});

describe('equal queries', () => {
  const query = 'query ($d: Int) { node(depth: $d) { id } }';
  const start = () => {
    const document = parse(query);
    const operation = getOperationAST(document) ?? undefined;
    const run = createExecutor<World & { operator: string; calls: string[] }>(schema);
    const calls: string[] = [];
    const ask = (variables: object, operator = 'missing') =>
      run({ document, operation, variables: { ...variables }, context: { ...SOUND, promised: 100, operator, calls } });
    return { ask, calls };
  };

  test('that come together are executed twice: for the first, and for all others', async () => {
    const { ask, calls } = start();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask({ d: 1 })));
    expect(calls).toHaveLength(2);
    expect(new Set(answers.slice(1).map(({ data }) => data)).size).toBe(1);
    await ask({ d: 1 });
    expect(calls).toHaveLength(3);
  });

  test('are equal by the values that variables come to', async () => {
    const { ask, calls } = start();
    await Promise.all([ask({ d: 1 }), ask({ d: 1.0, unknown: 'x' }), ask({ d: 1 })]);
    expect(calls).toHaveLength(2);
  });

  test.each([
    ['of other variables', [{ d: 1 }, { d: 2 }, { d: null }, {}].map((variables) => ({ variables, operator: 'missing' }))],
    ['with other rights', ['granted', 'missing', 'wrong', 'disabled'].map((operator) => ({ variables: { d: 1 }, operator }))],
  ])('%s share nothing', async (_, asked) => {
    const { ask, calls } = start();
    await Promise.all(asked.map(({ variables, operator }) => ask(variables, operator)));
    expect(calls).toHaveLength(4);
  });
});

test('what goes wrong deep in one field asks no root field again', async () => {
  const asked: string[] = [];
  const counted = buildSchema('type Thing { good: Int, bad: Int! } type Query { one(n: Int): Thing two: Int three: Thing! }');
  const fields = counted.getQueryType()?.getFields() ?? {};
  const ask = (name: string, value: unknown) => {
    (fields[name] as (typeof fields)[string]).resolve = async (_source, { n }) => {
      asked.push(n === undefined ? name : `${name} ${n}`);
      return value;
    };
  };
  ask('one', { good: 1, bad: () => Promise.reject(new Error('it broke')) });
  ask('two', 2);
  ask('three', { good: 3, bad: 3 });
  const document = parse('{ a: one(n: 1) { good } b: one(n: 2) { bad } two again: two three { good } }');
  const counts = { plan: 0, graphqlJs: 0, shared: 0 };
  const run = createExecutor<{ operator: string }>(counted, counts);
  const result = await run({ document, operation: getOperationAST(document) ?? undefined, context: { operator: 'missing' } });
  expect(result.errors?.map(({ path }) => path)).toEqual([['b', 'bad']]);
  expect(JSON.stringify(result.data)).toBe('{"a":{"good":1},"b":null,"two":2,"again":2,"three":{"good":3}}');
  expect(counts).toEqual({ plan: 0, graphqlJs: 1, shared: 0 });
  expect(asked.toSorted()).toEqual(['one 1', 'one 2', 'three', 'two', 'two']);
});
