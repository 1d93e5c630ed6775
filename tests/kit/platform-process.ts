/** The platform as a process of its own, on a data directory of its own: what `npm start` runs. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project-root.js';

export interface PlatformProcess {
  /** http://127.0.0.1:port */
  url: string;
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** The exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

export function buildPlatform(): void {
  const { status, stderr } = spawnSync(process.execPath, ['build.mjs'], { cwd: projectRoot, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
}

export function makeDataDir(): { dataDir: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'cdp start '));
  return { dataDir: join(root, 'data'), remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Resolves when the process says that it is ready; rejects if it ends before. */
export async function startPlatform(dataDir: string, env: Record<string, string> = {}): Promise<PlatformProcess> {
  const platform = spawnPlatform(['up'], { DATA_DIR: dataDir, PORT: '0', ...env });
  const url = await Promise.race([
    platform.says(/GraphQL +(http:\/\/127\.0\.0\.1:\d+)\/graphql/),
    platform.ended.then((code) => {
      throw new Error(`the platform ended (${code}) before it was ready:\n${platform.output()}`);
    }),
  ]);
  return { ...platform, url };
}

/** `root`: where the built project is. */
export function spawnPlatform(args: string[], env: Record<string, string>, root = projectRoot) {
  const child: ChildProcess = spawn(process.execPath, [join(root, 'dist/src/main/cli.js'), ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const waiting: { pattern: RegExp; resolve(text: string): void }[] = [];
  const hear = (chunk: Buffer) => {
    output += chunk;
    for (const { pattern, resolve } of waiting) {
      const match = pattern.exec(output);
      if (match) resolve(match[1] ?? match[0]);
    }
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  return {
    pid: child.pid,
    output: () => output,
    /** Resolves with the first group of the pattern once the output holds it. */
    says: (pattern: RegExp) =>
      new Promise<string>((resolve) => {
        waiting.push({ pattern, resolve });
        hear(Buffer.alloc(0));
      }),
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    ended: new Promise<number | NodeJS.Signals | null>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal))),
  };
}

export async function ask<T>(url: string, query: string): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: { message: string }[] };
  if (errors) throw new Error(errors.map((error) => error.message).join('; '));
  return data;
}
