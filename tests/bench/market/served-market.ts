/** A market of 120 coins served by the real gateway and by the server that was written by hand, while ticks arrive. */
import assert from 'node:assert/strict';
import { addDays, toUtcDate } from '../../../src/domain/time.js';
import type { BenchContext, Figure } from '../benchmark.js';
import { compare, ofLimit } from '../measure.js';
import type { Load, LoadResult } from '../programs/load-generator.js';
import { openBenchDatabase } from '../setting/postgres.js';
import { Parts, type Program, startProgram, startRole, startTicks } from '../setting/processes.js';
import { coinIds } from '../setting/ticks.js';
import { buildMarket } from './market.js';

const COINS = coinIds(120);
const CONNECTIONS = 32;
const TICKS_A_SECOND = 100;

export interface Question {
  /** Of the database and in what is said. */
  name: string;
  what: string;
  query: string;
  first: number;
  /** Of the server that was written by hand. */
  path: string;
}

/** Equal questions, which decide, and questions that are all different, beside them. */
export async function compareServers(context: BenchContext, question: Question): Promise<Figure[]> {
  const url = await openMarket(context, question.name);
  await using parts = new Parts();
  const gateway = parts.add(await startRole('gateway', { DATABASE_URL: url }));
  const byHand = parts.add(await startProgram('hand-written-server', url));
  await haveTheSameAnswer(question, gateway.url, byHand.ready);
  const generator = parts.add(await startProgram('load-generator'));
  const ticks = parts.add(await startTicks({ url, rate: TICKS_A_SECOND, everyMs: 100, consumes: true }));
  const started = performance.now();
  const servers = { gateway: { url: gateway.url, path: '/graphql' }, byHand: { url: byHand.ready, path: question.path } };
  const measure = (pool?: string[]) => compareOn(context, question, { generator, servers, pool });
  const equal = await measure();
  const different = await measure(COINS);
  const arrived = (await ticks.ask<number>({})) / ((performance.now() - started) / 1_000);
  if (arrived < TICKS_A_SECOND / 2) throw new Error(`only ${arrived.toFixed(0)} ticks/s arrived`);
  return [
    {
      what: `${question.what}, every request equal`,
      value: equal.ratio,
      unit: 'x',
      limit: { atLeast: 0.5 },
      from: ofLimit(equal, `requests/s, ${arrived.toFixed(0)} ticks/s arriving`),
    },
    { what: 'the same, every request different', value: different.ratio, unit: 'x', from: ofLimit(different, 'requests/s') },
  ];
}

async function openMarket({ postgres }: BenchContext, name: string): Promise<string> {
  const url = await (await postgres()).createDatabase(name);
  const db = openBenchDatabase(url);
  const publishedThrough = addDays(toUtcDate(new Date()), -1);
  await buildMarket(db, { coins: COINS, publishedThrough, daysToCome: 0, tickDays: 3, ticksPerDay: 288, dailyPoints: 120 });
  await db.close();
  return url;
}

interface Servers {
  gateway: { url: string; path: string };
  byHand: { url: string; path: string };
}

function compareOn(
  { smoke, say }: BenchContext,
  { name, query, first }: Question,
  { generator, servers, pool }: { generator: Program; servers: Servers; pool: string[] | undefined },
) {
  const measure = async (server: keyof Servers, round: number) => {
    const seed = 1 + round * 2 + (server === 'gateway' ? 0 : 1);
    const load: Load = { ...servers[server], query, first, pool, seed, connections: CONNECTIONS, seconds: smoke ? 0.3 : 3 };
    const { requestsPerSecond, bytes } = await generator.ask<LoadResult>(load);
    say(
      `${name}: ${server} ${requestsPerSecond.toFixed(0)} requests/s of ${(bytes / 1_000).toFixed(1)} kB, ${pool ? 'different' : 'equal'}`,
    );
    return requestsPerSecond;
  };
  return compare(
    smoke ? 1 : 5,
    (round) => measure('gateway', round),
    (round) => measure('byHand', round),
  );
}

/** Before any tick arrives. */
async function haveTheSameAnswer({ query, first, path }: Question, gateway: string, byHand: string): Promise<void> {
  for (const ids of [undefined, COINS.slice(7, 7 + first)]) {
    const [served, expected] = await Promise.all(
      [`${gateway}/graphql`, byHand + path].map(async (url) => {
        const body = JSON.stringify({ query, variables: { first, ids } });
        const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        return response.json();
      }),
    );
    assert.deepEqual(served, expected);
    assert.equal((served as { data: { coins: { nodes: unknown[] } } }).data.coins.nodes.length, first);
  }
}
