// One Postgres for the whole run, with a migrated template that every test database is cloned from. Its commits need not be durable.
// Jest loads this file itself, without its transforms: hence the hooks.
import './typescript-hooks.mjs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

const { startEmbeddedPostgres } = await import('../../src/platform/postgres/embedded.js');
const { migrate } = await import('../../src/platform/postgres/migrate.js');

const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

export default async function globalSetup() {
  const dataDir = mkdtempSync(join(tmpdir(), 'cdp-tests-'));
  const server = await startEmbeddedPostgres(dataDir, { info() {}, warn() {} }, SETTINGS);
  globalThis.testPostgres = { server, dataDir };
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query('CREATE DATABASE migrated_template');
  await client.end();
  await migrate(server.url.replace(/postgres$/, 'migrated_template'));
  process.env.TEST_POSTGRES_URL = server.url; // the workers inherit it
}
