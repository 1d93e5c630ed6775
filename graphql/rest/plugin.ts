/**
 * /api: the queries of the GraphQL schema as GET routes, with their OpenAPI document and page.
 * Must stay true: an answer is that of the same GraphQL operation, executed by the same server: limits, errors, rights and metrics are its.
 */
import type { ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { GraphQLFormattedError } from 'graphql';
import type { GatewayContext } from '../context.js';
import type { ErrorCode } from '../errors.js';
import { schema } from '../schema.js';
import { toCsv } from './csv.js';
import { linkToNext } from './next-page.js';
import { openApiDocument } from './openapi.js';
import { PAGE_POLICY, restPage } from './page.js';
import { createRoutes, type RestRoute } from './routes.js';
import { FORMAT, readVariables } from './variables.js';

export interface RestServices {
  apollo: ApolloServer<GatewayContext>;
  contextFor(authorization: string | undefined): GatewayContext;
  version: string;
  now(): Date;
}

type Query = Record<string, string | string[]>;

const STATUS: Partial<Record<ErrorCode, number>> = { UNAUTHENTICATED: 401, FORBIDDEN: 403, NOT_FOUND: 404, INTERNAL_SERVER_ERROR: 500 };

/** Registered with the prefix /api. */
export function restRoutes({ apollo, contextFor, version, now }: RestServices) {
  const routes = createRoutes(schema);
  const document = openApiDocument(routes, version);
  return async (app: FastifyInstance): Promise<void> => {
    const page = async (_request: unknown, reply: FastifyReply) =>
      reply.header('content-security-policy', PAGE_POLICY).type('text/html; charset=utf-8').send(restPage(routes, now()));
    app.get('/', page);
    app.get('/openapi.json', async () => document);
    for (const route of routes) {
      app.get<{ Params: Record<string, string>; Querystring: Query }>(route.path, async (request, reply) => {
        const { params, query, headers } = request;
        const asCsv = query[FORMAT] === 'csv' || (query[FORMAT] === undefined && headers.accept?.split(',')[0]?.trim() === 'text/csv');
        if (![undefined, 'json', 'csv'].includes(query[FORMAT] as string))
          return refuse(reply, [
            { message: `format: "${query[FORMAT]}" is not known here; take json or csv`, extensions: { code: 'BAD_USER_INPUT' } },
          ]);
        const { data, errors } = await execute(apollo, route, readOrRefuse(route, params, query), contextFor(headers.authorization));
        if (errors !== undefined) return refuse(reply, errors);
        if (data === null) return refuse(reply, [notThere(request.url)]);
        const next = linkToNext(route.answer, data, query);
        // A page of an allowed origin reads no header that is not named.
        if (next !== null) reply.headers({ link: next, 'access-control-expose-headers': 'Link' });
        if (!asCsv) return reply.send(data);
        const file = `${route.path
          .slice(1)
          .replace(/:(\w+)/g, (_, name: string) => params[name] ?? '')
          .replaceAll(/[^\w.-]+/g, '-')}.csv`;
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', `inline; filename="${file}"`)
          .send(toCsv(route.answer, data));
      });
    }
  };
}

function readOrRefuse(route: RestRoute, params: Record<string, string>, query: Query) {
  try {
    return { variables: readVariables(route, params, query) };
  } catch (error) {
    return { errors: [error as GraphQLFormattedError] };
  }
}

async function execute(
  apollo: ApolloServer<GatewayContext>,
  { document, name, dataPath }: RestRoute,
  asked: { variables: Record<string, unknown> } | { errors: GraphQLFormattedError[] },
  contextValue: GatewayContext,
): Promise<{ data: unknown; errors?: readonly GraphQLFormattedError[] }> {
  if ('errors' in asked) return { data: null, errors: asked.errors };
  const { body } = await apollo.executeOperation({ query: document, operationName: name, variables: asked.variables }, { contextValue });
  if (body.kind !== 'single') throw new Error('the answer comes in parts, and nobody asked for that');
  const { data, errors } = body.singleResult;
  let answer: unknown = data ?? null;
  for (const field of dataPath) answer = (answer as Record<string, unknown> | null)?.[field] ?? null;
  return errors === undefined ? { data: answer } : { data: null, errors };
}

function refuse(reply: FastifyReply, errors: readonly GraphQLFormattedError[]): FastifyReply {
  const status = STATUS[errors[0]?.extensions?.code as ErrorCode] ?? 400;
  return reply.code(status).send({ errors: errors.map(({ message, extensions }) => ({ message, extensions })) });
}

function notThere(url: string): GraphQLFormattedError {
  return { message: `There is nothing at ${url.split('?')[0]?.slice(0, 200)}`, extensions: { code: 'NOT_FOUND' } };
}
