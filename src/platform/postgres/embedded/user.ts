/**
 * Postgres refuses to run as root. Started by root (a container, a fresh server) it therefore runs as the owner of its data, which is
 * `postgres` where that user exists and `nobody` elsewhere: no account is made on the machine.
 * Such a user cannot pass a directory like /root (0700). Where the data lies behind one, the server on Linux keeps the one capability
 * that opens it. (Programs there have to be copied: Postgres looks for its own with access(2), which minds no capability.)
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError } from '../../../domain/errors.js';

export interface ServerUser {
  uid: number;
  gid: number;
}

/** Null: as ourselves. */
export function findServerUser(dataDirectory: string): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  if (existsSync(dataDirectory)) {
    const { uid, gid } = statSync(dataDirectory);
    if (uid !== 0) return { uid, gid };
  }
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {} // No such user: the next one.
  }
  throw new OperatorError(
    'Postgres does not run as root, and this machine has neither a user `postgres` nor `nobody` for it. ' +
      'Start the platform as another user, or set DATABASE_URL to a Postgres of your own.',
  );
}

/** Starts a program of Postgres as that user, who has to reach the data directory. */
export function spawnAs(
  user: ServerUser | null,
  program: string,
  args: string[],
  dataDirectory: string,
  options: SpawnOptions,
): ChildProcess {
  if (user === null) return spawn(program, args, options);
  const closed = findClosedDirectory(dataDirectory, user);
  if (closed === null) return spawn(program, args, { ...options, ...user });
  const capability = findCapability();
  if (capability === null) {
    throw new OperatorError(
      `Postgres does not run as root, and the user that it runs as (uid ${user.uid}) cannot pass ${closed}. ` +
        `Open that directory (chmod o+x ${closed}), set DATA_DIR to a directory elsewhere, or start as another user.`,
    );
  }
  const keep = [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`];
  return spawn('setpriv', [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', ...keep, '--', program, ...args], options);
}

/** The first directory on the way to `path` that the user may not pass. */
export function findClosedDirectory(path: string, user: ServerUser): string | null {
  const parent = dirname(path);
  const above = parent === path ? null : findClosedDirectory(parent, user);
  if (above !== null || !existsSync(path)) return above;
  const stat = statSync(path);
  if (!stat.isDirectory()) return null;
  const bit = stat.uid === user.uid ? 0o100 : stat.gid === user.gid ? 0o010 : 0o001;
  return (stat.mode & bit) === 0 ? path : null;
}

/** The lesser of the two capabilities that pass any directory, of those that we hold and setpriv can hand on. */
function findCapability(): 'dac_read_search' | 'dac_override' | null {
  try {
    const held = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
    accessSync('/usr/bin/setpriv', constants.X_OK);
    if ((held & 4n) !== 0n) return 'dac_read_search';
    return (held & 2n) !== 0n ? 'dac_override' : null;
  } catch {
    return null;
  }
}
