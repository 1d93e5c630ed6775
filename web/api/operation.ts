/** The text of a GraphQL operation that knows its types. tests/unit/web checks every text against graphql/schema.graphql. */

declare const types: unique symbol;

export type Operation<Data, Variables extends object = Record<string, never>> = string & {
  readonly [types]?: (variables: Variables) => Data;
};

export function operation<Data, Variables extends object = Record<string, never>>(text: string): Operation<Data, Variables> {
  return text as Operation<Data, Variables>;
}
