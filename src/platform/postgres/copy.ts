/** COPY in, in its text format (Postgres documentation, "COPY", File Formats): for many rows the fastest way into a table. */
import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Queryable } from './database.js';

/** `copy`: COPY … FROM STDIN; `lines`: the rows, each ended by a line break, columns apart by a tab, texts through copyText. */
export async function copyIn(tx: Queryable, copy: string, lines: string): Promise<void> {
  const stream = tx.query(copyFrom(copy));
  stream.end(lines);
  await finished(stream);
}

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

export function copyText(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] as string) : text;
}

export function copyBytes(bytes: Buffer): string {
  return `\\\\x${bytes.toString('hex')}`;
}
