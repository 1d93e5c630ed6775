/** The way from a page to the next one, as a header (RFC 8288): a CSV has no room for pageInfo, and must not look like all there is. */
import { getNamedType } from 'graphql';
import { isConnection, type Selected } from './routes.js';

/** Null: the answer is no page, or the last one. Relative to what was asked, so it stands behind a proxy with a path of its own too. */
export function linkToNext(answer: Selected, data: unknown, query: Record<string, string | string[]>): string | null {
  if (!isConnection(getNamedType(answer.type))) return null;
  const { hasNextPage, endCursor } = (data as { pageInfo: { hasNextPage: boolean; endCursor: string | null } }).pageInfo;
  if (!hasNextPage || endCursor === null) return null;
  const next = new URLSearchParams();
  for (const [name, given] of Object.entries({ ...query, after: endCursor })) for (const value of [given].flat()) next.append(name, value);
  return `<?${next}>; rel="next"`;
}
