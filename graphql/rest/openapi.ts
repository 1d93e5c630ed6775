/** The OpenAPI document of the REST routes, in the words of the GraphQL schema. */
import {
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isNonNullType,
} from 'graphql';
import { isConnection, type Parameter, type RestRoute, type Selected } from './routes.js';
import { FORMAT } from './variables.js';

type Schema = Record<string, unknown>;

const SCALARS: Record<string, Schema> = {
  Int: { type: 'integer', format: 'int32' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
  DateTime: { type: 'string', format: 'date-time' },
  Date: { type: 'string', format: 'date' },
  Decimal: { type: 'string', description: 'An exact decimal number: plain digits.', example: '0.000012345' },
};

export function openApiDocument(routes: readonly RestRoute[], version: string) {
  return {
    openapi: '3.0.3',
    info: {
      title: 'Crypto Data Platform',
      version,
      description:
        'Reading, over plain HTTP. Made from the GraphQL schema at /graphql, and executed by it, behind the same limits. Every answer comes as JSON, or as CSV with format=csv. Collections come in pages: where there is more, the header Link leads to the next one.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: '/api' }],
    paths: Object.fromEntries(routes.map((route) => [toTemplate(route.path), { get: operationOf(route) }])),
    components: { schemas: { Errors: ERRORS }, securitySchemes: { operator: { type: 'http', scheme: 'bearer' } } },
  };
}

/** /coin/{id} of /coin/:id */
export function toTemplate(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function operationOf(route: RestRoute) {
  const failed = (description: string) => ({
    description,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Errors' } } },
  });
  return {
    operationId: route.name.replace(/^rest_/, ''),
    description: route.description,
    // Needed only by what is the operator's to see; the answer says so.
    security: [{}, { operator: [] }],
    parameters: [...route.parameters.map(parameterOf), FORMAT_PARAMETER],
    responses: {
      200: {
        description: 'The answer.',
        ...(isConnection(getNamedType(route.answer.type)) ? { headers: { Link: NEXT_LINK } } : {}),
        content: { 'application/json': { schema: schemaOf(route.answer) }, 'text/csv': { schema: { type: 'string' } } },
      },
      400: failed('A parameter is wrong, or too much is asked for.'),
      401: failed("It is the operator's to see, and there is no key, or a wrong one."),
      404: failed('There is no such thing.'),
    },
  };
}

const NEXT_LINK = {
  description: 'There where there is more: the next page (RFC 8288, rel="next"), relative to what was asked.',
  schema: { type: 'string' },
  example: '<?format=csv&first=200&after=WyJiaXRjb2luIl0>; rel="next"',
};

const FORMAT_PARAMETER = {
  name: FORMAT,
  in: 'query',
  required: false,
  description: 'json or csv. Accept: text/csv does the same.',
  schema: { type: 'string', enum: ['json', 'csv'], default: 'json' },
};

function parameterOf({ name, in: place, type, required, defaultValue, description }: Parameter) {
  const schema = inputSchema(type);
  return {
    name,
    in: place,
    required,
    description,
    ...(isListType(getNullableType(type)) ? { style: 'form', explode: false } : {}),
    schema: defaultValue === undefined ? schema : { ...schema, default: nameOfDefault(type, defaultValue) },
  };
}

function nameOfDefault(type: GraphQLInputType, value: unknown): unknown {
  const named = getNamedType(type);
  return isEnumType(named) ? named.serialize(value) : value;
}

function inputSchema(type: GraphQLInputType): Schema {
  const nullable = getNullableType(type);
  return isListType(nullable) ? { type: 'array', items: inputSchema(nullable.ofType) } : leafSchema(getNamedType(type));
}

function leafSchema(type: GraphQLNamedType): Schema {
  if (isEnumType(type)) return { type: 'string', enum: type.getValues().map(({ name }) => name) };
  return SCALARS[type.name] ?? { type: 'string' };
}

function schemaOf({ type, description, fields }: Selected): Schema {
  const item: Schema =
    fields === null
      ? leafSchema(getNamedType(type))
      : {
          type: 'object',
          required: fields.filter((field) => isNonNullType(field.type)).map(({ name }) => name),
          properties: Object.fromEntries(fields.map((field) => [field.name, schemaOf(field)])),
        };
  return { ...wrap(type, item), ...(description === '' ? {} : { description }) };
}

function wrap(type: GraphQLOutputType, item: Schema): Schema {
  if (isNonNullType(type)) return isListType(type.ofType) ? { type: 'array', items: item } : item;
  return isListType(type) ? { type: 'array', items: item, nullable: true } : { ...item, nullable: true };
}

const ERRORS: Schema = {
  type: 'object',
  required: ['errors'],
  properties: {
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['message'],
        properties: { message: { type: 'string' }, extensions: { type: 'object', properties: { code: { type: 'string' } } } },
      },
    },
  },
};
