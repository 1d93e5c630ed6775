/**
 * One pool for Prisma and for SQL: Prisma holds the schema and reads small tables of operators, everything else is SQL on the same pool.
 * Must stay true: no number and no date passes through a JavaScript number or a local time zone on its way.
 */
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from '../../../generated/prisma/client.js';
import { GIVEN_UP } from './errors.js';

const { builtins } = pg.types;
const NUMERIC_ARRAY = 1231;
const INT8_ARRAY = 1016;
const DATE_ARRAY = 1182;
const TEXT_ARRAY = 1009;

// Dates stay text (a JS Date would move them by the local zone); bigint becomes a bigint; numeric stays the exact text. Arrays likewise.
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const texts = () => pg.types.getTypeParser(TEXT_ARRAY as never, 'text') as unknown as (value: string) => string[];
    if (oid === builtins.DATE || oid === builtins.NUMERIC) return (value: string) => value;
    if (oid === builtins.INT8) return (value: string) => BigInt(value);
    if (oid === NUMERIC_ARRAY || oid === DATE_ARRAY) return texts();
    if (oid === INT8_ARRAY) return (value: string) => texts()(value).map((item) => (item === null ? null : BigInt(item)));
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

export type { Queryable } from './queryable.js';

export interface Database {
  /** As given to the pool; holds the password: never log it. */
  url: string;
  pool: pg.Pool;
  prisma: PrismaClient;
  /** Runs in one transaction on one connection; rolls back when `work` throws. */
  transaction<T>(work: (tx: pg.PoolClient) => Promise<T>, begin?: 'BEGIN' | 'BEGIN ISOLATION LEVEL REPEATABLE READ'): Promise<T>;
  /** A transaction on a pipelined connection, for many small statements; COPY is not possible on it. */
  pipelined<T>(work: (tx: pg.PoolClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Of the few writers that pipeline; they are opened when they are used. */
const MAX_PIPELINED_CONNECTIONS = 4;

export interface DatabaseOptions {
  /** Shown by pg_stat_activity. */
  applicationName: string;
  maxConnections?: number;
  /** How long one statement may run; work that takes longer says so itself (SET LOCAL statement_timeout). */
  statementTimeoutMs?: number;
  /**
   * For those who are waited for: no statement, whatever it says, takes longer than this and two seconds. Postgres ends it, or it is given
   * up with its connection, should that be silent.
   */
  answerWithinMs?: number;
}

const SILENT_MS = 2_000;

export function openDatabase(url: string, options: DatabaseOptions): Database {
  const { answerWithinMs } = options;
  const config: pg.PoolConfig = {
    connectionString: url,
    application_name: options.applicationName,
    max: options.maxConnections ?? 10,
    statement_timeout: answerWithinMs ?? options.statementTimeoutMs ?? 300_000,
    query_timeout: answerWithinMs === undefined ? undefined : answerWithinMs + SILENT_MS,
    // A frozen process gives up its locks; see the lease of runs.
    idle_in_transaction_session_timeout: 10_000,
    connectionTimeoutMillis: 10_000,
    options: '-c timezone=UTC',
    keepAlive: true,
    types,
  };
  const pool = openPool(config);
  const pipelining = openPool({ ...config, pipeline: true, max: MAX_PIPELINED_CONNECTIONS });
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    url,
    pool,
    prisma,
    transaction: (work, begin = 'BEGIN') => inTransaction(pool, work, begin),
    pipelined: (work) => inTransaction(pipelining, work, 'BEGIN'),
    async close() {
      await prisma.$disconnect();
      await Promise.all([pool.end(), pipelining.end()]);
    },
  };
}

function openPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  // A connection that is lost while nobody waits for its answer would otherwise end the process; the next query reports it.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

async function inTransaction<T>(pool: pg.Pool, work: (tx: pg.PoolClient) => Promise<T>, begin: string): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(begin); // waited for, also on a pipelined connection: without it each statement behind it would commit by itself
    const result = await work(client);
    const { command } = await client.query('COMMIT');
    // Postgres answers ROLLBACK to the COMMIT of a transaction in which a statement failed and was passed over.
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back: a statement in it failed and its error was swallowed');
    return result;
  } catch (error) {
    // A connection that was silent for too long would keep ROLLBACK waiting as long again.
    if ((error as Error).message === GIVEN_UP) broken = error as Error;
    else await client.query('ROLLBACK').catch((lost: Error) => (broken = lost));
    // A named statement that was sent behind the one that failed was never prepared, though the client takes it for that.
    if (client.pipeline) broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}
