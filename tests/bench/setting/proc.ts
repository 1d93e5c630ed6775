/** What processes hold in memory and have had of the CPU, and what became of the rest of its time, from /proc: Linux only. */

import { readFileSync } from 'node:fs';
import { cpuSecondsOf } from '../measure.js';

/** Of the kernel's clock, on every Linux that we run on. */
const TICKS_A_SECOND = 100;

/** Megabytes that are resident now, and the most that ever were. */
export function residentMegabytes(pid: number): { now: number; most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { now: kilobytes('VmRSS') / 1_000, most: kilobytes('VmHWM') / 1_000 };
}

/** Of a Postgres and all its processes, what they share counted once. `pid`: the first one. */
export function postgresMegabytes(pid: number): number {
  let kilobytes = 0;
  for (const each of [pid, ...childrenOf(pid)]) {
    try {
      kilobytes += Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${each}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // a connection that has ended since
    }
  }
  return kilobytes / 1_000;
}

/** CPU time of a Postgres and all its processes, those that have ended included; null where the system does not say. */
export function cpuSecondsOfTree(pid: number): number | null {
  const own = cpuSecondsOf(pid);
  if (own === null) return null;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [cutime, cstime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(13, 15)
    .map(Number) as [number, number];
  const living = childrenOf(pid).reduce((sum, child) => sum + (cpuSecondsOf(child) ?? 0), 0);
  return own + living + (cutime + cstime) / TICKS_A_SECOND;
}

/** What became of the time of all cores, in ticks since the machine started; null where the system does not say. */
export function coreTime(): { all: number; idle: number; stolen: number } | null {
  if (process.platform !== 'linux') return null;
  const text = /^cpu +(.+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] as string;
  // user, nice, system, idle, waiting for the disk, interrupts, soft interrupts, stolen; guests' are in the first two
  const times = text.split(' ').slice(0, 8).map(Number);
  const [, , , idle = 0, waiting = 0, , , stolen = 0] = times;
  return { all: times.reduce((sum, each) => sum + each, 0), idle: idle + waiting, stolen };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
}
