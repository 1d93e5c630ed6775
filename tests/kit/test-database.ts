/** A database of a test's own: a clone of the migrated template, dropped when it is closed. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Database, type DatabaseOptions, openDatabase } from '../../src/platform/postgres/database.js';

const TEMPLATE = 'migrated_template';

/** The server of this run; its database `postgres` is nobody's to write to. */
export function testServerUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (url === undefined) throw new Error('no test server: run tests through `npm test`');
  return url;
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: testServerUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** An empty database without any table; for tests of migrations. */
export async function createEmptyDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  return createDatabase('template0');
}

async function createDatabase(template: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  // FILE_COPY would force two checkpoints; the log is the faster strategy for a small template.
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY WAL_LOG`);
  return { url: testServerUrl().replace(/postgres$/, name), drop: () => onServer(`DROP DATABASE ${name} WITH (FORCE)`) };
}

export async function openTestDatabase(options: Partial<DatabaseOptions> = {}): Promise<Database> {
  const { url, drop } = await createDatabase(TEMPLATE);
  const database = openDatabase(url, { applicationName: 'test', ...options });
  return {
    ...database,
    async close() {
      await database.close();
      await drop();
    },
  };
}
