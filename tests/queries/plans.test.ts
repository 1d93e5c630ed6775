/** Every query of the platform, with all its fields: answered by a plan, and to the letter what graphql-js answers. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  execute,
  type GraphQLField,
  type GraphQLOutputType,
  getNamedType,
  getOperationAST,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { createContext, type GatewayContext } from '../../graphql/context.js';
import { createExecutor } from '../../graphql/execution/executor.js';
import { createPlan } from '../../graphql/execution/plan.js';
import { schema } from '../../graphql/schema.js';
import { startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

/** What has no default, and is never left out. */
const VALUES: Record<string, string> = {
  'coin.id': '"bitcoin"',
  'alertRule.id': '"1"',
  'dataset.name': '"mart.mart_crypto_performance"',
  'marketOverviews.from': '"2026-03-01"',
  'candles.interval': 'ONE_MINUTE',
  'timeseries.metric': 'PRICE_USD',
  'timeseries.coinIds': '["bitcoin", "ethereum"]',
  'timeseries.from': '"2026-03-10T11:50:00Z"',
  'timeseries.to': '"2026-03-10T12:00:00Z"',
};
const DEPTH = 5;

/** All fields, lists of objects within objects down to the depth. */
function selection(type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (isLeafType(named) || !isObjectType(named)) return '';
  const fields = Object.values(named.getFields()).filter((field) => depth > 0 || isLeafType(getNamedType(field.type)));
  return `{ __typename ${fields.map((field) => fieldText(field, depth)).join(' ')} }`;
}

function fieldText(field: GraphQLField<unknown, unknown>, depth: number): string {
  const args = field.args.filter(isRequiredArgument).map(({ name }) => {
    const value = VALUES[`${field.name}.${name}`];
    if (value === undefined) throw new Error(`which ${name} of ${field.name}? add it to VALUES`);
    return `${name}: ${value}`;
  });
  return `${field.name}${args.length === 0 ? '' : `(${args.join(', ')})`} ${selection(field.type, depth - 1)}`;
}

const queries = Object.values(schema.getQueryType()?.getFields() ?? {}).map((field) => ({
  name: field.name,
  text: `{ ${fieldText(field, DEPTH)} }`,
}));

test.each(queries)('$name', async ({ text }) => {
  const document = parse(text);
  expect(validate(schema, document, specifiedRules)).toEqual([]);
  const { db, clock } = gateway;
  const services = { db, clock, platform: { realm: 'simulated', version: '1', startedAt: clock.now() } } as unknown as GatewayContext;
  const context = () => createContext(services, 'granted');
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('no operation');
  const theirs = await execute({ schema, document, contextValue: context() });
  expect(theirs.errors).toBeUndefined();
  const ours = await createExecutor<GatewayContext>(schema)({ document, operation, context: context() });
  expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs));
  const plan = createPlan({ schema, operation, fragments: {}, conditions: {} });
  expect(JSON.stringify(await plan?.execute(undefined, context(), {}))).toBe(JSON.stringify(theirs.data));
});
