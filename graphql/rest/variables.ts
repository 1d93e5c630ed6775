/** The text of a URL as the variables of a GraphQL operation. What a value may be is left to the schema's scalars. */
import { GraphQLBoolean, type GraphQLInputType, GraphQLInt, getNamedType, getNullableType, isListType } from 'graphql';
import { badUserInput } from '../errors.js';
import type { Parameter, RestRoute } from './routes.js';

/** Says how the answer is to be written, and is no variable. */
export const FORMAT = 'format';

/** @throws GraphQLError BAD_USER_INPUT for a parameter that the route does not have, or for one that it needs and is not given */
export function readVariables(
  route: RestRoute,
  path: Record<string, string>,
  query: Record<string, string | string[]>,
): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  const set = (parameter: Parameter, text: string | string[]) => {
    const value = readValue(parameter.type, text);
    if (parameter.inputField === null) variables[parameter.variable] = value;
    else variables[parameter.variable] = { ...(variables[parameter.variable] as object), [parameter.inputField]: value };
  };
  const inQuery = new Map(route.parameters.filter((parameter) => parameter.in === 'query').map((parameter) => [parameter.name, parameter]));
  for (const [name, text] of Object.entries(query)) {
    if (name === FORMAT) continue;
    const parameter = inQuery.get(name);
    if (parameter === undefined) {
      throw badUserInput(`There is no parameter "${name.slice(0, 100)}" here; there are ${[...inQuery.keys(), FORMAT].join(', ')}`);
    }
    set(parameter, text);
  }
  for (const { name, required, type } of inQuery.values())
    if (required && query[name] === undefined) throw badUserInput(`The parameter "${name}" is needed (${getNamedType(type).name})`);
  for (const parameter of route.parameters) if (parameter.in === 'path') set(parameter, path[parameter.name] as string);
  return variables;
}

/** Lists are repeated (a=1&a=2) or separated by commas. */
function readValue(type: GraphQLInputType, text: string | string[]): unknown {
  const named = getNamedType(type);
  if (isListType(getNullableType(type))) return [text].flat().flatMap((each) => each.split(','));
  const [first = ''] = [text].flat().slice(-1);
  if (named === GraphQLInt && /^-?\d{1,15}$/.test(first)) return Number(first);
  if (named === GraphQLBoolean && (first === 'true' || first === 'false')) return first === 'true';
  return first;
}
