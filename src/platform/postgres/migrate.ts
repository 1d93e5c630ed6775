/**
 * Brings a database's schema up to this version's, under a lock, and refuses one that is ahead of it.
 * Where there is nothing to do it costs one query: the engine is not loaded.
 * Must stay true: a migration that failed or was cut off has left nothing of itself and is applied again; no hand is needed.
 */
import { createHash } from 'node:crypto';
import type { MigrationList } from '@prisma/schema-engine-wasm';
import { EXIT_TRY_AGAIN, OperatorError } from '../../domain/errors.js';
import { connect } from './connect.js';
import type { Queryable } from './database.js';
import { LOCKS } from './locks.js';
import { openSchemaEngine, readMigrations, SCRIPT_LOCK } from './schema-engine.js';

export interface SchemaState {
  /** Migrations of this version that the database lacks, in order. */
  pending: string[];
  /** Migrations of the database that this version does not know: a newer version has been here. */
  unknown: string[];
}

const LOCK_TIMEOUT_MS = 120_000;

/** Names of the migrations that were applied, in order; none where the schema was current. */
export async function migrate(url: string): Promise<string[]> {
  const migrations = readMigrations();
  const client = await connect(url, 'cdp migrate');
  try {
    if ((await checkedState(client, migrations)).pending.length === 0) return [];
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query('SELECT pg_advisory_lock($1, 0)', [LOCKS.migration]).catch((cause) => {
      throw new OperatorError('Another process has been migrating the database for two minutes. Try again.', EXIT_TRY_AGAIN, { cause });
    });
    await forgetUnfinished(client);
    const { pending } = await checkedState(client, migrations);
    return pending.length === 0 ? [] : await apply(url, migrations, pending);
  } finally {
    await client.end();
  }
}

/** Under the lock nobody migrates, so what is not finished never will be: but a script of a killed process may still run, and finish. */
async function forgetUnfinished(client: Queryable): Promise<void> {
  if ((await getApplied(client)).every(isFinished)) return;
  await client.query('SELECT pg_advisory_xact_lock($1, $2)', SCRIPT_LOCK);
  await client.query('UPDATE public._prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL');
}

async function apply(url: string, migrations: MigrationList, pending: string[]): Promise<string[]> {
  const { engine, close } = await openSchemaEngine(url);
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList: migrations, filters: NO_FILTERS });
    return appliedMigrationNames;
  } catch (cause) {
    const [what] = (cause as Error).message.split(/\n\s*0: /); // the engine's own trace follows
    throw new OperatorError(`The migrations ${pending.join(', ')} could not be applied. ${what}`, undefined, { cause });
  } finally {
    await close();
  }
}

export const NO_FILTERS = { externalTables: [], externalEnums: [] };

/** For readiness: a role works on a database whose state has nothing pending and nothing unknown. */
export async function getSchemaState(db: Queryable): Promise<SchemaState> {
  return compare(readMigrations(), await getApplied(db));
}

/** Throws an OperatorError unless the schema is this version's, for roles that do not migrate. */
export async function requireCurrentSchema(url: string): Promise<void> {
  const client = await connect(url, 'cdp schema check');
  const { pending } = await checkedState(client, readMigrations()).finally(() => client.end());
  if (pending.length === 0) return;
  throw new OperatorError(
    `The database lacks the migrations ${pending.join(', ')}. Run \`npm run cdp -- migrate\`, or start a worker, which does it.`,
    EXIT_TRY_AGAIN,
  );
}

interface AppliedMigration {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

const isFinished = ({ finished_at }: AppliedMigration) => finished_at !== null;

async function getApplied(db: Queryable): Promise<AppliedMigration[]> {
  const { rows } = await db.query<{ found: boolean }>(`SELECT to_regclass('public._prisma_migrations') IS NOT NULL AS found`);
  if (!rows[0]?.found) return [];
  const applied = await db.query<AppliedMigration>(
    'SELECT migration_name, checksum, finished_at FROM public._prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at',
  );
  return applied.rows;
}

function compare(migrations: MigrationList, applied: AppliedMigration[]): SchemaState {
  const known = migrations.migrationDirectories.map(({ path }) => path);
  const finished = new Set(applied.filter(isFinished).map((row) => row.migration_name));
  const unknown = new Set(applied.map((row) => row.migration_name).filter((name) => !known.includes(name)));
  return { pending: known.filter((name) => !finished.has(name)), unknown: [...unknown] };
}

async function checkedState(db: Queryable, migrations: MigrationList): Promise<SchemaState> {
  const applied = await getApplied(db);
  const state = compare(migrations, applied);
  if (state.unknown.length > 0) {
    throw new OperatorError(
      `The database was migrated by a newer version of the platform (${state.unknown.join(', ')}). Start that version, or restore a backup.`,
    );
  }
  const edited = applied.find((row) => isFinished(row) && !checksums(migrations, row.migration_name).includes(row.checksum));
  if (edited !== undefined) {
    throw new OperatorError(
      `The migration ${edited.migration_name} is another one than the database was made with: a migration must not be edited. ` +
        'Restore the file, or start with an empty database.',
    );
  }
  return state;
}

/** Of the script as it is, and as another system's line ends would have it. */
function checksums(migrations: MigrationList, name: string): string[] {
  const content = migrations.migrationDirectories.find(({ path }) => path === name)?.migrationFile.content;
  const script = content?.tag === 'ok' ? content.value : '';
  const unix = script.replaceAll('\r\n', '\n');
  return [script, unix, unix.replaceAll('\n', '\r\n')].map((text) => createHash('sha256').update(text).digest('hex'));
}
