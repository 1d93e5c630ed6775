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
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine, SchemasContainer } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import { projectRoot } from '../project-root.js';

/** Of Node, which its types leave out. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

/** The engine on a connection of its own; end the pool when done. */
export async function openSchemaEngine(url: string): Promise<{ engine: SchemaEngine; close(): Promise<void> }> {
  const require = createRequire(import.meta.url);
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const wasm = join(require.resolve('@prisma/schema-engine-wasm'), '..', 'schema_engine_bg.wasm');
  const { instance } = await WebAssembly.instantiate(readFileSync(wasm), { './schema_engine_bg.js': withoutTimersLeft(glue) });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  const pool = new pg.Pool({ connectionString: url, application_name: 'cdp migrate', max: 2 });
  pool.on('error', () => {});
  const engine = await glue.SchemaEngine.new(
    { datamodels: readSchema().files.map(({ path, content }) => [path, content]) },
    () => {}, // its log repeats what its errors say, with the whole script
    bindMigrationAwareSqlAdapterFactory(adapterFactory(pool)),
  );
  return { engine, close: () => pool.end() };
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
 * bodies: here a script goes to Postgres whole, as the native engine sends it, and so in one transaction. And it refuses columns of the
 * catalogue's type "char".
 */
function complete(adapter: SqlDriverAdapter, pool: pg.Pool): SqlDriverAdapter {
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.executeScript = async (script) => {
    await pool.query(script);
  };
  adapter.queryRaw = async (query) => {
    const sql = query.sql.replace(/\bconstr\.contype AS/, 'constr.contype::text AS');
    const result = await queryRaw({ ...query, sql });
    if (sql === query.sql) return result;
    const columnTypes = result.columnTypes.map((type, i) =>
      result.columnNames[i] === 'constraint_type' ? ColumnTypeEnum.Character : type,
    );
    return { ...result, columnTypes };
  };
  return adapter;
}

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
