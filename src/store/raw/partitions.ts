/**
 * The months of raw.raw_prices: made before they are needed, dropped when retention is over.
 * Must stay true: no statement here makes a writer of prices wait for longer than a moment. A month is made beside the table and
 * attached, which takes a lock that writers do not mind (CREATE … PARTITION OF would not); a lock that is not had at once is given up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { OLDEST_OBSERVATION_DAYS } from '../../domain/prices.js';
import { DAY } from '../../domain/time.js';
import type { Database, Queryable } from '../../platform/postgres/database.js';
import { LOCKS, underSessionLock } from '../../platform/postgres/locks.js';

const LOCK_TIMEOUT_MS = 200;
const LOCK_NOT_AVAILABLE = '55P03';
const PAUSE_MS = 300;
const ATTEMPTS = 60;

/** What must have its months before prices can be stored at `now`: the window that validation accepts and the next two months. */
export function priceWindow(now: Date, retentionDays: number | null): { from: Date; to: Date } {
  const days = Math.min(OLDEST_OBSERVATION_DAYS, retentionDays ?? OLDEST_OBSERVATION_DAYS);
  return { from: new Date(now.getTime() - days * DAY), to: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 2, 1)) };
}

/** Makes the missing months from the one that holds `from` to the one that holds `to`. Resolves with the tables made. */
export async function ensureMonthlyPartitions(db: Database, from: Date, to: Date): Promise<string[]> {
  if ((await getMissing(db.pool, from, to)).length === 0) return [];
  return withPartitionsLock(db.pool, async (client) => {
    const missing = await getMissing(client, from, to);
    for (const table of missing) {
      await drop(client, table); // what a drop that was interrupted left of it
      await retrying(() => attach(client, table));
    }
    return missing;
  });
}

/** Drops the months that ended at or before `before`, and notes first that raw is gone up to there. Resolves with the tables dropped. */
export async function dropMonthlyPartitions(db: Database, before: Date): Promise<string[]> {
  return withPartitionsLock(db.pool, async (client) => {
    const old = (await getMonths(client)).filter((month) => endOf(month.table) <= before);
    for (const { table } of old) {
      // First: from here on nobody deletes what could not be made anew.
      await retrying(() => noteDropped(client, endOf(table)));
      await drop(client, table);
    }
    return old.map(({ table }) => table);
  });
}

interface Month {
  /** raw_prices_2026_11, in the schema raw_partitions. */
  table: string;
  /** False once its detaching was begun: a drop was interrupted there. */
  attached: boolean;
}

async function getMonths(client: Queryable): Promise<Month[]> {
  const { rows } = await client.query<Month>(
    `SELECT c.relname AS "table", i.inhrelid IS NOT NULL AND NOT i.inhdetachpending AS attached
     FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
     WHERE c.relnamespace = 'raw_partitions'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
  );
  return rows;
}

function tableOf(month: Date): string {
  return `raw_prices_${month.toISOString().slice(0, 7).replace('-', '_')}`;
}

function startOf(table: string): Date {
  const [, year, month] = /^raw_prices_(\d{4})_(\d{2})$/.exec(table) ?? [];
  if (year === undefined) throw new Error(`raw_partitions.${table} is no month of raw_prices`);
  return new Date(`${year}-${month}-01T00:00:00Z`);
}

function endOf(table: string): Date {
  const start = startOf(table);
  return new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1));
}

async function getMissing(client: Queryable, from: Date, to: Date): Promise<string[]> {
  const { rows } = await client.query<{ kept: Date | null }>('SELECT raw_kept_from AS kept FROM ops.database');
  const kept = rows[0]?.kept ?? new Date(0);
  // What a drop has begun with is gone; what somebody else detached is left alone.
  const months = (await getMonths(client)).filter(({ table, attached }) => attached || endOf(table) > kept);
  const there = new Set(months.map(({ table }) => table));
  const missing: string[] = [];
  for (let table = tableOf(from); startOf(table) <= to; table = tableOf(endOf(table))) if (!there.has(table)) missing.push(table);
  return missing;
}

/** One message of several statements is one transaction. */
async function attach(client: Queryable, table: string): Promise<void> {
  const [start, end] = [startOf(table), endOf(table)].map((instant) => `'${instant.toISOString()}'`);
  await client.query(`
    CREATE TABLE raw_partitions.${table} (LIKE raw.raw_prices INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
    ALTER TABLE raw.raw_prices ATTACH PARTITION raw_partitions.${table} FOR VALUES FROM (${start}) TO (${end})`);
}

/** Waits for a rebuild that reads what is to go: it holds the row. */
async function noteDropped(client: Queryable, end: Date): Promise<void> {
  await client.query('UPDATE ops.database SET raw_kept_from = greatest(raw_kept_from, $1)', [end]);
}

async function drop(client: Queryable, table: string): Promise<void> {
  await retrying(() => detach(client, table));
  await retrying(async () => void (await client.query(`DROP TABLE IF EXISTS raw_partitions.${table}`)));
}

/** A detach that was interrupted cannot be begun again: it is finished. */
async function detach(client: Queryable, table: string): Promise<void> {
  const { rows } = await client.query<{ inhdetachpending: boolean }>(
    `SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = to_regclass('raw_partitions.${table}')`,
  );
  if (rows[0] === undefined) return;
  const how = rows[0].inhdetachpending ? 'FINALIZE' : 'CONCURRENTLY';
  await client.query(`ALTER TABLE raw.raw_prices DETACH PARTITION raw_partitions.${table} ${how}`);
}

function withPartitionsLock<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return underSessionLock(pool, LOCKS.partitions, async (client) => {
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    return work(client);
  });
}

async function retrying(statement: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await statement();
    } catch (error) {
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS); // the writers that came behind us get their turn
    }
  }
}
