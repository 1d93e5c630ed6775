/**
 * Prisma's schema engine as WebAssembly: the same migrations and the same _prisma_migrations as `prisma migrate deploy`, with no binary
 * to download. Loaded only where there is something to migrate (0.1 s, 20 MB).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  type ColumnType,
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine, SchemasContainer } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import { projectRoot } from '../project-root.js';
import { LOCKS } from './locks.js';

/** Of Node, which its types leave out. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

/** The engine on connections of its own; close them when done. */
export async function openSchemaEngine(url: string): Promise<{ engine: SchemaEngine; close(): Promise<void> }> {
  loading ??= load();
  const glue = await loading;
  const pool = showCharAsText(new pg.Pool({ connectionString: url, application_name: 'cdp migrate', max: 2 }));
  pool.on('error', () => {});
  const engine = await glue.SchemaEngine.new(
    { datamodels: readSchema().files.map(({ path, content }) => [path, content]) },
    () => {}, // its log repeats what its errors say, with the whole script
    bindMigrationAwareSqlAdapterFactory(adapterFactory(pool)),
  );
  return {
    engine,
    async close() {
      engine.free();
      await pool.end();
    },
  };
}

type Glue = typeof import('@prisma/schema-engine-wasm/schema_engine_bg');

/** Once a process: the glue holds one instance, and a second one would pull the memory from under the engines of the first. */
let loading: Promise<Glue> | undefined;

async function load(): Promise<Glue> {
  const require = createRequire(import.meta.url);
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const wasm = join(require.resolve('@prisma/schema-engine-wasm'), '..', 'schema_engine_bg.wasm');
  const { instance } = await WebAssembly.instantiate(readFileSync(wasm), { './schema_engine_bg.js': withoutTimersLeft(glue) });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  return glue;
}

/** The engine leaves the timer of its lock running (10 s): it must not keep a process that is done. */
function withoutTimersLeft(glue: object): object {
  const entries = Object.entries(glue).map(([name, value]) =>
    name.startsWith('__wbg_setTimeout_')
      ? [name, (...args: unknown[]) => (value as (...args: unknown[]) => NodeJS.Timeout)(...args).unref()]
      : [name, value],
  );
  return Object.fromEntries(entries);
}

/** The catalogue's type "char", and the columns of the engine's queries that are of it. */
const CHAR = 18;
const CHAR_COLUMNS = ['constraint_type', 'confdeltype', 'confupdtype'];

function showCharAsText(pool: pg.Pool): pg.Pool {
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryResult>;
  pool.query = (async (...args: unknown[]) => {
    const result = await query(...args);
    for (const field of result.fields ?? []) if (field.dataTypeID === CHAR) field.dataTypeID = pg.types.builtins.TEXT;
    return result;
  }) as typeof pool.query;
  return pool;
}

function adapterFactory(pool: pg.Pool): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(pool);
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => complete(await factory.connect(), pool),
    connectToShadowDb: () => factory.connectToShadowDb(),
  };
}

/**
 * Two things that the adapter does not do as the engine needs it. It cuts scripts at every semicolon, also in comments and function
 * bodies: here a script goes to Postgres whole, as the native engine sends it, and so in one transaction. And it knows no "char".
 */
function complete(adapter: SqlDriverAdapter, pool: pg.Pool): SqlDriverAdapter {
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (statement) => {
    const result = await queryRaw(statement);
    const typeOf = (type: ColumnType, i: number) =>
      CHAR_COLUMNS.includes(result.columnNames[i] as string) ? ColumnTypeEnum.Character : type;
    return { ...result, columnTypes: result.columnTypes.map(typeOf) };
  };
  adapter.executeScript = async (script) => {
    await pool.query(`SELECT pg_advisory_xact_lock(${SCRIPT_LOCK}); ${script}\n;${FINISH}`).catch((cause: pg.DatabaseError) => {
      const { code = '', severity = '', message, detail, column, hint } = cause;
      throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
    });
  };
  return adapter;
}

/** Held by a script as long as it runs, whatever has become of the process that sent it. */
export const SCRIPT_LOCK = [LOCKS.migration, 1];

/**
 * The engine notes in a statement of its own that a script has ended. Killed before it does, it would leave a script that was applied and
 * looks as if it were not; so the script notes it itself, in its transaction.
 */
const FINISH = `DO $$ BEGIN
  IF to_regclass('public._prisma_migrations') IS NOT NULL THEN
    UPDATE public._prisma_migrations SET finished_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL;
  END IF;
END $$`;

export const MIGRATIONS_DIRECTORY = join(projectRoot, 'prisma', 'migrations');

export function readSchema(): SchemasContainer {
  const directory = join(projectRoot, 'prisma', 'schema');
  const names = readdirSync(directory).filter((name) => name.endsWith('.prisma'));
  return { files: names.sort().map((name) => ({ path: join(directory, name), content: readFileSync(join(directory, name), 'utf8') })) };
}

export function readMigrations(): MigrationList {
  const directories = readdirSync(MIGRATIONS_DIRECTORY, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return {
    baseDir: MIGRATIONS_DIRECTORY,
    lockfile: { path: 'migration_lock.toml', content: readFileSync(join(MIGRATIONS_DIRECTORY, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: directories
      .map((entry) => entry.name)
      .sort()
      .map((path) => ({
        path,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: 'ok', value: readFileSync(join(MIGRATIONS_DIRECTORY, path, 'migration.sql'), 'utf8') },
        },
      })),
  };
}
