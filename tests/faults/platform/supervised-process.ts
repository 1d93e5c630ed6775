/** A process of the platform under a supervisor, as systemd or a container engine is one: whatever ends it, it is started again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnPlatform } from '../../kit/platform-process.js';
import { waitFor } from '../../kit/wait-for.js';

export interface ProcessOptions {
  /** For messages. */
  name: string;
  /** Of the built project. */
  root: string;
  args: string[];
  port: number;
  env: Record<string, string>;
}

/** The exit code, or the signal. */
export type Ending = number | NodeJS.Signals | null;

/** One process that ended. */
export interface End {
  pid: number | undefined;
  how: Ending;
  /** What the signals that it was sent ask for; undefined: nobody asked it to end. */
  asked: Ending | undefined;
  lastWords: string;
}

const RESTART_AFTER_MS = 200;
/** The platform takes 25 s at most. */
const STOPS_WITHIN_MS = 30_000;
/** It answers with what is missing after 2 s; the rest is for a busy machine. */
const READINESS_MS = 5_000;

export class SupervisedProcess {
  /** Each time that it ended, until a judge takes them. */
  readonly ends: End[] = [];
  #asked: Ending | undefined;
  #current: ReturnType<typeof spawnPlatform> | null = null;
  #wanted = false;
  #supervised: Promise<void> = Promise.resolve();
  #past = '';
  /** What was said since `hearAnew`: by the ones before, and by this one from here on. */
  #saidBefore = '';
  #heardFrom = 0;

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

  /** From here on what it says, and who comes after it, is kept whole. */
  hearAnew(): void {
    this.#saidBefore = '';
    this.#heardFrom = this.#current?.output().length ?? 0;
  }

  /** Since `hearAnew`. */
  get said(): string {
    return this.#saidBefore + (this.#current?.output().slice(this.#heardFrom) ?? '');
  }

  start(): void {
    this.#wanted = true;
    this.#supervised = this.#supervise();
  }

  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL') this.#asked = signal;
    if (signal === 'SIGTERM') this.#asked = 0;
    this.#current?.kill(signal);
  }

  /** Told to end, it has ended: how, is for the judge of ends. */
  async terminate(): Promise<void> {
    const ends = this.ends.length;
    this.signal('SIGTERM');
    await waitFor(`${this.name} has stopped`, () => this.ends.length > ends, { withinMs: STOPS_WITHIN_MS });
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
    if (!stopped) this.#current?.kill('SIGKILL'); // not what it was asked for
    await this.#supervised;
  }

  async #supervise(): Promise<void> {
    const { args, env, port, root } = this.options;
    while (this.#wanted) {
      this.#asked = undefined;
      this.#current = spawnPlatform(args, { HOST: '127.0.0.1', PORT: String(port), ...env }, root);
      const { pid, ended } = this.#current;
      const how = await ended;
      this.ends.push({ pid, how, asked: this.#asked, lastWords: this.#current.output().slice(-1_500) });
      this.#past = this.output;
      this.#saidBefore = this.said;
      this.#heardFrom = 0;
      this.#current = null;
      if (this.#wanted) await sleep(RESTART_AFTER_MS);
    }
  }
}
