/**
 * Where the embedded Postgres lies: a file system of its own (a tmpfs of limited size) where this process may mount one, so that it can be
 * filled without harm to anything else; else an ordinary directory, and the fault "disk full" is left out, loudly.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface DataDirectory {
  path: string;
  /** Null where it shares its file system with others. Fills it to the last block; the result frees it again. */
  fill: (() => () => void) | null;
  remove(): void;
}

const SIZE = '2g';
const BLOCK = Buffer.alloc(64 * 1024, 1);

export function makeDataDirectory(): DataDirectory {
  const root = mkdtempSync(join(tmpdir(), 'cdp-faults-'));
  const mounted = process.platform === 'linux' && run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'cdp-faults', root]);
  return {
    path: join(root, 'data'),
    fill: mounted ? () => fill(join(root, 'ballast')) : null,
    remove() {
      if (mounted && !run('umount', [root])) run('umount', ['--lazy', root]);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function run(program: string, args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

function fill(ballast: string): () => void {
  const file = openSync(ballast, 'w');
  try {
    for (let block = BLOCK; block.length > 0; ) {
      try {
        writeSync(file, block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        block = block.subarray(0, block.length >> 1);
      }
    }
  } finally {
    closeSync(file);
  }
  return () => rmSync(ballast, { force: true });
}
