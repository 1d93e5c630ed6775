/**
 * One market twice: 404 days of 100 coins, whose last 104 days have a tick every 15 minutes in the one and every 90 seconds in the other:
 * 1 and 10 million raw rows with the same days, for showing what cost follows the days that change and what the history.
 */
import { spawnSync } from 'node:child_process';
import type { UtcDate } from '../../../src/domain/time.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import type { BenchContext } from '../benchmark.js';
import { type Cost, costOf, cpuSecondsOf, timed } from '../measure.js';
import { BULK_LOADING, openBenchDatabase, startBenchPostgres } from '../setting/postgres.js';
import { coinIds } from '../setting/ticks.js';
import { buildMarket } from './market.js';

export const COINS = coinIds(100);
export const PUBLISHED_THROUGH = '2026-03-09' as UtcDate;
export const DAYS_TO_COME = 8;

export interface Sized {
  /** Of one connection, so that its server process is known. */
  db: Database;
  rawRows: number;
  measure(work: () => Promise<void>): Promise<Cost>;
}

export interface TwoSizes {
  large: Sized;
  small: Sized;
  stop(): Promise<void>;
}

export async function openTwoSizes({ smoke, say }: Pick<BenchContext, 'smoke' | 'say'>): Promise<TwoSizes> {
  const server = await startBenchPostgres(BULK_LOADING);
  const opened: Database[] = [];
  const stop = async () => {
    for (const db of opened) await db.close();
    await server.stop();
  };
  try {
    const urls: string[] = [];
    for (const [name, ticksPerDay] of [['bench_large', smoke ? 24 : 960] as const, ['bench_small', smoke ? 12 : 96] as const]) {
      const url = await server.createDatabase(name);
      const db = openBenchDatabase(url);
      const plan = {
        coins: COINS,
        publishedThrough: PUBLISHED_THROUGH,
        daysToCome: DAYS_TO_COME,
        tickDays: 104,
        ticksPerDay,
        dailyPoints: 300,
      };
      const { seconds } = await timed(() => buildMarket(db, smoke ? { ...plan, coins: COINS.slice(0, 5) } : plan)).finally(() =>
        db.close(),
      );
      say(`${name}: built in ${seconds.toFixed(0)} s`);
      urls.push(url);
    }
    await server.restart({});
    spawnSync('sync'); // what was loaded is not written while we measure
    const [large, small] = await Promise.all(
      urls.map((url) => {
        const db = openBenchDatabase(url, 1);
        opened.push(db);
        return openSized(db);
      }),
    );
    return { large: large as Sized, small: small as Sized, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openSized(db: Database): Promise<Sized> {
  const { rows } = await db.pool.query<{ pid: number; rows: bigint }>(
    'SELECT pg_backend_pid() AS pid, count(*) AS rows FROM raw.raw_prices',
  );
  const { pid, rows: rawRows } = rows[0] as { pid: number; rows: bigint };
  return {
    db,
    rawRows: Number(rawRows),
    measure: (work) => costOf(() => cpuSecondsOf(pid), work),
  };
}
