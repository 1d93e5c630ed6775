// One Postgres for the whole run, with a migrated template that every test database is cloned from. Its commits need not be durable.
// Jest loads this file itself, without its transforms: hence the hooks that let it import the sources.
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import pg from 'pg';
import swcOptions from './swc-options.mjs';

const hooks = registerHooks({
  resolve(specifier, context, next) {
    const source = specifier.startsWith('.') && new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    return source && existsSync(source) ? { url: source.href, shortCircuit: true } : next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context);
    const { code } = transformSync(readFileSync(fileURLToPath(url), 'utf8'), { ...swcOptions, filename: fileURLToPath(url) });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
const { startEmbeddedPostgres } = await import('../../src/platform/postgres/embedded.js');
const { migrate } = await import('../../src/platform/postgres/migrate.js');
hooks.deregister();

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
