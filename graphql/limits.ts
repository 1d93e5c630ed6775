/**
 * How much one request may ask for: one set of limits for HTTP and WebSocket alike.
 * Must stay true: checking a query costs little whatever it holds (fragments are walked once each, cost stops counting at a bound),
 * and no query that passes makes the platform build more than LIMITS.cost values, nor an event of a subscription more than LIMITS.eventCost.
 */
import {
  type ASTVisitor,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  getNullableType,
  getOperationAST,
  getVariableValues,
  isListType,
  type ParseOptions,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { type ComplexityEstimator, fieldExtensionsEstimator, getComplexity, simpleEstimator } from 'graphql-query-complexity/cjs';
import { badUserInput, clientError } from './errors.js';

export const LIMITS = {
  /** Words and signs of the query text. The introspection query of common tools has 330. */
  tokens: 2_000,
  /** Fields within fields. The deepest sensible path here has 10. */
  depth: 12,
  aliases: 100,
  /** Characters: an alias within lists is in the answer as often as its value. */
  aliasLength: 64,
  directives: 50,
  /** Values in the answer, if every list is as long as it may be: 0.3 s of work at most. */
  cost: 100_000,
  /** Values in what a subscription is told of one event: 3 ms of work, and there may be thousands of events a second. */
  eventCost: 1_000,
  /** Nodes of a page. */
  pageSize: 200,
  /** Buckets of one coin's candles. */
  candles: 1_000,
  /** Coins, and steps of each, of a timeseries. */
  seriesCoins: 50,
  seriesPoints: 2_000,
  /** Days of marketOverviews. */
  days: 1_000,
  /** Ids in one argument. */
  ids: 250,
  bodyBytes: 100_000,
} as const;

export const PARSE_OPTIONS: ParseOptions = { maxTokens: LIMITS.tokens };
/** Enough to mend a query, too few to make a large answer out of a small bad request. */
export const VALIDATION_OPTIONS = { maxErrors: 10 };

function tooComplex(message: string): GraphQLError {
  return clientError('QUERY_TOO_COMPLEX', message, {});
}

/** Aliases and directives are counted as written, depth with fragments in their places. */
const limitSize: ValidationRule = (context) => {
  let aliases = 0;
  let directives = 0;
  return {
    Field({ alias }) {
      if (alias === undefined) return;
      if (++aliases === LIMITS.aliases + 1) {
        context.reportError(tooComplex(`The query has more than ${LIMITS.aliases} aliases: split it`));
      }
      if (alias.value.length > LIMITS.aliasLength) {
        context.reportError(tooComplex(`An alias has ${alias.value.length} characters; at most ${LIMITS.aliasLength} are allowed`));
      }
    },
    Directive() {
      if (++directives === LIMITS.directives + 1) {
        context.reportError(tooComplex(`The query has more than ${LIMITS.directives} directives: split it`));
      }
    },
  } satisfies ASTVisitor;
};

const limitDepth: ValidationRule = (context) => {
  const depths = new Map<FragmentDefinitionNode, number>();
  return {
    OperationDefinition(node) {
      const depth = depthOf(node.selectionSet, context, depths);
      if (depth > LIMITS.depth) {
        context.reportError(tooComplex(`The query is ${depth} fields deep; at most ${LIMITS.depth} are allowed: ask in several queries`));
      }
    },
  };
};

function depthOf(set: SelectionSetNode, context: ValidationContext, depths: Map<FragmentDefinitionNode, number>): number {
  let deepest = 0;
  for (const selection of set.selections) {
    if (selection.kind === 'Field') {
      // Introspection has a depth limit of its own among graphql-js's rules.
      const inner = selection.selectionSet === undefined || selection.name.value.startsWith('__');
      deepest = Math.max(deepest, 1 + (inner ? 0 : depthOf(selection.selectionSet, context, depths)));
    } else if (selection.kind === 'InlineFragment') {
      deepest = Math.max(deepest, depthOf(selection.selectionSet, context, depths));
    } else {
      const fragment = context.getFragment(selection.name.value);
      if (fragment == null) continue;
      if (!depths.has(fragment)) {
        depths.set(fragment, 0); // a circle ends here; graphql-js reports it
        depths.set(fragment, depthOf(fragment.selectionSet, context, depths));
      }
      deepest = Math.max(deepest, depths.get(fragment) ?? 0);
    }
  }
  return deepest;
}

/** A subscription without its field would have no source. graphql-js forbids this from version 17 on; version 16 fails over it. */
const unconditionalSource: ValidationRule = (context) => ({
  OperationDefinition({ operation, selectionSet }) {
    const condition = operation === 'subscription' ? conditionIn(selectionSet, context) : null;
    if (condition !== null) {
      const message = `@${condition.name.value} cannot decide over a subscription itself, only over fields within it`;
      context.reportError(new GraphQLError(message, { nodes: condition }));
    }
  },
});

function conditionIn(set: SelectionSetNode, context: ValidationContext, passed = new Set<string>()): DirectiveNode | null {
  for (const selection of set.selections) {
    const own = selection.directives?.find(({ name }) => name.value === 'skip' || name.value === 'include');
    if (own !== undefined) return own;
    if (selection.kind === 'Field') continue;
    let inner = selection.kind === 'InlineFragment' ? selection.selectionSet : undefined;
    if (selection.kind === 'FragmentSpread' && !passed.has(selection.name.value)) {
      passed.add(selection.name.value);
      inner = context.getFragment(selection.name.value)?.selectionSet;
    }
    const found = inner === undefined ? null : conditionIn(inner, context, passed);
    if (found !== null) return found;
  }
  return null;
}

/** Beside graphql-js's own rules. */
export const LIMIT_RULES: readonly ValidationRule[] = [limitSize, limitDepth, unconditionalSource];

type Arguments = Record<string, unknown>;

/** The cost of a list: that of one item, as often as it may come. A size out of bounds is the resolver's to refuse. */
export function listCost(size: number | ((args: Arguments) => number), most: number = LIMITS.pageSize): ComplexityEstimator {
  return ({ args, childComplexity }) => {
    const count = typeof size === 'number' ? size : size(args);
    return 1 + Math.min(Math.max(count, 1), most) * childComplexity;
  };
}

/** The cost of a list or page that holds `first` items at most. */
export function pageCost(most: number = LIMITS.pageSize): ComplexityEstimator {
  return listCost((args) => Number(args.first), most);
}

const introspection: ComplexityEstimator = ({ type, field, childComplexity }) =>
  type.name.startsWith('__') && isListType(getNullableType(field.type)) ? 1 + 10 * childComplexity : undefined;

const ESTIMATORS = [introspection, fieldExtensionsEstimator(), simpleEstimator({ defaultComplexity: 1 })];

export interface OperationToCheck {
  schema: GraphQLSchema;
  document: DocumentNode;
  operationName?: string | null;
  variables?: Record<string, unknown> | null;
}

/** What stands against running a valid operation, if anything: its cost depends on the variables, so it is counted each time. */
export function checkCost({ schema, document, operationName, variables }: OperationToCheck): GraphQLError | null {
  const operation = getOperationAST(document, operationName);
  if (operation == null) return null; // the executor says which names there are
  // What counts the cost would note every bad value: 0.6 s for a body full of them.
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {}, VALIDATION_OPTIONS);
  if (errors !== undefined) return null; // the executor says which and why
  const cost = costOf({ schema, query: document, operationName: operation.name?.value, variables: variables ?? {} });
  if (cost instanceof GraphQLError) return cost;
  const live = operation.operation === 'subscription';
  const most = live ? LIMITS.eventCost : LIMITS.cost;
  if (cost <= most) return null;
  return tooComplex(
    `The answer${live ? ' to each event' : ''} may hold ${cost === Infinity ? 'far too many' : cost} values; at most ${most} are allowed: ` +
      `ask for fewer items (first), fewer fields, or ${live ? 'with queries' : 'in several queries'}`,
  );
}

function costOf(options: Omit<Parameters<typeof getComplexity>[0], 'estimators'>): number | GraphQLError {
  try {
    return getComplexity({ ...options, estimators: ESTIMATORS, maxQueryNodes: 10_000 });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.message.includes('maximum allowed number of nodes')) return Infinity;
    // A variable that is null where a field wants a value: graphql-js would refuse that field alone and run all the others, uncounted.
    return badUserInput(error.message);
  }
}
