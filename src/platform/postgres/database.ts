/** One pool for Prisma and for SQL. Everyday reads and writes go through Prisma, hot reads and bulk writes are SQL on the same pool. */
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from '../../../generated/prisma/client.js';

// Dates stay text (a JS Date would move them by the local zone); bigint becomes a bigint; numeric stays the exact text.
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === pg.types.builtins.DATE) return (value: string) => value;
    if (oid === pg.types.builtins.INT8) return (value: string) => BigInt(value);
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface Database {
  /** As given to the pool; holds the password: never log it. */
  url: string;
  pool: pg.Pool;
  prisma: PrismaClient;
  /** Runs in one transaction on one connection; rolls back when `work` throws. */
  transaction<T>(work: (tx: pg.PoolClient) => Promise<T>, begin?: 'BEGIN' | 'BEGIN ISOLATION LEVEL REPEATABLE READ'): Promise<T>;
  close(): Promise<void>;
}
