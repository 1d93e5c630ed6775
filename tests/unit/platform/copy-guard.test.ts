/** A process that is frozen in the middle of a COPY loses its connection, and with it its locks; one that goes on keeps it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { createLogger } from '../../../src/platform/logger.js';
import { startCopyGuard } from '../../../src/platform/postgres/copy-guard.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { openTestDatabase } from '../../kit/test-database.js';

/** Long beside the pauses of who goes on, also where the machine is busy. */
const SILENT_FOR_MS = 1_000;

let db: Database;
let guard: { stop(): void };
beforeAll(async () => {
  db = await openTestDatabase();
  await db.pool.query('CREATE TABLE number (value integer)');
  guard = startCopyGuard(db, createLogger({ level: 'silent' }), { everyMs: 100, silentForMs: SILENT_FOR_MS });
});
afterAll(async () => {
  guard.stop();
  await db.close();
});

/** A connection that holds a lock and has begun to copy. */
async function beginCopy(application_name: string) {
  const client = new pg.Client({ connectionString: db.url, application_name });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock(7)');
  const copy = client.query(copyFrom('COPY number FROM STDIN'));
  copy.write('1\n');
  return { client, copy };
}

describe('the copy guard', () => {
  test('ends a connection of a role that sends nothing, so that others get its locks', async () => {
    const { client, copy } = await beginCopy('cdp up');
    const ended = new Promise<Error>((resolve) => copy.once('error', resolve));
    client.on('error', () => {});
    await db.transaction((tx) => tx.query('SELECT pg_advisory_xact_lock(7)'));
    expect((await ended).message).toMatch(/terminating connection/);
    expect((await db.pool.query('SELECT FROM number')).rowCount).toBe(0);
  });

  test('leaves alone who goes on, however slowly, and other programs', async () => {
    const { client, copy } = await beginCopy('cdp up');
    const other = await beginOther();
    const until = performance.now() + 2 * SILENT_FOR_MS;
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      copy.write(`${'1'.padStart(1_000, '0')}\n`.repeat(100)); // few rows: it waits for more. What it has read, it counts in pieces of 64 kB
    }
    copy.end();
    await new Promise((resolve, reject) => copy.once('finish', resolve).once('error', reject));
    await client.query('COMMIT');
    await client.end();
    expect((await other.query('SELECT 1')).rowCount).toBe(1);
    await other.end();
  });
});

/** Has a COPY of its own that stands still, ended only here. */
async function beginOther(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: db.url, application_name: 'psql' });
  await client.connect();
  const copy = client.query(copyFrom('COPY number FROM STDIN'));
  copy.write('1\n');
  setTimeout(() => copy.end(), 2 * SILENT_FOR_MS);
  return client;
}
