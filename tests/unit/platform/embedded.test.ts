/** The whole life of the embedded Postgres, with real processes that are really killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { attach } from '../../../src/platform/postgres/embedded.js';
import { projectRoot } from '../../../src/platform/project-root.js';
import { waitFor } from '../../kit/wait-for.js';

let dataDir: string;
let holders: Holder[] = [];

interface Holder {
  child: ChildProcess;
  /** The detail of the next event of that name. */
  event(name: string): Promise<string>;
  exit: Promise<number | null>;
}

function hold(directory = dataDir, options: { uid?: number; gid?: number; detached?: boolean } = {}): Holder {
  const args = ['--import', './tests/kit/typescript-hooks.mjs', './tests/kit/programs/hold-postgres.ts', directory];
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: ['pipe', 'pipe', 'inherit'], ...options });
  const seen: { event: string; detail: string }[] = [];
  const waiting: (() => void)[] = [];
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    seen.push(JSON.parse(line));
    for (const wake of waiting.splice(0)) wake();
  });
  const exit = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const holder: Holder = {
    child,
    exit,
    async event(name) {
      for (;;) {
        const index = seen.findIndex((entry) => entry.event === name);
        if (index >= 0) return (seen.splice(index, 1)[0] as { detail: string }).detail;
        const ended = await Promise.race([new Promise<false>((resolve) => waiting.push(() => resolve(false))), exit.then(() => true)]);
        if (ended && !seen.some((entry) => entry.event === name)) throw new Error(`ended without '${name}': ${JSON.stringify(seen)}`);
      }
    },
  };
  holders.push(holder);
  return holder;
}

async function stop({ child, exit }: Holder): Promise<number | null> {
  child.stdin?.end();
  return exit;
}

async function kill({ child, exit }: Holder): Promise<void> {
  child.kill('SIGKILL');
  await exit;
}

const pidFile = () => join(dataDir, 'postgres/data/postmaster.pid');
const serverPid = () => Number(readFileSync(pidFile(), 'utf8').split('\n')[0]);

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'cdp embedded ')), 'da ta'); // paths with spaces are paths
});

afterEach(async () => {
  for (const holder of holders) await kill(holder);
  holders = [];
  if (existsSync(pidFile())) {
    process.kill(serverPid(), 'SIGINT');
    while (existsSync(pidFile())) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  rmSync(join(dataDir, '..'), { recursive: true, force: true });
});

describe('the embedded Postgres', () => {
  test('is made at the first start, stops with its holder, and keeps its data and its port for the next', async () => {
    const first = hold();
    expect(await first.event('info')).toContain('making the built-in Postgres');
    const url = await first.event('ready');
    const [row] = await query(
      url,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone, datlocprovider AS provider, datlocale AS locale,
              current_setting('listen_addresses') AS address, current_setting('synchronous_commit') AS commits
       FROM pg_database WHERE datname = current_database()`,
    );
    expect(row).toEqual({ encoding: 'UTF8', zone: 'UTC', provider: 'b', locale: 'C.UTF-8', address: '127.0.0.1', commits: 'on' });
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    expect(statSync(join(dataDir, 'postgres/connection.json')).mode & 0o777).toBe(0o600);
    expect(await stop(first)).toBe(0);
    expect(existsSync(pidFile())).toBe(false);

    const second = hold();
    const later = await second.event('ready');
    expect(later).toBe(url);
    expect(await query(later, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('has a password of its own in every data directory', async () => {
    const url = await hold().event('ready');
    const password = new URL(url).password;
    expect(password.length).toBeGreaterThanOrEqual(32);
    await expect(query(url.replace(password, 'postgres'), 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  test('does not hear a Ctrl-C: it goes to the holder, which still has its server', async () => {
    const holder = hold(dataDir, { detached: true });
    const url = await holder.event('ready');
    process.kill(-(holder.child.pid as number), 'SIGINT'); // to the whole process group, as a terminal does
    await holder.event('interrupted');
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await stop(holder)).toBe(0);
  });

  test('is adopted by the next start after a kill -9 of its holder', async () => {
    const first = hold();
    const url = await first.event('ready');
    const pid = serverPid();
    await kill(first);
    process.kill(pid, 0); // the orphan runs
    const second = hold();
    expect(await second.event('warn')).toContain(`pid ${pid}`);
    expect(await second.event('ready')).toBe(url);
    expect(serverPid()).toBe(pid);
    expect(await stop(second)).toBe(0);
    expect(existsSync(pidFile())).toBe(false);
  });

  test('ends the statement of a holder that was killed', async () => {
    const first = hold();
    const url = await first.event('ready');
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    const sleeping = client.query(`SELECT 'abandoned', pg_sleep(60)`).catch(() => {});
    // The socket closes without a word, as that of a killed process does.
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    await sleeping;
    const abandoned = `SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT ''abandoned''%' AND pid <> pg_backend_pid()`;
    await waitFor('its statement is ended', async () => (await query(url, abandoned)).length === 0, { withinMs: 10_000 });
  });

  test('recovers what was committed when the server itself is killed, and the holder asks to be started again', async () => {
    const first = hold();
    const url = await first.event('ready');
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(serverPid(), 'SIGKILL');
    expect(await first.event('lost')).toMatch(/^75: .*Postgres is gone/);
    await kill(first);
    const second = hold();
    expect(await query(await second.event('ready'), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('survives the crash of one of its processes without losing its owner', async () => {
    const first = hold();
    const url = await first.event('ready');
    const [{ pid }] = (await query(url, `SELECT pid FROM pg_stat_activity WHERE application_name = 'cdp owner'`)) as [{ pid: number }];
    process.kill(pid, 'SIGKILL'); // Postgres restarts all of its processes
    const owned = `SELECT 1 AS one FROM pg_locks l JOIN pg_stat_activity USING (pid)
                   WHERE l.locktype = 'advisory' AND application_name = 'cdp owner' AND pid <> ${pid}`;
    await waitFor('it owns the data again', async () => (await query(url, owned)).length > 0, { withinMs: 15_000 });
    const second = hold();
    expect(await second.event('failed')).toContain('Another platform runs');
    expect(await stop(first)).toBe(0);
  });

  test('refuses a second holder with "try again", and lets a second terminal attach', async () => {
    const first = hold();
    const url = await first.event('ready');
    const second = hold();
    expect(await second.event('failed')).toContain(`Another platform runs on the data directory ${dataDir}`);
    expect(await second.exit).toBe(75);
    expect(attach(dataDir)).toBe(url);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await stop(first);
    expect(() => attach(dataDir)).toThrow(/Nothing runs on the data directory/);
  });

  test('a start while the platform before is ending takes over, however they meet', async () => {
    let last = hold();
    await last.event('ready');
    for (const lead of [0, 300, 600]) {
      const next = hold();
      if (lead > 0) await new Promise((resolve) => setTimeout(resolve, lead)); // meets it earlier or later in its end
      expect(await stop(last)).toBe(0);
      await query(await next.event('ready'), 'SELECT 1');
      last = next;
    }
    expect(await stop(last)).toBe(0);
  });

  test('of two first starts at once one wins, and the other is refused', async () => {
    const both = [hold(), hold()];
    const ready = await Promise.any(both.map((holder) => holder.event('ready').then(() => holder)));
    const loser = both.find((holder) => holder !== ready) as Holder;
    expect(await loser.event('failed')).toContain('Another platform runs');
    expect(await stop(ready)).toBe(0);
  });

  test('does not take a program that got an old pid for its server', async () => {
    const first = hold();
    await first.event('ready');
    await stop(first);
    // As after a restart of a container: the pid file survived, and its number is somebody else's by now.
    const lines = `${process.pid}\n${join(dataDir, 'postgres/data')}\n1700000000\n5432\n\n127.0.0.1\n  1 1\nready   \n`;
    writeFileSync(pidFile(), lines);
    const { uid, gid } = statSync(join(dataDir, 'postgres/data'));
    chownSync(pidFile(), uid, gid);
    expect(() => attach(dataDir)).toThrow(/Nothing runs/);
    const second = hold();
    const url = await second.event('ready');
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(serverPid()).not.toBe(process.pid);
  });

  test('moves to another port where its own was taken meanwhile', async () => {
    const first = hold();
    const url = await first.event('ready');
    await stop(first);
    const squatter = createServer().listen(Number(new URL(url).port), '127.0.0.1');
    await once(squatter, 'listening');
    const second = hold();
    const moved = await second.event('ready');
    squatter.close();
    expect(new URL(moved).port).not.toBe(new URL(url).port);
    expect(await query(moved, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('removes what a start that was killed in the middle of initdb left', async () => {
    const abandoned = join(dataDir, 'postgres.init-999999999');
    mkdirSync(abandoned, { recursive: true });
    await hold().event('ready');
    expect(existsSync(abandoned)).toBe(false);
  });

  test('refuses the files of another major version, and says what to do', async () => {
    const first = hold();
    await first.event('ready');
    await stop(first);
    writeFileSync(join(dataDir, 'postgres/data/PG_VERSION'), '15\n');
    const second = hold();
    expect(await second.event('failed')).toMatch(/made by Postgres 15; the built-in one is 18 .*set DATA_DIR/s);
    expect(await second.exit).toBe(1);
  });

  test('refuses a data directory that is a file', async () => {
    writeFileSync(dataDir, '');
    expect(await hold().event('failed')).toMatch(/is not a directory.*DATA_DIR/s);
  });

  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  const nobody = { uid: 65534, gid: 65534 };

  asRoot('refuses a data directory that its user may not write', async () => {
    mkdirSync(dataDir, { mode: 0o755 });
    chmodSync(join(dataDir, '..'), 0o755);
    const holder = hold(dataDir, nobody);
    expect(await holder.event('failed')).toMatch(/cannot be written \(EACCES\).*DATA_DIR/s);
    expect(await holder.exit).toBe(1);
  });

  asRoot("runs for an ordinary user, and refuses another one's files", async () => {
    mkdirSync(dataDir, { mode: 0o700 });
    chownSync(dataDir, nobody.uid, nobody.gid);
    chmodSync(join(dataDir, '..'), 0o755);
    const holder = hold(dataDir, nobody);
    expect(await query(await holder.event('ready'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await stop(holder)).toBe(0);
    const root = hold(); // root may, and leaves the files their owner's
    await root.event('ready');
    await stop(root);
    for (const file of ['connection.json', 'postgres.log']) expect(statSync(join(dataDir, 'postgres', file)).uid).toBe(nobody.uid);
    const stranger = hold(dataDir, { uid: 12345, gid: 12345 });
    expect(await stranger.event('failed')).toContain('cannot be written');
  });

  asRoot('runs for root in a directory that the user it runs as cannot pass', async () => {
    mkdirSync(dataDir, { mode: 0o755 });
    chmodSync(join(dataDir, '..'), 0o700); // as /root is
    const holder = hold();
    expect(await query(await holder.event('ready'), `SELECT current_setting('data_directory') AS at`)).toEqual([
      { at: join(dataDir, 'postgres/data') },
    ]);
    expect(await stop(holder)).toBe(0);
  });
});
