// One Postgres for the whole run, with a migrated template that every test database is cloned from. Its commits need not be durable.
// Jest loads this file itself, without its transforms: hence the hooks.
import './typescript-hooks.mjs';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { stopAbandoned } from './kafka/broker.mjs';
import { offerKafka } from './kafka/on-demand.mjs';

const { startEmbeddedPostgres } = await import('../../src/platform/postgres/embedded.js');
const { clusterAt, isAlive } = await import('../../src/platform/postgres/embedded/cluster.js');
const { findServer, stopServer } = await import('../../src/platform/postgres/embedded/server.js');
const { migrate } = await import('../../src/platform/postgres/migrate.js');

const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

export default async function globalSetup() {
  await removeAbandoned();
  const dataDir = mkdtempSync(join(tmpdir(), `cdp-tests-${process.pid}-`));
  const server = await startEmbeddedPostgres(dataDir, { info() {}, warn() {} }, SETTINGS);
  globalThis.testPostgres = { server, dataDir };
  globalThis.testKafka = await offerKafka(join(dataDir, 'kafka'));
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query('CREATE DATABASE migrated_template');
  await client.end();
  await migrate(server.url.replace(/postgres$/, 'migrated_template'));
  process.env.TEST_POSTGRES_URL = server.url; // the workers inherit it
  process.env.TEST_KAFKA_OFFER = globalThis.testKafka.url;
}

/** A run that was interrupted stops nothing: its server and files are left to the next one. */
async function removeAbandoned() {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^cdp-tests-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const dataDir = join(tmpdir(), name);
    const server = findServer(clusterAt(dataDir));
    if (server !== null) await stopServer(clusterAt(dataDir), server);
    await stopAbandoned(join(dataDir, 'kafka'));
    rmSync(dataDir, { recursive: true, force: true });
  }
}
