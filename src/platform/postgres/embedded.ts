/**
 * The life of the embedded Postgres: started with the platform, stopped after everything that uses it, adopted where a killed platform
 * left it running. One platform owns it at a time: it holds a session advisory lock, which ends with its process however that ends.
 * Must stay true: the server is in a process group of its own, so a Ctrl-C reaches us and not it.
 */
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { EXIT_TRY_AGAIN, OperatorError } from '../../domain/errors.js';
import { findPostgresPrograms, type PostgresPrograms } from './embedded-binaries.js';
import type { Cluster, Postmaster } from './embedded-cluster.js';
import * as files from './embedded-cluster.js';
import { findServerUser, spawnAs } from './embedded-user.js';

export interface EmbeddedPostgres {
  /** Holds the password: never log it. */
  url: string;
  /** Resolves when the server has ended; everything that uses it should be closed by then. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000; // recovery after a crash replays at most max_wal_size
const STOP_TIMEOUT_MS = 30_000;
const MAX_LOG_BYTES = 10_000_000;

/** For two cores and half a gigabyte; a commit is on the disk when it is acknowledged. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  effective_cache_size: '512MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  random_page_cost: '1.1',
  synchronous_commit: 'on',
  wal_compression: 'on',
  max_wal_size: '512MB',
  checkpoint_timeout: '15min',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
};

export async function startEmbeddedPostgres(
  dataDir: string,
  logger: Pick<Logger, 'info' | 'warn'>,
  settings: Record<string, string> = {},
): Promise<EmbeddedPostgres> {
  files.prepareDataDir(dataDir);
  const programs = findPostgresPrograms();
  const cluster = files.clusterAt(dataDir);
  if (!existsSync(join(cluster.data, 'PG_VERSION'))) {
    logger.info(`making the built-in Postgres ${programs.major} in ${cluster.root}`);
    await files.initialiseCluster(cluster, programs);
  }
  files.checkVersion(cluster, programs.major);
  const found = files.findPostmaster(cluster);
  const postmaster = found === null ? await launch(cluster, programs, { ...SETTINGS, ...settings }) : await untilReady(cluster, found.pid);
  const url = connectionUrl(cluster, postmaster);
  const owner = await takeOwnership(url, cluster);
  if (found !== null) logger.warn(`a platform that was killed left its Postgres running (pid ${found.pid}): going on with it`);
  return {
    url,
    async stop() {
      await owner.release();
      await stopServer(cluster, postmaster.pid);
    },
  };
}

/** The URL of the Postgres that a running platform owns on this data directory: for a second terminal. */
export function attach(dataDir: string): string {
  const cluster = files.clusterAt(dataDir);
  const postmaster = files.findPostmaster(cluster);
  if (postmaster?.ready) return connectionUrl(cluster, postmaster);
  throw new OperatorError(`Nothing runs on the data directory ${cluster.root}. Start the platform first (npm start).`, EXIT_TRY_AGAIN);
}

function connectionUrl(cluster: Cluster, { port }: Postmaster): string {
  return `postgresql://postgres:${files.readConnection(cluster).password}@127.0.0.1:${port}/postgres`;
}

async function launch(cluster: Cluster, programs: PostgresPrograms, settings: Record<string, string>): Promise<Postmaster> {
  const connection = files.readConnection(cluster);
  const port = await findFreePort(connection.port);
  if (port !== connection.port) files.writeConnection(cluster, { ...connection, port });
  const user = findServerUser(cluster.data);
  // What a pid file says of a process that is not this Postgres would make it refuse to start.
  rmSync(join(cluster.data, 'postmaster.pid'), { force: true });
  if (existsSync(cluster.logFile) && statSync(cluster.logFile).size > MAX_LOG_BYTES) rmSync(cluster.logFile);
  const log = openSync(cluster.logFile, 'a', 0o600);
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawnAs(user, programs.postgres, ['-D', cluster.data, '-p', String(port), ...flags], [cluster.data], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  const failed = new Promise<never>((_, fail) => child.once('error', fail));
  return Promise.race([failed, untilReady(cluster, child.pid as number)]);
}

async function untilReady(cluster: Cluster, pid: number): Promise<Postmaster> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(10)) {
    const found = files.findPostmaster(cluster);
    if (found?.pid === pid && found.ready) return found;
    if (!files.isAlive(pid)) break;
  }
  throw startFailure(cluster, 'it did not become ready');
}

function startFailure(cluster: Cluster, what: string): OperatorError {
  const tail = readFileSync(cluster.logFile, 'utf8').trim().split('\n').slice(-5).join('\n  ');
  return new OperatorError(`The built-in Postgres did not start: ${what}. The end of ${cluster.logFile}:\n  ${tail}`);
}

/** The wanted port where it is free, else any. */
function findFreePort(wanted: number): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      wanted !== 0 && error.code === 'EADDRINUSE' ? done(findFreePort(0)) : fail(error),
    );
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

/** 'cdp' and 'owner' in ASCII: apart from the locks of the data itself, which are taken in the platform's own database too. */
const OWNER_LOCK = [0x636470, 0x6f776e] as const;

async function takeOwnership(url: string, cluster: Cluster): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: url, application_name: 'cdp owner', keepAlive: true });
  client.on('error', () => {}); // a lost server shows itself to everything that works with it
  await client.connect();
  // The connection of an owner that was killed a moment ago may still be open at the server's side.
  for (const deadline = Date.now() + 1_500; ; await sleep(50)) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS taken', [...OWNER_LOCK]);
    if (rows[0]?.taken) return { release: () => client.end() };
    if (Date.now() > deadline) break;
  }
  await client.end();
  throw new OperatorError(
    `Another platform runs on the data directory ${cluster.root}. Stop it first, or set DATA_DIR to another directory. ` +
      '(`cdp status`, `cdp run`, `cdp gateway` and `cdp worker` may run beside it.)',
    EXIT_TRY_AGAIN,
  );
}

async function stopServer(cluster: Cluster, pid: number): Promise<void> {
  process.kill(pid, 'SIGINT'); // fast shutdown: sessions are ended, the data is flushed
  const isGone = () => files.findPostmaster(cluster)?.pid !== pid;
  for (const deadline = Date.now() + STOP_TIMEOUT_MS; Date.now() < deadline; await sleep(10)) if (isGone()) return;
  process.kill(pid, 'SIGQUIT'); // immediate: the next start recovers
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; await sleep(10)) if (isGone()) return;
  throw new Error(`Postgres (pid ${pid}) does not stop`);
}
