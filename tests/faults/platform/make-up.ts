/**
 * The two make-ups of the platform on the log in Postgres: `cdp up` alone on its embedded Postgres, and two of them on one Postgres, who
 * are rivals for every partition, run and publish.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRule } from '../../../src/alerts/rules.js';
import type { Decimal } from '../../../src/domain/decimal.js';
import { openDatabase } from '../../../src/platform/postgres/database.js';
import { clusterAt } from '../../../src/platform/postgres/embedded/cluster.js';
import { findServer, isRunning, stopServer } from '../../../src/platform/postgres/embedded/server.js';
import { attach, type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/platform/postgres/embedded.js';
import { migrate } from '../../../src/platform/postgres/migrate.js';
import { projectRoot } from '../../../src/platform/project-root.js';
import { waitFor } from '../../kit/wait-for.js';
import { makeDataDirectory } from './data-directory.js';
import { Links } from './links.js';
import type { Platform } from './platform.js';
import { findFreePort } from './source.js';
import { SupervisedProcess } from './supervised-process.js';

export interface MakeUpOptions {
  /** Of the built project: the repository, or a mutated copy of it. */
  root?: string;
  sourceUrl: string;
  coinIds: readonly string[];
  /** Rules that stand before the first tick, so that a replay of the whole log gives the alerts. `levels`: a price of each coin. */
  levels: ReadonlyMap<string, Decimal>;
}

export const SILENT = { info() {}, warn() {} };
/** Immediate shutdown, in Postgres's words: no checkpoint, recovery at the next start. */
const IMMEDIATE = 'SIGQUIT';

export async function oneProcess(options: MakeUpOptions): Promise<Platform> {
  const directory = makeDataDirectory();
  const prepared = await startEmbeddedPostgres(directory.path, SILENT);
  await prepare(prepared.url, options);
  await prepared.stop();
  const clockFile = join(directory.path, 'clock-offset');
  const port = await findFreePort();
  const up = makeProcess('up', port, options, clockFile, { DATA_DIR: directory.path });
  const links = new Links(() => attach(directory.path));
  const cluster = clusterAt(directory.path);
  return {
    kind: 'one process, embedded Postgres',
    processes: [up],
    gateways: [up],
    directory,
    ...links.asPlatform(),
    broker: null,
    endsWithPostgres: true,
    watchPostgres: () => watchServer(directory.path),
    killPostgres: () => killServer(directory.path),
    restorePostgres: async () => {}, // `up` sees to it
    stepClock: (ms) => writeFileSync(clockFile, String(ms)),
    start: () => startAll([up]),
    async stop() {
      await up.stop();
      await links.close();
      const server = findServer(cluster);
      if (server !== null) await stopServer(cluster, server);
      directory.remove();
    },
  };
}

export async function twoProcesses(options: MakeUpOptions): Promise<Platform> {
  const directory = makeDataDirectory();
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres(directory.path, SILENT);
  await prepare(postgres.url, options);
  const clockFile = join(directory.path, 'clock-offset');
  const processes: SupervisedProcess[] = [];
  for (const name of ['up-1', 'up-2']) {
    const env = { DATABASE_URL: postgres.url, DATA_DIR: join(directory.path, name), ADMIN_API_KEY: 'key-of-the-fault-suite' };
    processes.push(makeProcess(name, await findFreePort(), options, clockFile, env));
  }
  const links = new Links(() => postgres.url);
  return {
    kind: 'two processes, one Postgres',
    processes,
    gateways: processes,
    directory,
    ...links.asPlatform(),
    broker: null,
    endsWithPostgres: false,
    watchPostgres: () => watchServer(directory.path),
    killPostgres: () => killServer(directory.path),
    async restorePostgres() {
      await postgres.stop(); // lets go of what it held of the one that is gone
      postgres = await startEmbeddedPostgres(directory.path, SILENT);
    },
    stepClock: (ms) => writeFileSync(clockFile, String(ms)),
    start: () => startAll(processes),
    async stop() {
      for (const each of processes) await each.stop();
      await links.close();
      await postgres.stop();
      directory.remove();
    },
  };
}

function makeProcess(name: string, port: number, options: MakeUpOptions, clockFile: string, env: Record<string, string>) {
  const clock = pathToFileURL(join(projectRoot, 'tests/faults/platform/clock-step.mjs')).href;
  return new SupervisedProcess({
    name,
    port,
    root: options.root ?? projectRoot,
    args: ['up'],
    env: { ...commonEnv(options), NODE_OPTIONS: `--import ${clock}`, FAULT_CLOCK_FILE: clockFile, ...env },
  });
}

export function commonEnv({ sourceUrl, coinIds }: MakeUpOptions): Record<string, string> {
  return {
    PRICE_SOURCE: 'coingecko', // real, as far as the platform knows: the client, the realm and the limits of real data
    COINGECKO_BASE_URL: sourceUrl,
    COINGECKO_CALLS_PER_MINUTE: '100000',
    COINS: coinIds.join(','),
    PRICE_POLL_SECONDS: '2',
  };
}

export async function startAll(processes: SupervisedProcess[]): Promise<void> {
  for (const each of processes) each.start();
  for (const each of processes) await waitFor(`${each.name} is ready`, () => each.isReady(), { withinMs: 90_000, everyMs: 200 });
}

export function watchServer(dataDir: string): () => boolean {
  const cluster = clusterAt(dataDir);
  const server = findServer(cluster);
  if (server === null) throw new Error('there is no Postgres to watch');
  return () => !isRunning(cluster, server);
}

export async function killServer(dataDir: string): Promise<void> {
  const cluster = clusterAt(dataDir);
  const server = findServer(cluster);
  if (server === null) throw new Error('there is no Postgres to kill');
  process.kill(server.pid, IMMEDIATE);
  await waitFor('Postgres is gone', () => findServer(cluster)?.pid !== server.pid, { withinMs: 10_000, everyMs: 5 });
}

export async function prepare(url: string, { coinIds, levels }: MakeUpOptions): Promise<void> {
  await migrate(url);
  const db = openDatabase(url, { applicationName: 'fault suite' });
  const level = (coinId: string) => levels.get(coinId) as Decimal;
  const above = coinIds
    .slice(0, 4)
    .map((coinId) => ({ kind: 'PRICE_ABOVE' as const, coinId: null, threshold: level(coinId), windowMinutes: null }));
  const everyCoin = [
    { kind: 'PCT_RISE' as const, coinId: null, threshold: '0.25' as Decimal, windowMinutes: 1 },
    { kind: 'PCT_FALL' as const, coinId: null, threshold: '0.25' as Decimal, windowMinutes: 1 },
    { kind: 'PRICE_BELOW' as const, coinId: null, threshold: level(coinIds[0] as string), windowMinutes: null },
  ];
  for (const [index, rule] of [...above, ...everyCoin].entries()) {
    const outcome = await createRule(
      db,
      { ...rule, name: `rule ${index}`, severity: 'INFO', cooldownSeconds: index % 2 === 0 ? 0 : 5, enabled: true },
      new Date(),
    );
    if (!outcome.ok) throw new Error(outcome.message);
  }
  await db.close();
}
