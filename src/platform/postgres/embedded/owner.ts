/**
 * Who owns the embedded Postgres: the process that holds a session advisory lock in it. The lock ends with its process however that ends,
 * and needs no file that a kill -9 would leave behind.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface Ownership {
  /** `stopServer` ends the server and the lock with it: given up before, another platform could take a server that is about to end. */
  release(stopServer: () => Promise<void>): Promise<void>;
  /** Resolves if the server went away for good, or fell to somebody else, while we owned it. */
  readonly lost: Promise<void>;
}

/** 'cdp' and 'own' in ASCII: apart from the locks of the data itself, which are taken in the same database. */
const OWNER_LOCK = [0x636470, 0x6f776e];
/** The connection of an owner that was killed a moment ago may still be open at the server's side. */
const PATIENCE_MS = 1_500;
/** After a crash of one of its processes the server comes back by itself. */
const RECOVERY_MS = 15_000;

/** Null where another process owns it. `isRunning`: whether the server still has its process. */
export async function takeOwnership(url: string, isRunning: () => boolean): Promise<Ownership | null> {
  let client = await until(
    PATIENCE_MS,
    () => true,
    () => tryLock(url),
  );
  if (client === null) return null;
  let released = false;
  const lost = new Promise<void>((resolve) => {
    const watch = (watched: pg.Client) =>
      watched.once('end', async () => {
        if (released) return;
        client = await until(RECOVERY_MS, isRunning, () => tryLock(url).catch(() => null));
        if (client === null) resolve();
        else if (released) await client.end();
        else watch(client);
      });
    watch(client as pg.Client);
  });
  return {
    lost,
    async release(stopServer) {
      released = true;
      await stopServer();
      await client?.end();
    },
  };
}

async function until<T>(patienceMs: number, hasSense: () => boolean, attempt: () => Promise<T | null>): Promise<T | null> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(50)) {
    const result = await attempt();
    if (result !== null || Date.now() > deadline || !hasSense()) return result;
  }
}

/** A connection that holds the lock; null where another one does. */
async function tryLock(url: string): Promise<pg.Client | null> {
  const client = new pg.Client({ connectionString: url, application_name: 'cdp owner', connectionTimeoutMillis: 10_000, keepAlive: true });
  client.on('error', () => {}); // 'end' follows
  await client.connect();
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS taken', OWNER_LOCK);
  if (rows[0]?.taken) return client;
  await client.end();
  return null;
}
