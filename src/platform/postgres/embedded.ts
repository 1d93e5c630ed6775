/**
 * The life of the embedded Postgres: started with the platform, stopped after everything that uses it, adopted where a killed platform
 * left it running. One platform owns it at a time; others on the same machine may attach to it.
 */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { EXIT_TRY_AGAIN, OperatorError } from '../../domain/errors.js';
import { findPostgresPrograms } from './embedded/binaries.js';
import { type Cluster, checkVersion, clusterAt, exists, initialiseCluster, prepareDataDir, readConnection } from './embedded/cluster.js';
import { takeOwnership } from './embedded/owner.js';
import { ensureServer, findServer, isRunning, type Server, stopServer } from './embedded/server.js';
import { findServerUser } from './embedded/user.js';
import { isTransient } from './errors.js';

export interface EmbeddedPostgres {
  /** Holds the password: never log it. */
  url: string;
  /** Resolves with the reason if the server is gone, or somebody else's, without `stop` having been called. */
  readonly lost: Promise<OperatorError>;
  /** Resolves when the server has ended; everything that uses it should be closed by then. */
  stop(): Promise<void>;
}

/** For two cores and half a gigabyte; a commit is on the disk when it is acknowledged. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  max_locks_per_transaction: '256', // a batch holds a lock for each of its coins
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
  // A statement of a process that was killed does not go on behind its successor's back.
  ...(process.platform === 'win32' ? {} : { client_connection_check_interval: '1s' }),
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
};

export async function startEmbeddedPostgres(
  dataDir: string,
  logger: Pick<Logger, 'info' | 'warn'>,
  settings: Record<string, string> = {},
): Promise<EmbeddedPostgres> {
  prepareDataDir(dataDir);
  const cluster = clusterAt(dataDir);
  const programs = findPostgresPrograms(findServerUser(cluster.data));
  if (!exists(cluster)) {
    logger.info(`making the built-in Postgres ${programs.major} in ${cluster.root}`);
    await initialiseCluster(cluster, programs);
  }
  checkVersion(cluster, programs.major);
  const { server, url, owner } = await takeServer(cluster, () => ensureServer(cluster, programs, { ...SETTINGS, ...settings }));
  if (owner === null) {
    throw new OperatorError(
      `Another platform runs on the data directory ${resolve(dataDir)}. Stop it first, or set DATA_DIR to another directory. ` +
        '(`cdp status`, `cdp run`, `cdp gateway` and `cdp worker` may run beside it.)',
      EXIT_TRY_AGAIN,
    );
  }
  if (server.found) logger.warn(`a platform that was killed left its Postgres running (pid ${server.pid}): going on with it`);
  return {
    url,
    lost: owner.lost.then(
      () => new OperatorError(`The built-in Postgres is gone: start again. The end of ${cluster.logFile} may say why.`, EXIT_TRY_AGAIN),
    ),
    stop: () => owner.release(() => stopServer(cluster, server)),
  };
}

/** The one that runs may be ending with its platform: then another one is started, of our own. */
async function takeServer(cluster: Cluster, ensure: () => ReturnType<typeof ensureServer>) {
  for (let attempt = 1; ; attempt++) {
    const server = await ensure();
    const url = connectionUrl(cluster, server);
    try {
      return { server, url, owner: await takeOwnership(url, () => isRunning(cluster, server)) };
    } catch (error) {
      if (!server.found || !isTransient(error) || attempt === 3) throw error;
      await sleep(500);
    }
  }
}

/** The URL of the Postgres that runs on this data directory: for a second terminal. */
export function attach(dataDir: string): string {
  const cluster = clusterAt(dataDir);
  const server = exists(cluster) ? findServer(cluster) : null;
  if (server !== null) return connectionUrl(cluster, server);
  throw new OperatorError(`Nothing runs on the data directory ${resolve(dataDir)}. Start the platform first (npm start).`, EXIT_TRY_AGAIN);
}

function connectionUrl(cluster: Cluster, { port }: Server): string {
  return `postgresql://postgres:${readConnection(cluster).password}@127.0.0.1:${port}/postgres`;
}
