/** The command line as an operator runs it, from the sources. */
import { spawn } from 'node:child_process';
import { projectRoot } from '../../src/platform/project-root.js';

/** `cdp …` with these variables beside PATH. */
export async function cdp(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; out: string; err: string }> {
  const command = ['--import', './tests/kit/typescript-hooks.mjs', './src/main/cli.ts', ...args];
  const child = spawn(process.execPath, command, { cwd: projectRoot, env: { PATH: process.env.PATH, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}
