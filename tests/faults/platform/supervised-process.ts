/** A process of the platform under a supervisor, as systemd or a container engine is one: whatever ends it, it is started again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnPlatform } from '../../kit/platform-process.js';

export interface ProcessOptions {
  /** For messages. */
  name: string;
  /** Of the built project. */
  root: string;
  args: string[];
  port: number;
  env: Record<string, string>;
}

const RESTART_AFTER_MS = 200;
/** It answers with what is missing after 2 s; the rest is for a busy machine. */
const READINESS_MS = 5_000;

export class SupervisedProcess {
  /** How it ended, each time that it did. */
  readonly ends: (number | NodeJS.Signals | null)[] = [];
  #current: ReturnType<typeof spawnPlatform> | null = null;
  #wanted = false;
  #supervised: Promise<void> = Promise.resolve();
  #past = '';

  constructor(readonly options: ProcessOptions) {}

  get name(): string {
    return this.options.name;
  }

  get pid(): number | null {
    return this.#current?.pid ?? null;
  }

  /** http://host:port, whether it answers there or not. */
  get url(): string {
    return `http://127.0.0.1:${this.options.port}`;
  }

  /** Of this process and the ones before it; the end of it. */
  get output(): string {
    return (this.#past + (this.#current?.output() ?? '')).slice(-20_000);
  }

  start(): void {
    this.#wanted = true;
    this.#supervised = this.#supervise();
  }

  signal(signal: NodeJS.Signals): void {
    this.#current?.kill(signal);
  }

  /** Throws while it is not ready, in words that say who and why: for `waitFor`. */
  async isReady(): Promise<true> {
    const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(READINESS_MS) }).catch((error: Error) => {
      throw new Error(`${this.name} does not answer: ${error.message}`, { cause: error });
    });
    if (response.status !== 200) throw new Error(`${this.name}: ${await response.text()}`);
    return true;
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    const stopped = await Promise.race([this.#supervised.then(() => true), sleep(40_000, false, { ref: false })]);
    if (!stopped) this.signal('SIGKILL');
    await this.#supervised;
  }

  async #supervise(): Promise<void> {
    const { args, env, port, root } = this.options;
    while (this.#wanted) {
      this.#current = spawnPlatform(args, { HOST: '127.0.0.1', PORT: String(port), ...env }, root);
      this.ends.push(await this.#current.ended);
      this.#past = this.output;
      this.#current = null;
      if (this.#wanted) await sleep(RESTART_AFTER_MS);
    }
  }
}
