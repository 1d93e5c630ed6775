/** Programs of the bench in processes of their own, which say 'ready' with what others need to know and are asked by messages. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../../../src/platform/project-root.js';
import type { Arrival } from '../programs/arriving-ticks.js';
import type { Pipeline } from '../programs/bare-pipeline.js';

const PROGRAMS = join(projectRoot, 'tests/bench/programs');
const HOOKS = join(projectRoot, 'tests/kit/typescript-hooks.mjs');

export interface Program {
  pid: number;
  /** What it said when it was ready. */
  ready: string;
  /** Sends a question and resolves with the answer; one at a time. */
  ask<Answer>(question: object): Promise<Answer>;
  stop(): Promise<void>;
}

/** One of tests/bench/programs. */
export async function startProgram(name: string, ...args: string[]): Promise<Program> {
  const child = fork(join(PROGRAMS, `${name}.ts`), args, { execArgv: ['--import', HOOKS], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const hear = async () => {
    const ended = new AbortController();
    try {
      return (await Promise.race([
        once(child, 'message', { signal: ended.signal }),
        once(child, 'exit', { signal: ended.signal }).then(() => {
          throw new Error(`the program ${name} of the bench ended (${child.exitCode ?? child.signalCode})`);
        }),
      ])) as [unknown];
    } finally {
      ended.abort();
    }
  };
  const [ready] = await hear();
  return {
    pid: child.pid as number,
    ready: ready as string,
    async ask<Answer>(question: object) {
      const answer = hear();
      child.send(question);
      return (await answer)[0] as Answer;
    },
    stop: () => end(child),
  };
}

export function startTicks(arrival: Arrival): Promise<Program> {
  return startProgram('arriving-ticks', JSON.stringify(arrival));
}

export function startBarePipeline(pipeline: Pipeline): Promise<Program> {
  return startProgram('bare-pipeline', JSON.stringify(pipeline));
}

export interface Platform {
  pid: number;
  /** http://127.0.0.1:port */
  url: string;
  stop(): Promise<void>;
}

/** A role of the platform as it is run: the compiled command line. Resolves once its output holds the address. */
export async function startRole(
  role: 'up' | 'gateway' | 'worker' | 'consumer' | 'producer',
  env: Record<string, string>,
): Promise<Platform> {
  const child = spawn(process.execPath, [...nodeFlags(), join(projectRoot, 'dist/src/main/cli.js'), role], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output = (output + chunk).slice(-100_000);
      const address = /(?:(?:gateway|worker|consumer|producer):|GraphQL) +(http:\/\/127\.0\.0\.1:\d+)\/(?:graphql|status)/.exec(
        output,
      )?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once('exit', () => reject(new Error(`cdp ${role} ended before it was ready:\n${output}`)));
  });
  let asked = false;
  child.once('exit', (code, signal) => {
    if (!asked) console.error(`cdp ${role} ended by itself (${code ?? signal}); the end of its log:\n${output.slice(-2_000)}`);
  });
  return {
    pid: child.pid as number,
    url,
    stop() {
      asked = true;
      return end(child);
    },
  };
}

/** What `npm start` gives to Node before the program. */
function nodeFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const words = scripts.start.split(' ');
  return words.slice(1, words.indexOf('dist/src/main/cli.js'));
}

/** What a benchmark started, stopped in the reverse order however it ends. */
export class Parts implements AsyncDisposable {
  readonly #started: { stop(): Promise<void> }[] = [];

  add<T extends { stop(): Promise<void> }>(started: T): T {
    this.#started.push(started);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#started.reverse()) await part.stop();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = new AbortController();
  const overdue = sleep(30_000, undefined, { signal: late.signal }).then(
    () => child.kill('SIGKILL'),
    () => {},
  );
  await exited;
  late.abort();
  await overdue;
}
