import { afterEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { OperatorError } from '../../../src/domain/errors.js';
import { LOCKS } from '../../../src/platform/postgres/locks.js';
import { getSchemaState, migrate, NO_FILTERS, requireCurrentSchema } from '../../../src/platform/postgres/migrate.js';
import { openSchemaEngine, readMigrations, readSchema, SCRIPT_LOCK } from '../../../src/platform/postgres/schema-engine.js';
import { createEmptyDatabase, testServerUrl } from '../../kit/test-database.js';
import { waitFor } from '../../kit/wait-for.js';

const drops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const drop of drops.splice(0)) await drop();
});

async function emptyDatabase(): Promise<string> {
  const { url, drop } = await createEmptyDatabase();
  drops.push(drop);
  return url;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

const MIGRATION_LOCK = [LOCKS.migration, 0];

/** Resolves when somebody waits for this lock. */
async function isWaitedFor(url: string, lock: readonly number[]): Promise<void> {
  const waiting = `SELECT FROM pg_locks JOIN pg_database AS d ON d.oid = database AND datname = current_database()
    WHERE locktype = 'advisory' AND (classid, objid) = (${lock.join(', ')}) AND NOT granted`;
  await waitFor('the lock is waited for', async () => (await query(url, waiting)).length === 1, { withinMs: 20_000 });
}

const names = readMigrations().migrationDirectories.map(({ path }) => path);

describe('migrate', () => {
  test('applies every migration once, and keeps the ledger that Prisma reads', async () => {
    const url = await emptyDatabase();
    expect(await migrate(url)).toEqual(names);
    expect(await migrate(url)).toEqual([]);
    const ledger = await query(
      url,
      'SELECT migration_name, applied_steps_count, finished_at IS NOT NULL AS done FROM _prisma_migrations ORDER BY 1',
    );
    expect(ledger).toEqual(names.map((name) => ({ migration_name: name, applied_steps_count: 1, done: true })));
    const { engine, close } = await openSchemaEngine(url);
    const input = { migrationsList: readMigrations(), optInToShadowDatabase: false, filters: NO_FILTERS };
    expect(await engine.diagnoseMigrationHistory(input)).toMatchObject({
      history: null,
      editedMigrationNames: [],
      failedMigrationNames: [],
    });
    await close();
  });

  test('is done once where several processes begin at the same moment', async () => {
    const url = await emptyDatabase();
    const applied = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(applied.filter((list) => list.length > 0)).toEqual([names]);
  });

  test('makes what prisma/schema says: no drift', async () => {
    const url = await emptyDatabase();
    await migrate(url);
    const { engine, close } = await openSchemaEngine(url);
    const files = readSchema().files;
    const from = { tag: 'schemaDatasource', files, configDir: '.' } as const;
    const diff = await engine.diff({ from, to: { tag: 'schemaDatamodel', files }, script: true, exitCode: true, filters: NO_FILTERS });
    if (diff.exitCode !== 0)
      throw new Error(`The migrations do not make what prisma/schema says. A migration is missing:\n\n${diff.stdout}`);
    // The comparison can fail: it sees a column too many.
    await query(url, 'ALTER TABLE mart.mart_coins ADD COLUMN surprise text');
    const drift = await engine.diff({ from, to: { tag: 'schemaDatamodel', files }, script: true, exitCode: true, filters: NO_FILTERS });
    expect(drift).toEqual({ exitCode: 2, stdout: expect.stringContaining('surprise') });
    await close();
  });

  test('refuses a database that a newer version migrated', async () => {
    const url = await emptyDatabase();
    await migrate(url);
    await query(
      url,
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', 'x', '99990101000000_future', now())`,
    );
    await expect(migrate(url)).rejects.toThrow(/newer version of the platform \(99990101000000_future\)/);
    await expect(requireCurrentSchema(url)).rejects.toBeInstanceOf(OperatorError);
  });

  test('refuses to go on where a migration was edited', async () => {
    const url = await emptyDatabase();
    await migrate(url);
    const last = names.at(-1) as string;
    await query(url, `UPDATE _prisma_migrations SET checksum = 'other' WHERE migration_name = '${last}'`);
    await expect(migrate(url)).rejects.toThrow(new RegExp(`${last} is another one`));
  });

  test('a migration that fails leaves nothing of itself, names itself, and is applied once its cause is gone', async () => {
    const url = await emptyDatabase();
    await query(url, 'CREATE SCHEMA mart');
    await expect(migrate(url)).rejects.toThrow(/could not be applied.*schema "mart" already exists/s);
    expect(await query(url, `SELECT nspname FROM pg_namespace WHERE nspname IN ('raw', 'staging', 'ops')`)).toEqual([]);
    await expect(requireCurrentSchema(url)).rejects.toMatchObject({ exitCode: 75 });
    await query(url, 'DROP SCHEMA mart');
    expect(await migrate(url)).toEqual(names);
  });

  test('a process that dies in the middle of a script costs nothing: the next one applies it', async () => {
    const url = await emptyDatabase();
    const ahead = new pg.Client({ connectionString: url });
    await ahead.connect();
    await ahead.query('SELECT pg_advisory_lock($1, $2)', SCRIPT_LOCK); // holds the first script up
    const dying = migrate(url).catch((error: unknown) => error);
    await isWaitedFor(url, SCRIPT_LOCK);
    const waiting = migrate(url); // another one begins meanwhile
    await isWaitedFor(url, MIGRATION_LOCK);
    await ahead.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'cdp migrate' AND pid <> ALL (
        SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND (classid, objid) = (${MIGRATION_LOCK.join(', ')}) AND NOT granted)`);
    expect(await dying).toBeInstanceOf(Error);
    await ahead.end();
    expect(await waiting).toEqual(names);
    expect(await query(url, 'SELECT FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL')).toEqual([]);
  });

  test('a process that dies between a script and its note of it leaves a migration that is done', async () => {
    const url = await emptyDatabase();
    await query(url, 'CREATE SCHEMA mart');
    await expect(migrate(url)).rejects.toThrow('could not be applied'); // the ledger is there
    await query(url, 'DROP SCHEMA mart');
    // What the engine notes counts a step; it dies of it.
    await query(
      url,
      `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
       CREATE TRIGGER dies BEFORE UPDATE ON _prisma_migrations FOR EACH ROW WHEN (NEW.applied_steps_count > OLD.applied_steps_count)
         EXECUTE FUNCTION die()`,
    );
    await expect(migrate(url)).rejects.toThrow();
    await query(url, 'DROP TRIGGER dies ON _prisma_migrations; DROP FUNCTION die()');
    expect(await migrate(url)).toEqual(names.slice(1));
  });

  test('a script of a killed process that goes on by itself is waited for, and not applied again', async () => {
    const url = await emptyDatabase();
    await migrate(url);
    const last = names.at(-1) as string;
    await query(url, `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${last}'`);
    const orphan = new pg.Client({ connectionString: url });
    await orphan.connect();
    await orphan.query('BEGIN');
    await orphan.query('SELECT pg_advisory_xact_lock($1, $2)', SCRIPT_LOCK);
    const next = migrate(url);
    await isWaitedFor(url, SCRIPT_LOCK);
    await orphan.query(`UPDATE _prisma_migrations SET finished_at = now() WHERE migration_name = '${last}'`);
    await orphan.query('COMMIT');
    await orphan.end();
    expect(await next).toEqual([]);
  });

  test('a role that does not migrate says what is missing', async () => {
    const url = await emptyDatabase();
    const error = await requireCurrentSchema(url).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ exitCode: 75, message: expect.stringMatching(/lacks the migrations 2026.*cdp -- migrate/) });
    await migrate(url);
    await requireCurrentSchema(url);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    expect(await getSchemaState(client)).toEqual({ pending: [], unknown: [] });
    await client.end();
  });

  test.each([
    ['postgresql://u:p@127.0.0.1:1/x', 75, /cannot be reached \(ECONNREFUSED\)/],
    [() => testServerUrl().replace(/:[^:@/]+@/, ':wrong@'), 1, /refuses the user postgres.*DATABASE_URL/],
    [() => testServerUrl().replace(/postgres$/, 'absent'), 1, /absent at .* does not exist/],
  ])('says why a database cannot be used', async (url, exitCode, message) => {
    const error = await migrate(typeof url === 'string' ? url : url()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ exitCode, message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain('wrong');
  });
});
