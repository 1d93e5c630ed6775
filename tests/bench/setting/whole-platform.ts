/** `cdp up` on an empty directory of its own, as `npm start` runs it, and what stands in its Postgres. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attach } from '../../../src/platform/postgres/embedded.js';
import { type Platform, startRole } from './processes.js';

export interface WholePlatform extends Platform {
  databaseUrl: string;
}

/** Where it keeps its data; removed at the end. */
export class DataDir implements AsyncDisposable {
  readonly #root = mkdtempSync(join(tmpdir(), 'cdp-bench-up-'));
  readonly path = join(this.#root, 'data');

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** Resolves when it is ready. */
export async function startUp(dataDir: string, env: Record<string, string> = {}): Promise<WholePlatform> {
  const platform = await startRole('up', { DATA_DIR: dataDir, ...env });
  return { ...platform, databaseUrl: attach(dataDir) };
}

/** The first history load and what follows from it are over. */
export async function untilSettled({ url }: Platform): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/status`);
    const { newestObservationAt, history, runs } = (await response.json()) as {
      newestObservationAt: string | null;
      history: unknown;
      runs: { status: string }[];
    };
    if (
      newestObservationAt !== null &&
      history === null &&
      runs.length > 0 &&
      runs.every(({ status }) => status !== 'QUEUED' && status !== 'RUNNING')
    )
      return;
    await sleep(500);
  }
}
