/**
 * The embedded cluster on disk: DATA_DIR/postgres/{data, connection.json, postgres.log}. Made whole or not at all (initialised beside its
 * place, then renamed), so a start that was killed halfway, or two at once, leave nothing broken.
 */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { OperatorError } from '../../../domain/errors.js';
import type { PostgresPrograms } from './binaries.js';
import { findServerUser, type ServerUser, spawnAs } from './user.js';

export interface Cluster {
  /** DATA_DIR/postgres, absolute. */
  root: string;
  /** What Postgres calls its data directory. */
  data: string;
  connectionFile: string;
  logFile: string;
}

/** What connection.json keeps, readable by the owner only. The port is the one that the next start tries first. */
export interface Connection {
  port: number;
  password: string;
}

export function clusterAt(dataDir: string): Cluster {
  return clusterAtRoot(join(resolve(dataDir), 'postgres'));
}

function clusterAtRoot(root: string): Cluster {
  return { root, data: join(root, 'data'), connectionFile: join(root, 'connection.json'), logFile: join(root, 'postgres.log') };
}

/** Makes the data directory, or says why it cannot be used. */
export function prepareDataDir(dataDir: string): void {
  const path = resolve(dataDir);
  const { root } = clusterAt(dataDir);
  try {
    makeDirectory(path);
    for (const needed of existsSync(root) ? [path, root] : [path]) accessSync(needed, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const what = code === 'EEXIST' || code === 'ENOTDIR' ? 'is not a directory' : `cannot be written (${code})`;
    throw new OperatorError(
      `The data directory ${path} ${what}. ` +
        'Start the platform as the user that owns it, or set DATA_DIR to a directory that this user may write.',
      undefined,
      { cause },
    );
  }
}

/** With its parents. Node's own recursive mkdir never comes back where a parent can be seen but not written into, as under /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw Object.assign(new Error(`${path} is a file`), { code: 'ENOTDIR' });
    return;
  }
  makeDirectory(dirname(path));
  mkdirSync(path);
}

/** Whether there is a whole cluster: it appears at once, see initialiseCluster. */
export function exists(cluster: Cluster): boolean {
  return existsSync(cluster.connectionFile);
}

/** Files that root makes for the server's user are that user's. */
export function ownedBy(user: ServerUser | null, ...paths: string[]): void {
  if (user !== null) for (const path of paths) chownSync(path, user.uid, user.gid);
}

/** Runs initdb where there is no cluster yet. */
export async function initialiseCluster(cluster: Cluster, programs: PostgresPrograms): Promise<void> {
  removeAbandoned(cluster);
  const user = findServerUser(cluster.data);
  const made = clusterAtRoot(`${cluster.root}.init-${process.pid}`);
  mkdirSync(made.root, { mode: 0o700 });
  const passwordFile = join(made.root, 'password');
  const connection: Connection = { port: 0, password: randomBytes(24).toString('base64url') };
  try {
    writeFileSync(passwordFile, connection.password, { mode: 0o600 });
    ownedBy(user, made.root, passwordFile);
    await runInitdb(made, passwordFile, user, programs);
    rmSync(passwordFile);
    writeConnection(made, connection);
    renameSync(made.root, cluster.root);
  } catch (cause) {
    rmSync(made.root, { recursive: true, force: true });
    if (!exists(cluster)) throw cause; // else another start was faster: its cluster is as good
  }
}

/** What starts that were killed in the middle of initdb left behind. */
function removeAbandoned({ root }: Cluster): void {
  const parent = resolve(root, '..');
  for (const name of readdirSync(parent)) {
    const pid = /^postgres\.init-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && (Number(pid) === process.pid || !isAlive(Number(pid)))) rmSync(join(parent, name), { recursive: true });
  }
}

function runInitdb(cluster: Cluster, passwordFile: string, user: ServerUser | null, programs: PostgresPrograms): Promise<void> {
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const args = [`--pgdata=${cluster.data}`, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, ...locale];
  return new Promise((done, fail) => {
    const child = spawnAs(user, programs.initdb, args, cluster.root, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', fail);
    child.on('close', (code, signal) => {
      if (code === 0) return done();
      fail(new OperatorError(`The built-in Postgres could not make its files in ${cluster.root} (${code ?? signal}): ${said.trim()}`));
    });
  });
}

export function readConnection(cluster: Cluster): Connection {
  try {
    return JSON.parse(readFileSync(cluster.connectionFile, 'utf8')) as Connection;
  } catch (cause) {
    throw new OperatorError(
      `${cluster.connectionFile}, which holds the password of the built-in Postgres, cannot be read ` +
        `(${(cause as NodeJS.ErrnoException).code ?? 'not JSON'}). Start as the user that owns it, or restore it from a backup.`,
      undefined,
      { cause },
    );
  }
}

export function writeConnection(cluster: Cluster, connection: Connection): void {
  const temporary = `${cluster.connectionFile}.new`;
  writeFileSync(temporary, `${JSON.stringify(connection)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  ownedBy(findServerUser(cluster.data), temporary);
  renameSync(temporary, cluster.connectionFile);
}

/** Throws where the files belong to another major version of Postgres than the programs. */
export function checkVersion(cluster: Cluster, major: string): void {
  const found = readFileSync(join(cluster.data, 'PG_VERSION'), 'utf8').trim();
  if (found === major) return;
  throw new OperatorError(
    `The data in ${cluster.data} was made by Postgres ${found}; the built-in one is ${major} and cannot read it. ` +
      'Start the release of the platform that made it, pg_dump its database and restore it into a Postgres of your own (DATABASE_URL); ' +
      'or begin anew: set DATA_DIR to an empty directory.',
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
