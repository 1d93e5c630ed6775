/** Budgets that keep the house readable: a file under 300 lines, a function under 60, a folder under 12 files; nothing called utils. */
import { dirname } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { listFiles, readFile } from './source-files.js';

const files = listFiles().filter((path) => /\.(ts|tsx|sql|mjs)$/.test(path) && !path.startsWith('prisma/migrations/'));
const code = files.filter((path) => /\.tsx?$/.test(path) && /^(src|graphql|jobs|web)\//.test(path));

describe('budgets', () => {
  test('a file stays under 300 lines', () => {
    const long = files.map((path) => [path, readFile(path).split('\n').length] as const).filter(([, lines]) => lines > 300);
    expect(long).toEqual([]);
  });

  test('a folder stays under 12 files', () => {
    const folders = Map.groupBy(code, dirname);
    const full = [...folders].filter(([, paths]) => paths.length >= 12).map(([folder, paths]) => [folder, paths.length]);
    expect(full).toEqual([]);
  });

  test('no room is called utils, helpers or manager', () => {
    expect(files.filter((path) => /\b(utils?|helpers?|manager)\b/i.test(path))).toEqual([]);
  });
});
