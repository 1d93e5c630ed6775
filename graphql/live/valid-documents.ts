/** What clients ask over WebSockets, parsed, validated and within the limits. */
import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { checkCost, LIMIT_RULES, PARSE_OPTIONS, VALIDATION_OPTIONS } from '../limits.js';
import type { OperationTimes } from '../observation/operations.js';

/** Queries that are kept parsed and validated: equal subscriptions come by the thousand. */
const MOST_DOCUMENTS = 200;

/** Parses and validates each query once while it is in use. */
export class ValidDocuments {
  readonly #documents = new Map<string, DocumentNode>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly times: OperationTimes,
  ) {}

  prepare({ query, operationName, variables }: SubscribePayload): ExecutionArgs | GraphQLError[] {
    const document = this.#find(query);
    if (Array.isArray(document)) return document;
    if (getOperationAST(document, operationName) == null) {
      return [coded(new GraphQLError('Name one of the operations of the query: operationName'), 'OPERATION_RESOLUTION_FAILURE')];
    }
    const problem = checkCost({ schema: this.schema, document, operationName, variables });
    if (problem !== null) return [problem];
    return { schema: this.schema, document, operationName, variableValues: variables };
  }

  #find(query: string): DocumentNode | GraphQLError[] {
    const known = this.#documents.get(query);
    this.times.countDocument(known !== undefined);
    const document = known ?? this.#read(query);
    if (Array.isArray(document)) return document;
    this.#documents.delete(query);
    this.#documents.set(query, document);
    const [oldest] = this.#documents.keys();
    if (this.#documents.size > MOST_DOCUMENTS && oldest !== undefined) this.#documents.delete(oldest);
    return document;
  }

  #read(query: string): DocumentNode | GraphQLError[] {
    try {
      const document = parse(query, PARSE_OPTIONS);
      const errors = validate(this.schema, document, [...specifiedRules, ...LIMIT_RULES], VALIDATION_OPTIONS);
      return errors.length > 0 ? errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')) : document;
    } catch (error) {
      if (error instanceof GraphQLError) return [coded(error, 'GRAPHQL_PARSE_FAILED')];
      throw error;
    }
  }
}

/** With the code that the same mistake has over HTTP. */
function coded(error: GraphQLError, code: string): GraphQLError {
  error.extensions.code ??= code;
  return error;
}
