/** build.mjs on a project of its own: a copy of what it reads, with one source file. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { projectRoot } from '../../src/platform/project-root.js';

const root = mkdtempSync(join(tmpdir(), 'cdp build '));
const write = (text: string) => writeFileSync(join(root, 'src/main/cli.ts'), text);

beforeAll(() => {
  for (const name of ['build.mjs', 'web', 'prisma', 'prisma.config.ts', 'tsconfig.json', 'package.json', 'package-lock.json']) {
    cpSync(join(projectRoot, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  mkdirSync(join(root, 'src/main'), { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));

function build(...args: string[]): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'build.mjs'), ...args], { encoding: 'utf8', cwd: tmpdir() });
  return { status, out: stdout + stderr };
}

describe('build.mjs', () => {
  test('makes the Prisma client, the code and the pages, says so, and then has nothing to do', () => {
    write('export const answer: number = 42;\n');
    expect(build()).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^pages: .*\nbuilt client, (code, web|web, code) in \d+\.\d s\n$/),
    });
    expect(existsSync(join(root, 'generated/prisma/client.ts'))).toBe(true);
    expect(existsSync(join(root, 'dist/src/main/cli.js'))).toBe(true);
    expect(build()).toEqual({ status: 0, out: '' });
  });

  test('makes again only what changed, and only the client where that is all that is wanted', () => {
    write('export const answer: number = 43;\n');
    expect(build('generate')).toMatchObject({ status: 0, out: '' });
    expect(build().out).toMatch(/^built code in/);
    writeFileSync(join(root, 'prisma/schema/extra.prisma'), '// nothing\n');
    expect(build('generate').out).toMatch(/^built client in/);
  });

  test('shows the errors of the compiler, fails, and does not take that for done', () => {
    write("export const answer: number = 'x';\n");
    for (const attempt of [build(), build()]) {
      expect(attempt.status).toBe(1);
      expect(attempt.out).toMatch(/src\/main\/cli\.ts.*TS2322/);
    }
    write('export const answer: number = 44;\n');
    expect(build()).toMatchObject({ status: 0 });
  });
});
