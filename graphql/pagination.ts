/**
 * Pages by key: a cursor names the last row seen by its place in one order, so a page starts right after it whatever came or went since.
 * Must stay true: a cursor is opaque, and one that was made for another list or another order is refused, never misread.
 */
import { type ClassType, Field, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { badUserInput } from './errors.js';
import { LIMITS } from './limits.js';

@ObjectType({ description: 'Where a page ends.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'There are more after this page.' })
  hasNextPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Give it as after to get the next page. Null on an empty page.' })
  endCursor!: string | null;
}

export interface Page<Row> {
  edges: { node: Row; cursor: string }[];
  nodes: Row[];
  pageInfo: PageInfo;
}

/** The types <Name>Edge and <Name>Connection of a list of nodes. */
export function connectionOf<Node extends object>(NodeType: ClassType<Node>, name: string) {
  @ObjectType(`${name}Edge`, { simpleResolvers: true, description: `One ${name} of a page, with its place in the list.` })
  class Edge {
    @Field(() => NodeType)
    node!: Node;

    @Field(() => String, { description: 'Opaque: its place in this list in this order. Good as after.' })
    cursor!: string;
  }

  @ObjectType(`${name}Connection`, { simpleResolvers: true, description: `A page of ${name}, in the order of the list.` })
  class Connection {
    @Field(() => [Edge])
    edges!: Edge[];

    @Field(() => [NodeType], { description: 'The nodes of edges, for those who need no cursors.' })
    nodes!: Node[];

    @Field(() => PageInfo)
    pageInfo!: PageInfo;
  }
  return Connection;
}

/** `rows` holds one row more than `first` where the list goes on. */
export function toPage<Row>(rows: readonly Row[], first: number, cursorOf: (row: Row) => string): Page<Row> {
  const nodes = rows.slice(0, first);
  const last = nodes.at(-1);
  return {
    nodes,
    // Cursors are made where they are asked for.
    get edges() {
      return nodes.map((node) => ({ node, cursor: cursorOf(node) }));
    },
    get pageInfo() {
      return { hasNextPage: rows.length > first, endCursor: last === undefined ? null : cursorOf(last) };
    },
  };
}

export function encodeCursor(parts: readonly (string | null)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** What encodeCursor was given, if it is what the list expects; null where no cursor was sent. */
export function decodeCursor<Parts>(cursor: string | null | undefined, expected: z.ZodType<Parts>): Parts | null {
  if (cursor == null) return null;
  const parts = expected.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (!parts.success) {
    throw badUserInput('after: this is not a cursor of this list in this order; give the endCursor of a page with the same arguments');
  }
  return parts.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Parts of cursors, as text. */
export const cursorPart = {
  id: z.string().min(1).max(300),
  bigint: z
    .string()
    .regex(/^\d{1,18}$/)
    .transform(BigInt),
  instant: z.iso.datetime({ precision: 3 }).transform((text) => new Date(text)),
  integer: z.string().regex(/^-?\d{1,9}$/),
  number: z.string().regex(/^-?\d{1,200}(\.\d{1,200})?(e[+-]\d{1,2})?$/),
};

/** The cursor of a list of rows in the order of their numbers. */
export const rowCursor = {
  encode: (list: string, id: bigint): string => encodeCursor([list, String(id)]),
  decode: (list: string, cursor: string | null | undefined): bigint | null =>
    decodeCursor(cursor, z.tuple([z.literal(list), cursorPart.bigint]))?.[1] ?? null,
};

/** The number of a row; -1, which no row has, where the text is none. */
export function toRowId(id: string): bigint {
  return /^\d{1,18}$/.test(id) ? BigInt(id) : -1n;
}

/** Each once; what is no number is left out. */
export function toRowIds(ids: readonly string[]): bigint[] {
  if (ids.length > LIMITS.ids) throw badUserInput(`ids: at most ${LIMITS.ids}; give them in several calls`);
  return [...new Set(ids.map(toRowId))].filter((id) => id >= 0n);
}

/** What the argument `first` says of itself. */
export const pageSize = (defaultValue: number) => ({ defaultValue, description: `1 to ${LIMITS.pageSize}.` });

/** Returns it, if it is the size of a page. */
export function checkFirst(first: number, most: number = LIMITS.pageSize): number {
  if (first >= 1 && first <= most) return first;
  throw badUserInput(`first: ${first} is not a page size here; take 1 to ${most}, and further pages with after`);
}

/** Int of GraphQL has 32 bits: a greater count is cut to the largest. */
export function toGraphqlInt(count: bigint): number {
  return Number(count > 2_147_483_647n ? 2_147_483_647n : count);
}
