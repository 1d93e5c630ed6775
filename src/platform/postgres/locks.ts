/**
 * Every advisory lock of the platform, by its class: the first of the two numbers of pg_advisory_lock(class, key).
 * Where a class has one lock only, its key is 0. The numbers must never change: old and new processes meet on them.
 */
import type pg from 'pg';
import { keyHash } from '../../domain/murmur2.js';

export const LOCKS = {
  /** One process migrates the schema. Key 0: session lock of that process; 1: transaction lock of its script. */
  migration: 101,
  /** Publishes are serial. Session lock, taken before BEGIN. */
  publish: 102,
  /** Writers of prices and candles. Key: one of coinLockKeys. Transaction locks, before the first row is written. */
  coins: 103,
  /** Shared by who evaluates alert rules, exclusive for who edits them. Transaction lock. */
  rules: 104,
  /** Months are made and dropped by one at a time. Session lock. */
  partitions: 106,
  /** Holes of history are found and entered into the ledger by one at a time. Transaction lock. */
  holes: 107,
} as const;

/** Between two statements of ours lie milliseconds. */
const LONGEST_IDLE_MS = 10_000;

/**
 * Works alone among those who take this session lock, on a connection that ends with the work, and with it the lock and what was set; also
 * where the process is frozen, or gone without a word, outside of a transaction.
 */
export async function underSessionLock<T>(pool: pg.Pool, lock: number, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(`SET idle_session_timeout = ${LONGEST_IDLE_MS}`);
    await client.query('SELECT pg_advisory_lock($1, 0)', [lock]);
    return await work(client);
  } finally {
    client.release(true);
  }
}

/** The keys of these coins' locks, each once, ascending: taken in this order nobody deadlocks. One per coin: a batch holds as many. */
export function coinLockKeys(coinIds: Iterable<string>): number[] {
  return [...new Set(Array.from(coinIds, keyHash))].sort((a, b) => a - b);
}
