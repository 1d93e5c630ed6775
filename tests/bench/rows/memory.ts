/** Memory of the one process over an hour of ticks, run faster than real time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { clusterAt } from '../../../src/platform/postgres/embedded/cluster.js';
import { findServer } from '../../../src/platform/postgres/embedded/server.js';
import { getNewestObservations } from '../../../src/store/mart/latest-prices.js';
import type { Benchmark, Figure } from '../benchmark.js';
import { spreadOf } from '../measure.js';
import type { Target } from '../programs/subscribers.js';
import { silent } from '../setting/logger.js';
import { openBenchDatabase } from '../setting/postgres.js';
import { postgresMegabytes, residentMegabytes } from '../setting/proc.js';
import { Parts, startProgram } from '../setting/processes.js';
import { toRecord, Walk } from '../setting/ticks.js';
import { DataDir, startUp, untilSettled, type WholePlatform } from '../setting/whole-platform.js';

const TICKS = 360_000;
const BATCH = 500;
/** More than this never waits in the log: the platform sets the pace. */
const MOST_WAITING = 3_000n;
const ASK_EVERY_MS = 500;
const SUBSCRIPTION = 'subscription { priceUpdated { cursor coinId usd observedAt } }';
const QUERY = '{ coins(first: 100) { nodes { id name price { usd change24hPct } performance { return7dPct } } } }';

export const memory: Benchmark = {
  name: 'memory',
  about:
    'The process of `cdp up` with its 100 coins: resident memory of Node, sampled while it takes the 360,000 ticks of an hour at 100 a second as ' +
    'fast as it can, with 20 subscribers that get each of them and a list of 100 coins asked for twice a second. The ticks bear the time at which ' +
    'they are sent, so the hour is told in minutes. Flat: the median of the last quarter against that of the second. Linux only.',
  async run({ smoke, say }) {
    await using dataDir = new DataDir();
    await using parts = new Parts();
    const platform = parts.add(await startUp(dataDir.path, smoke ? { COINS: '10' } : {}));
    if (!smoke) await untilSettled(platform);
    const { pid } = platform;
    const target: Target = {
      url: `${platform.url.replace('http', 'ws')}/graphql`,
      sockets: 20,
      gateway: { query: SUBSCRIPTION, databaseUrl: null },
    };
    parts.add(await startProgram('subscribers', JSON.stringify(target)));
    const before = residentMegabytes(pid).now;
    const samples = await takeAnHour(platform, smoke ? 5_000 : TICKS);
    const { most } = residentMegabytes(pid);
    const postgres = postgresMegabytes(findServer(clusterAt(dataDir.path))?.pid as number);
    say(`memory: ${before.toFixed(0)} MB before, ${samples.map((sample) => sample.toFixed(0)).join(' ')}`);
    return describe(
      samples,
      `${before.toFixed(0)} MB before; most ever, first history load included, ${most.toFixed(0)} MB; Postgres beside it ${postgres.toFixed(0)} MB`,
    );
  },
};

function describe(samples: readonly number[], from: string): Figure[] {
  const quarter = (number: number) =>
    spreadOf(samples.slice(Math.floor(((number - 1) * samples.length) / 4), Math.ceil((number * samples.length) / 4)));
  const [second, last] = [quarter(2), quarter(4)];
  const { max, min } = spreadOf(samples);
  return [
    {
      what: 'memory of the one process over an hour of ticks at 100/s, the most',
      value: { median: max, min, max },
      unit: 'MB',
      limit: { atMost: 350 },
      from,
    },
    {
      what: 'the same, last quarter of the second quarter',
      value: { median: last.median / second.median, min: last.min / second.max, max: last.max / second.min },
      unit: 'x',
      limit: { atMost: 1.1 },
      from: `${last.median.toFixed(0)} of ${second.median.toFixed(0)} MB`,
    },
  ];
}

/** Megabytes, a sample for each hundredth of the ticks. */
async function takeAnHour(platform: WholePlatform, ticks: number): Promise<number[]> {
  const db = openBenchDatabase(platform.databaseUrl, 4);
  const log = createPostgresEventLog(db, silent);
  const latest = [...(await getNewestObservations(db.pool))];
  const prices = latest.map(([, { priceUsd }]) => Number(priceUsd));
  const walk = new Walk(
    latest.map(([coinId]) => coinId),
    { prices, everyMs: latest.length * 10 },
  );
  const samples: number[] = [];
  const stopAsking = askAgainAndAgain(platform);
  for (let sent = 0; sent < ticks; sent += BATCH) {
    const now = Date.now();
    const ticksOfBatch = Array.from({ length: BATCH }, (_, index) =>
      walk.next((sent + index) % walk.coins.length, new Date(now + Math.floor(index / walk.coins.length))),
    );
    await log.append(PRICES_TOPIC, ticksOfBatch.map(toRecord));
    while ((await countWaiting(db, log)) > MOST_WAITING) await sleep(20);
    if (Math.floor((sent + BATCH) / (ticks / 100)) > Math.floor(sent / (ticks / 100))) samples.push(residentMegabytes(platform.pid).now);
  }
  await stopAsking();
  await log.close();
  await db.close();
  return samples;
}

function askAgainAndAgain({ url }: WholePlatform): () => Promise<void> {
  const stopping = new AbortController();
  const asking = (async () => {
    while (!stopping.signal.aborted) {
      const body = JSON.stringify({ query: QUERY });
      await (await fetch(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).arrayBuffer();
      await sleep(ASK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();
  asking.catch(() => {}); // whoever stops it sees why it failed
  return () => {
    stopping.abort();
    return asking;
  };
}

async function countWaiting(db: Database, log: EventLog): Promise<bigint> {
  const { rows } = await db.pool.query<{ partition: number; next: bigint }>(
    'SELECT partition, next_offset AS next FROM ops.stream_offsets WHERE topic = $1',
    [PRICES_TOPIC],
  );
  const committed = new Map(rows.map((row) => [row.partition, row.next]));
  return (await log.bounds(PRICES_TOPIC)).reduce((sum, { partition, start, end }) => sum + end - (committed.get(partition) ?? start), 0n);
}
