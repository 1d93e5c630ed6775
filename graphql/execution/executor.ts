/**
 * How queries are executed: by a plan that is made once per operation, and once for all equal ones that come at the same time.
 * Must stay true: the answer is the one that graphql-js alone would give, errors included, and never one that was begun before the
 * request came; nobody shares an answer with other rights; where a plan gives up nothing is read twice. Mutations run each for itself, by
 * graphql-js.
 */
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import { Groups } from './groups.js';
import { KeptPlans } from './kept-plans.js';
import { type Answer, createPlan, type Plan } from './plan.js';
import { rememberRootFields, withRootFields } from './root-fields.js';

export interface OperationToExecute<Context> {
  document: DocumentNode;
  /** Of the document; undefined where it has none of that name. */
  operation: OperationDefinitionNode | undefined;
  operationName?: string | null;
  variables?: Record<string, unknown> | null;
  context: Context;
}

export type Executor<Context> = (operation: OperationToExecute<Context>) => Promise<ExecutionResult>;

/** Operations since the start, by who answered them. */
export interface ExecutionCounts {
  plan: number;
  graphqlJs: number;
  /** The execution of an equal one that came together with it. */
  shared: number;
}

/** Plans of one operation: for as many choices of what its variables skip. */
const MOST_PLANS = 16;

export function createExecutor<Context extends { operator: string }>(
  schema: GraphQLSchema,
  counts: ExecutionCounts = { plan: 0, graphqlJs: 0, shared: 0 },
): Executor<Context> {
  rememberRootFields(schema);
  const kept = new KeptPlans();
  // An operation is an object of its document: without a plan that is kept it goes when Apollo forgets the document.
  const prepared = new WeakMap<OperationDefinitionNode, PreparedOperation>();
  return async (request) => {
    const { document, operation, operationName, variables, context } = request;
    const byGraphqlJs = async () => {
      counts.graphqlJs++;
      return execute({ schema, document, operationName, variableValues: variables, contextValue: context });
    };
    if (operation?.operation !== 'query') return byGraphqlJs();
    const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {}, { maxErrors: 1 });
    if (coerced === undefined) return byGraphqlJs();
    const own = prepared.get(operation) ?? new PreparedOperation(schema, document, operation, kept);
    prepared.set(operation, own);
    let shared = true;
    const result = await own.groups.do(JSON.stringify([context.operator, coerced]), async () => {
      shared = false;
      return withRootFields(context, async () => {
        const data = await own.execute(context, coerced);
        if (data === null) return byGraphqlJs();
        counts.plan++;
        return { data };
      });
    });
    if (shared) counts.shared++;
    return result;
  };
}

class PreparedOperation {
  readonly groups = new Groups<ExecutionResult>();
  readonly #plans = new Map<string, Plan | null>();
  readonly #fragments: Record<string, FragmentDefinitionNode>;
  readonly #conditions: readonly string[];

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly document: DocumentNode,
    private readonly operation: OperationDefinitionNode,
    private readonly kept: KeptPlans,
  ) {
    const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    this.#fragments = Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment]));
    this.#conditions = variablesOfDirectives(document);
  }

  /** Null where there is an error, or no plan. */
  async execute(context: unknown, variables: Record<string, unknown>): Promise<Answer | null> {
    try {
      return (await this.#planFor(variables)?.execute(undefined, context, variables)) ?? null;
    } catch {
      return null;
    }
  }

  #planFor(variables: Record<string, unknown>): Plan | null {
    const conditions = Object.fromEntries(this.#conditions.map((name) => [name, variables[name]]));
    const key = JSON.stringify(conditions);
    let plan = this.#plans.get(key);
    if (plan === undefined && this.#plans.size < MOST_PLANS) {
      plan = createPlan({ schema: this.schema, operation: this.operation, fragments: this.#fragments, conditions });
      this.#plans.set(key, plan);
    }
    if (plan != null) this.kept.use(plan, this.document, () => this.#plans.delete(key));
    return plan ?? null;
  }
}

function variablesOfDirectives(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, { Directive: (directive) => void visit(directive, { Variable: ({ name }) => void names.add(name.value) }) });
  return [...names].sort();
}
