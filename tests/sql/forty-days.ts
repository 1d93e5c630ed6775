/** What tests of the publish share: two coins with forty days of closes, marked and not published yet. */
import { afterEach, beforeEach } from '@jest/globals';
import { type PublishOptions, type PublishResult, publish } from '../../jobs/runtime/publish.js';
import { addDays, endOfDay, HOUR, MINUTE, type UtcDate } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { fixedClock } from '../kit/clock.js';
import { dailyPoints, date, type GivenPrice, givePrices, openMartDatabase } from './mart-database.js';
import { walk } from './series.js';

const FROM = date('2026-01-01');
/** The last day with closes. */
export const DAY = date('2026-02-09');
const COINS = ['bitcoin', 'ethereum'];

export interface Forty {
  readonly db: Database;
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Some minutes after the day's end; null: restate, weeks later. */
  publishDay(day: UtcDate | null, more?: Partial<PublishOptions>): Promise<PublishResult>;
  countMarks(): Promise<number>;
  /** Of the performance mart. */
  published(): Promise<{ newest: UtcDate | null; rows: number }>;
  /** A run that holds its fence. */
  startRun(): Promise<{ runId: bigint; attempt: number }>;
}

export function useFortyDays(): Forty {
  let db: Database;
  beforeEach(async () => {
    db = await openMartDatabase(FROM, addDays(DAY, 20), COINS);
    const series = COINS.map((coinId, seed) => dailyPoints(coinId, walk({ from: FROM, days: 40, seed, start: '100', move: 0.05 })));
    await givePrices(db, series.flat());
  });
  afterEach(() => db.close());
  const query = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows;
  return {
    get db() {
      return db;
    },
    query,
    publishDay: (day, more = {}) => {
      const clock = fixedClock(new Date(endOfDay(day ?? addDays(DAY, 20)).getTime() + 5 * MINUTE));
      return publish(db, { through: day, fence: null, clock, ...more });
    },
    countMarks: async () => (await query('SELECT count(*)::integer AS n FROM ops.changed_days'))[0].n,
    published: async () => (await query('SELECT max(day) AS newest, count(*)::integer AS rows FROM mart.mart_crypto_performance'))[0],
    async startRun() {
      const [run] = await query(
        `INSERT INTO ops.pipeline_runs (pipeline, slot, status, requested_at) VALUES ('daily', 'x', 'RUNNING', now()) RETURNING id`,
      );
      await query('INSERT INTO ops.run_fences (run_id, attempt) VALUES ($1, 1)', [run.id]);
      return { runId: run.id, attempt: 1 };
    },
  };
}

/** A minute before the day's end: the daily point still closes the day. */
export const late = (day: UtcDate, price: string): GivenPrice => ({
  coinId: 'ethereum',
  observedAt: new Date(endOfDay(day).getTime() - MINUTE),
  price,
  grain: 'tick',
});

/** Another close of the day, received later. */
export const correct = (day: UtcDate, price: string): GivenPrice => ({
  coinId: 'ethereum',
  observedAt: endOfDay(day),
  price,
  receivedAt: new Date(endOfDay(day).getTime() + 5 * HOUR),
});
