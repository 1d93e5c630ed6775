/** Where the project's own files (SQL, migrations, schema.graphql) are: the same from the source tree and from dist/. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findProjectRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error(`no package.json at or above ${import.meta.dirname}`);
  return findProjectRoot(parent);
}

export const projectRoot: string = findProjectRoot(import.meta.dirname);
