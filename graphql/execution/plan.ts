/**
 * An operation of the query language, made ready once: what graphql-js looks up again for every value of every answer (fields,
 * fragments, arguments, types) is looked up when the plan is made, by graphql-js's own functions.
 * Must stay true: a plan knows only how an answer without errors comes about, and gives exactly graphql-js's. At anything else it
 * throws, and graphql-js, asked anew, says what is wrong: so a plan is for operations without side effects.
 */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type OperationDefinitionNode,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { getFieldDef } from 'graphql/execution/execute.js';

type Variables = Record<string, unknown>;
export type Answer = Record<string, unknown>;

/** Fragments in their places may make thousands of fields out of a short text, each of them 0.5 kB. */
const MOST_FIELDS = 1_000;

export interface Plan {
  /** How many it holds, fragments in their places. */
  readonly fields: number;
  /** Rejects or throws where the answer is not one without errors. */
  execute(rootValue: unknown, context: unknown, variables: Variables): Answer | Promise<Answer>;
}

export interface OperationToPlan {
  schema: GraphQLSchema;
  operation: OperationDefinitionNode;
  fragments: Record<string, FragmentDefinitionNode>;
  /** Those that decide what is skipped; a plan holds for one choice of them. */
  conditions: Variables;
}

/** Null where a plan would not do: the answer's shape depends on its values, or cannot be a plain object; or it has over MOST_FIELDS. */
export function createPlan(operation: OperationToPlan): Plan | null {
  try {
    return new Planner(operation).plan();
  } catch (error) {
    if (error instanceof Unplannable) return null;
    throw error;
  }
}

class Unplannable extends Error {}

/** What graphql-js has words for. */
class Incomplete extends Error {}

interface Field {
  /** Its name in the answer. */
  key: string;
  name: string;
  resolve: GraphQLFieldResolver<unknown, unknown> | undefined;
  /** Its place in a run's lists. */
  index: number;
  definition: GraphQLField<unknown, unknown>;
  node: FieldNode;
  info: Pick<GraphQLResolveInfo, 'fieldName' | 'fieldNodes' | 'returnType' | 'parentType' | 'schema' | 'fragments' | 'operation'>;
  complete: Complete;
}

/** A resolved value, that is no promise, as it stands in the answer. */
type Complete = (value: unknown, run: Run) => unknown;

class Planner {
  #fields = 0;

  constructor(private readonly source: OperationToPlan) {}

  plan(): Plan {
    const { schema, operation, fragments, conditions } = this.source;
    const type = schema.getRootType(operation.operation);
    if (type == null) throw new Unplannable();
    const fields = this.#planFields(type, collectFields(schema, fragments, conditions, type, operation.selectionSet));
    const count = this.#fields;
    return { fields: count, execute: (rootValue, context, variables) => new Run(rootValue, context, variables, count).answer(fields) };
  }

  #planFields(parentType: GraphQLObjectType, nodes: ReadonlyMap<string, readonly FieldNode[]>): Field[] {
    const { schema, fragments, operation } = this.source;
    return [...nodes].map(([key, fieldNodes]) => {
      const [node] = fieldNodes;
      const definition = node && getFieldDef(schema, parentType, node);
      if (node === undefined || definition == null || key === '__proto__') throw new Unplannable();
      if (this.#fields === MOST_FIELDS) throw new Unplannable();
      const { name, type: returnType, resolve } = definition;
      const info = { fieldName: name, fieldNodes, returnType, parentType, schema, fragments, operation };
      return { key, name, resolve, index: this.#fields++, definition, node, info, complete: this.#planType(returnType, fieldNodes) };
    });
  }

  #planType(type: GraphQLOutputType, fieldNodes: readonly FieldNode[]): Complete {
    if (isNonNullType(type)) return required(this.#planType(type.ofType, fieldNodes));
    if (isLeafType(type)) return leaf((value) => type.serialize(value));
    if (isListType(type)) return list(this.#planType(type.ofType, fieldNodes));
    if (!isObjectType(type) || type.isTypeOf != null) throw new Unplannable();
    const { schema, fragments, conditions } = this.source;
    return object(this.#planFields(type, collectSubfields(schema, fragments, conditions, type, fieldNodes)));
  }
}

function required(complete: Complete): Complete {
  return (value, run) => {
    if (value == null) throw new Incomplete();
    return complete(value, run);
  };
}

function leaf(serialize: (value: unknown) => unknown): Complete {
  return (value) => {
    if (value == null) return null;
    const serialized = value instanceof Error ? null : serialize(value);
    if (serialized == null) throw new Incomplete();
    return serialized;
  };
}

function list(complete: Complete): Complete {
  return (value, run) => {
    if (value == null) return null;
    if (!Array.isArray(value)) throw new Incomplete();
    const items: unknown[] = new Array(value.length);
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (isPromise(item)) run.later(item, items, index, complete);
      else items[index] = complete(item, run);
    }
    return items;
  };
}

function object(fields: readonly Field[]): Complete {
  return (value, run) => {
    if (value == null) return null;
    if (typeof value !== 'object' || value instanceof Error) throw new Incomplete();
    return run.complete(fields, value);
  };
}

/** One execution of a plan. */
class Run {
  readonly #arguments: (Variables | undefined)[];
  readonly #infos: (GraphQLResolveInfo | undefined)[];
  readonly #end = Promise.withResolvers<void>();
  #awaited = 0;
  #failed = false;

  constructor(
    private readonly rootValue: unknown,
    private readonly context: unknown,
    private readonly variables: Variables,
    fields: number,
  ) {
    this.#arguments = new Array(fields);
    this.#infos = new Array(fields);
    this.#end.promise.catch(() => {}); // nobody waits for it where the run fails before its first promise settles
  }

  answer(fields: readonly Field[]): Answer | Promise<Answer> {
    const answer = this.complete(fields, this.rootValue);
    return this.#awaited === 0 ? answer : this.#end.promise.then(() => answer);
  }

  complete(fields: readonly Field[], source: unknown): Answer {
    const target: Answer = {};
    for (const field of fields) {
      const value =
        field.resolve === undefined
          ? (source as Answer)[field.name]
          : field.resolve(source, this.#argumentsOf(field), this.context, this.#infoOf(field));
      if (isPromise(value)) {
        target[field.key] = null; // so that it stands in its place
        this.later(value, target, field.key, field.complete);
      } else target[field.key] = field.complete(value, this);
    }
    return target;
  }

  /** Completes what the promise resolves to, and puts it there. */
  later<Key extends PropertyKey>(promise: PromiseLike<unknown>, target: Record<Key, unknown>, key: Key, complete: Complete): void {
    this.#awaited++;
    promise.then(
      (value) => {
        if (this.#failed) return;
        try {
          target[key] = complete(value, this);
          if (--this.#awaited === 0) this.#end.resolve();
        } catch (error) {
          this.#fail(error);
        }
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#end.reject(error);
  }

  /** The same for every parent of the field. */
  #argumentsOf(field: Field): Variables {
    this.#arguments[field.index] ??= getArgumentValues(field.definition, field.node, this.variables);
    return this.#arguments[field.index] as Variables;
  }

  #infoOf(field: Field): GraphQLResolveInfo {
    this.#infos[field.index] ??= {
      ...field.info,
      rootValue: this.rootValue,
      variableValues: this.variables,
      get path(): never {
        throw new Incomplete('a plan keeps no paths');
      },
    };
    return this.#infos[field.index] as GraphQLResolveInfo;
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}
