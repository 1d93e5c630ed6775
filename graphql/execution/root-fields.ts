/**
 * What the root fields of a query came to, kept while it is executed: where a plan gives up, graphql-js finds them here.
 * Must stay true: a root field is asked once in one execution, whoever executes it (what is below them goes through loaders, which
 * remember), and nothing is remembered beyond it. One that throws at once is asked again: it has done nothing.
 */
import type { GraphQLSchema } from 'graphql';

const remembered = new WeakMap<object, Map<string, unknown>>();

/** Of this schema, from now on: each root field looks first. */
export function rememberRootFields(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    const { resolve } = field;
    if (resolve === undefined) continue;
    field.resolve = (source, args, context: object, info) => {
      const results = remembered.get(context);
      if (results === undefined) return resolve(source, args, context, info);
      const [node] = info.fieldNodes;
      const key = node?.alias?.value ?? info.fieldName;
      if (!results.has(key)) results.set(key, resolve(source, args, context, info));
      return results.get(key);
    };
  }
}

/** Root fields that are asked with this context are remembered until the work has ended. */
export async function withRootFields<Result>(context: object, work: () => Promise<Result>): Promise<Result> {
  remembered.set(context, new Map());
  try {
    return await work();
  } finally {
    remembered.delete(context);
  }
}
