/** What processes hold in memory, from /proc; Linux only. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Megabytes that are resident now, and the most that ever were. */
export function residentMegabytes(pid: number): { now: number; most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { now: kilobytes('VmRSS') / 1_000, most: kilobytes('VmHWM') / 1_000 };
}

/** Of a Postgres and all its processes, what they share counted once. `pid`: the first one. */
export function postgresMegabytes(pid: number): number {
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)
    .map(Number);
  let kilobytes = 0;
  for (const each of [pid, ...children]) {
    try {
      kilobytes += Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${each}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // a connection that has ended since
    }
  }
  return kilobytes / 1_000;
}
