/** The tree as the architecture tests see it: files that git knows, and what each imports of ours. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { projectRoot } from '../../src/platform/project-root.js';

/** Paths of the repository, tracked or new, that are not ignored. */
export function listFiles(): string[] {
  const out = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  return out.split('\n').filter((path) => path !== '' && existsNow(path));
}

function existsNow(path: string): boolean {
  try {
    readFile(path);
    return true;
  } catch {
    return false;
  }
}

export function readFile(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

/** Files of ours that a file imports, `.ts` as they lie in the tree; type-only imports included. */
export function importsOf(path: string): string[] {
  const specifiers = [...readFile(path).matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map((match) => match[1] as string);
  return specifiers.map((specifier) => normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts'));
}
