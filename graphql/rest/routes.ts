/**
 * The REST routes, made from the GraphQL schema: one for each query, and one for each field with arguments of what a query finds by its key.
 * Must stay true: a route is a GraphQL operation with variables, so what it may ask for, and what it answers, is the schema's to say.
 */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';

type Field = GraphQLField<unknown, unknown>;

/** A field of the answer. */
export interface Selected {
  name: string;
  type: GraphQLOutputType;
  description: string;
  /** Null: a value. */
  fields: Selected[] | null;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query';
  type: GraphQLInputType;
  required: boolean;
  defaultValue: unknown;
  description: string;
  /** Where its value goes: a variable, or a field of one. */
  variable: string;
  inputField: string | null;
}

export interface RestRoute {
  /** As Fastify writes it: /coin/:id/candles */
  path: string;
  /** Of the GraphQL operation. */
  name: string;
  description: string;
  parameters: Parameter[];
  document: string;
  /** From the operation's data to the answer. */
  dataPath: string[];
  answer: Selected;
}

/** Objects within an answer: those of an item, and no further. */
const NESTED = 1;

export function createRoutes(schema: GraphQLSchema): RestRoute[] {
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
  return queries.flatMap((query) => [routeOf([query]), ...partsOf(query).map((part) => routeOf([query, part]))]);
}

/** What is asked for with arguments of its own: a coin's candles. */
function partsOf(query: Field): Field[] {
  const type = getNullableType(query.type);
  if (keyOf(query) === null || !isObjectType(type)) return [];
  return Object.values(type.getFields()).filter((field) => field.args.length > 0);
}

/** The one argument that says which one is meant; null: the query has none. */
function keyOf({ args, type }: Field): GraphQLArgument | null {
  const [arg] = args;
  return args.length === 1 && arg !== undefined && isRequiredArgument(arg) && isObjectType(getNullableType(type)) ? arg : null;
}

function routeOf(fields: readonly Field[]): RestRoute {
  const [query, last] = [fields[0], fields.at(-1)] as [Field, Field];
  const key = keyOf(query);
  const segments = [
    toKebabCase(query.name),
    ...(key === null ? [] : [`:${key.name}`]),
    ...fields.slice(1).map(({ name }) => toKebabCase(name)),
  ];
  const answer = select(last, NESTED);
  const name = `rest_${fields.map((field) => field.name).join('_')}`;
  return {
    path: `/${segments.join('/')}`,
    name,
    description: last.description ?? '',
    parameters: fields.flatMap(({ args }) => args.flatMap((arg) => parametersOf(arg, arg === key))),
    document: documentOf(name, fields, answer),
    dataPath: fields.map((field) => field.name),
    answer,
  };
}

/** The fields of an input object are parameters of their own. */
function parametersOf(arg: GraphQLArgument, inPath: boolean): Parameter[] {
  const named = getNamedType(arg.type);
  if (!isInputObjectType(named)) return [parameterOf(arg, inPath, arg.name, null)];
  return Object.values(named.getFields()).map((field) => parameterOf(field, false, arg.name, field.name));
}

function parameterOf(arg: GraphQLArgument | GraphQLInputField, inPath: boolean, variable: string, inputField: string | null): Parameter {
  const { name, type, defaultValue, description } = arg;
  const required = isRequiredArgument(arg as GraphQLArgument);
  return { name, in: inPath ? 'path' : 'query', type, required, defaultValue, description: description ?? '', variable, inputField };
}

function documentOf(name: string, fields: readonly Field[], answer: Selected): string {
  const args = fields.flatMap((field) => field.args);
  const declared = args.map((arg) => `$${arg.name}: ${getTypeText(arg)}`);
  const called = ({ name: field, args: own }: Field) =>
    `${field}${own.length === 0 ? '' : `(${own.map((arg) => `${arg.name}: $${arg.name}`).join(', ')})`}`;
  const inner = selectionText(answer);
  const body = fields.reduceRight((text, field, place) => `${called(field)} ${place === fields.length - 1 ? inner : `{ ${text} }`}`, '');
  return `query ${name}${declared.length === 0 ? '' : `(${declared.join(', ')})`} { ${body} }`;
}

/** A variable that is not given leaves an argument to its default. */
function getTypeText(arg: GraphQLArgument): string {
  return isRequiredArgument(arg) ? String(arg.type) : String(getNullableType(arg.type));
}

function selectionText({ fields }: Selected): string {
  return fields === null ? '' : `{ ${fields.map((field) => `${field.name} ${selectionText(field)}`.trim()).join(' ')} }`;
}

/** All values, and the objects within as far as `nested` says; what needs arguments has a route of its own. */
function select(field: Field, nested: number): Selected {
  const { name, type, description } = field;
  const named = getNamedType(type);
  const fields = isObjectType(named) ? selectFields(named, nested) : null;
  return { name, type, description: description ?? '', fields };
}

function selectFields(type: GraphQLObjectType, nested: number): Selected[] {
  const fields = Object.values(type.getFields());
  if (isConnection(type)) return fields.filter(({ name }) => name !== 'edges').map((field) => select(field, nested));
  return fields
    .filter((field) => {
      const inner = getNamedType(field.type);
      if (isLeafType(inner)) return field.args.length === 0;
      if (nested === 0 || field.args.some(isRequiredArgument)) return false;
      return field.args.length === 0 || !(isListType(getNullableType(field.type)) || isConnection(inner as GraphQLObjectType));
    })
    .map((field) => select(field, nested - 1));
}

export function isConnection({ name }: { name: string }): boolean {
  return name.endsWith('Connection');
}

function toKebabCase(name: string): string {
  return name.replace(/(?<=[a-z\d])(?=[A-Z])/g, '-').toLowerCase();
}
