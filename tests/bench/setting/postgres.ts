/**
 * The bench's own Postgres: the platform's embedded one, with the platform's settings, in a directory of its own that is removed at the
 * end. Each setting is a database of its own, cloned from a migrated template.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { registerDatasets } from '../../../jobs/transforms/registry.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { TOPICS } from '../../../src/platform/event-log/topics.js';
import { type Database, openDatabase } from '../../../src/platform/postgres/database.js';
import { clusterAt } from '../../../src/platform/postgres/embedded/cluster.js';
import { findServer } from '../../../src/platform/postgres/embedded/server.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/platform/postgres/embedded.js';
import { migrate } from '../../../src/platform/postgres/migrate.js';
import { claimRealm } from '../../../src/platform/realm.js';
import { silent } from './logger.js';
import { cpuSecondsOfTree } from './proc.js';

export interface BenchPostgres {
  /** A new database with the schema, the topics and the realm, as a worker finds it; dropped with the server. */
  createDatabase(name: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  /** CPU time that the server and this process have had, in seconds; null where the system does not say. */
  cpuSeconds(): number | null;
  /** Stops and starts the server on the same files, with these settings beside the platform's. URLs stay. */
  restart(settings: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

/** For loading millions of rows: nothing is lost that could not be loaded again. Never while something is measured. */
export const BULK_LOADING = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '16GB',
  maintenance_work_mem: '1GB',
  work_mem: '1GB',
  autovacuum: 'off',
};

const TEMPLATE = 'bench_template';

export async function startBenchPostgres(settings: Record<string, string> = {}): Promise<BenchPostgres> {
  const dataDir = mkdtempSync(join(tmpdir(), 'cdp-bench-'));
  let server: EmbeddedPostgres = await startEmbeddedPostgres(dataDir, silent, settings);
  const onServer = async (sql: string) => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  const urlOf = (name: string) => server.url.replace(/postgres$/, name);
  await onServer(`CREATE DATABASE ${TEMPLATE}`);
  await migrate(urlOf(TEMPLATE));
  await prepareTemplate(urlOf(TEMPLATE));
  return {
    async createDatabase(name) {
      await onServer(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY WAL_LOG`);
      return urlOf(name);
    },
    dropDatabase: (name) => onServer(`DROP DATABASE ${name} WITH (FORCE)`),
    cpuSeconds() {
      const found = findServer(clusterAt(dataDir));
      const own = process.cpuUsage();
      const served = found === null ? null : cpuSecondsOfTree(found.pid);
      return served === null ? null : served + (own.user + own.system) / 1e6;
    },
    async restart(changed) {
      await server.stop();
      server = await startEmbeddedPostgres(dataDir, silent, changed);
    },
    async stop() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function prepareTemplate(url: string): Promise<void> {
  const db = openBenchDatabase(url);
  const log = createPostgresEventLog(db, silent);
  await log.ensureTopics(TOPICS);
  await claimRealm(db.pool, { realm: 'simulated', databaseUrl: url }, { now: () => new Date() });
  await registerDatasets(db);
  await log.close();
  await db.close();
}

/** Bulk statements may take longer than any of the platform's. */
export function openBenchDatabase(url: string, maxConnections = 20): Database {
  return openDatabase(url, { applicationName: 'cdp bench', maxConnections, statementTimeoutMs: 1_200_000 });
}
