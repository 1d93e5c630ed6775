/**
 * The server process of the embedded Postgres: found by its postmaster.pid, started, stopped.
 * Must stay true: it is in a process group of its own, so a Ctrl-C reaches us and not it; a pid is believed only if that process is a
 * Postgres of these very files.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../../domain/errors.js';
import type { PostgresPrograms } from './binaries.js';
import { type Cluster, isAlive, ownedBy, readConnection, writeConnection } from './cluster.js';
import { findServerUser, spawnAs } from './user.js';

export interface Server {
  pid: number;
  port: number;
}

const START_TIMEOUT_MS = 60_000; // recovery after a crash replays at most max_wal_size
const STOP_TIMEOUT_MS = 30_000;
const MAX_LOG_BYTES = 10_000_000;

/** The server that runs on these files and takes connections, or null. */
export function findServer(cluster: Cluster): Server | null {
  const found = readPidFile(cluster);
  return found?.ready ? found : null;
}

/** Also while it recovers. */
export function isRunning(cluster: Cluster, { pid }: Server): boolean {
  return isServerOf(cluster, pid);
}

interface PidFile extends Server {
  ready: boolean;
}

/** Null where no Postgres runs on these files; a pid that another program got since counts as none. */
function readPidFile(cluster: Cluster): PidFile | null {
  let lines: string[];
  try {
    lines = readFileSync(join(cluster.data, 'postmaster.pid'), 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1 || !isServerOf(cluster, pid)) return null;
  return { pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === 'ready' };
}

/** A zombie, which has no command line any more, is none. */
function isServerOf(cluster: Cluster, pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    if (process.platform === 'linux') {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const directory = args[args.indexOf('-D') + 1];
      return directory !== undefined && args.includes('-D') && realpathSync(directory) === realpathSync(cluster.data);
    }
    if (process.platform === 'win32') return true;
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes('postgres');
  } catch {
    return false; // it ended, or its directory is gone: not ours
  }
}

/** Resolves with the server of these files, started unless it runs already. */
export async function ensureServer(
  cluster: Cluster,
  programs: PostgresPrograms,
  settings: Record<string, string>,
): Promise<Server & { found: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const running = readPidFile(cluster);
    const pid = running?.pid ?? (await launch(cluster, programs, settings));
    // Before it has become Postgres its command line says nothing; one that was found may be nobody's child, and stay as a zombie.
    const server = await untilReady(cluster, pid, () => (running === null ? isAlive(pid) : isServerOf(cluster, pid)));
    if (server !== null) return { ...server, found: running !== null };
    // The one found was just stopping, another start was faster, the port was taken in between, or processes of a server that was killed
    // have not noticed yet: once more.
    if (attempt === 3) throw startFailure(cluster);
    await sleep(500);
  }
}

/** The pid of a server that is starting. */
async function launch(cluster: Cluster, programs: PostgresPrograms, settings: Record<string, string>): Promise<number> {
  removeForeignPidFile(cluster);
  const connection = readConnection(cluster);
  const port = await findFreePort(connection.port);
  if (port !== connection.port) writeConnection(cluster, { ...connection, port });
  if (existsSync(cluster.logFile) && statSync(cluster.logFile).size > MAX_LOG_BYTES) rmSync(cluster.logFile);
  const user = findServerUser(cluster.data);
  const log = openSync(cluster.logFile, 'a', 0o600);
  ownedBy(user, cluster.logFile);
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawnAs(user, programs.postgres, ['-D', cluster.data, '-p', String(port), ...flags], cluster.data, {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  if (child.pid !== undefined) return child.pid;
  const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
  throw new OperatorError(`The built-in Postgres did not start: ${cause.message}`, undefined, { cause });
}

/** Postgres refuses to start where its pid file names any living process of its user, whatever that is. */
function removeForeignPidFile(cluster: Cluster): void {
  const file = join(cluster.data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (isAlive(pid) && !isServerOf(cluster, pid)) rmSync(file, { force: true });
}

/** Null if it ended before it was ready. */
async function untilReady(cluster: Cluster, pid: number, lives: () => boolean): Promise<Server | null> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(10)) {
    const found = readPidFile(cluster);
    if (found?.pid === pid && found.ready) return found;
    if (!lives() || (found !== null && found.pid !== pid)) return null;
  }
  throw startFailure(cluster);
}

function startFailure(cluster: Cluster): OperatorError {
  const tail = readFileSync(cluster.logFile, 'utf8').trim().split('\n').slice(-5).join('\n  ');
  return new OperatorError(`The built-in Postgres did not start. The end of ${cluster.logFile}:\n  ${tail}`);
}

/** The wanted port where it is free, else any. */
function findFreePort(wanted: number): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      wanted !== 0 && error.code === 'EADDRINUSE' ? done(findFreePort(0)) : fail(error),
    );
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}

/** Resolves when it has ended, at the latest after half a minute. */
export async function stopServer(cluster: Cluster, { pid }: Server): Promise<void> {
  // Fast: sessions are ended and the data is flushed. Immediate: the next start recovers.
  for (const [signal, timeout] of [
    ['SIGINT', STOP_TIMEOUT_MS],
    ['SIGQUIT', 5_000],
  ] as const) {
    if (readPidFile(cluster)?.pid !== pid) return;
    process.kill(pid, signal);
    for (const deadline = Date.now() + timeout; Date.now() < deadline; await sleep(10)) if (readPidFile(cluster)?.pid !== pid) return;
  }
  throw new Error(`Postgres (pid ${pid}) does not stop`);
}
