/**
 * Apollo Server as this gateway runs it: no landing page, no reports to anybody, no batches, no stored queries, no stack traces.
 * Must stay true: what it refuses and how it says so is what the limits and the error formatter do on a WebSocket.
 */
import { ApolloServer, type ApolloServerOptionsWithGateway, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { type FormattedExecutionResult, GraphQLError, type GraphQLSchema } from 'graphql';
import type { Logger } from '../src/platform/logger.js';
import type { Metrics } from '../src/platform/metrics/metrics.js';
import type { GatewayContext } from './context.js';
import { badUserInput, type ErrorFormatter } from './errors.js';
import { createExecutor } from './execution/executor.js';
import { checkCost, LIMIT_RULES, PARSE_OPTIONS, VALIDATION_OPTIONS } from './limits.js';
import { showExecutions } from './observation/gateway-metrics.js';
import { createOperationsPlugin } from './observation/http-operations.js';
import type { OperationTimes } from './observation/operations.js';

export function createApollo(options: {
  schema: GraphQLSchema;
  formatError: ErrorFormatter;
  logger: Logger;
  metrics: Metrics;
  times: OperationTimes;
}): ApolloServer<GatewayContext> {
  return new ApolloServer<GatewayContext>({
    gateway: asGateway(options.schema, options.metrics),
    stringifyResult: createStringify(),
    formatError: options.formatError,
    logger: options.logger,
    nodeEnv: 'production',
    introspection: true,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    parseOptions: PARSE_OPTIONS,
    validationRules: [...LIMIT_RULES],
    validationOptions: VALIDATION_OPTIONS,
    plugins: [
      refusals,
      createOperationsPlugin(options.times),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}

/** Apollo's way to be given an executor. */
function asGateway(schema: GraphQLSchema, metrics: Metrics): ApolloServerOptionsWithGateway<GatewayContext>['gateway'] {
  const counts = { plan: 0, graphqlJs: 0, shared: 0 };
  const execute = createExecutor<GatewayContext>(schema, counts);
  showExecutions(metrics, counts);
  return {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: schema, coreSupergraphSdl: '' });
      return () => {};
    },
    load: async () => ({
      executor: ({ document, operation, request, context }) =>
        execute({
          document,
          operation,
          operationName: request.operationName,
          variables: request.variables,
          context: context as GatewayContext,
        }),
    }),
    stop: async () => {},
  };
}

/** An answer that is shared becomes text once. */
function createStringify(): (result: FormattedExecutionResult) => string {
  const texts = new WeakMap<object, string>();
  return (result) => {
    if (result.errors !== undefined || result.data == null) return JSON.stringify(result);
    const text = texts.get(result.data) ?? JSON.stringify(result);
    texts.set(result.data, text);
    return text;
  };
}

/** What can be said only once the operation is known. */
const refusals: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: async () => ({
    async didResolveOperation({ schema, document, operation, request }) {
      if (operation?.operation === 'subscription') {
        throw asBadRequest(badUserInput('Subscriptions travel over WebSocket: connect to /graphql with the protocol graphql-transport-ws'));
      }
      const tooCostly = checkCost({ schema, document, operationName: request.operationName, variables: request.variables });
      if (tooCostly !== null) throw asBadRequest(tooCostly);
    },
  }),
};

/** Apollo answers 500 to what a plugin throws unless told otherwise. */
function asBadRequest(error: GraphQLError): GraphQLError {
  return new GraphQLError(error.message, { extensions: { ...error.extensions, http: { status: 400, headers: new HeaderMap() } } });
}
