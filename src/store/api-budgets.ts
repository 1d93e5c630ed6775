/**
 * ops.api_budgets, ops.api_calls: one API key's token bucket and its month's calls, shared by every process.
 * Must stay true: a call is granted, paid and counted in one statement, under the bucket's row lock and by the database's clock:
 * no number of processes sends more than the bucket holds, and none that freezes keeps the others waiting. An instant further ahead than
 * it can be was written before that clock was set back, and counts for nothing: else the key would be silent until then.
 * (The month's limit can be passed by the calls that are in flight at that moment.)
 */
import { HOUR, MINUTE } from '../domain/time.js';
import type { Queryable } from '../platform/postgres/database.js';

export interface CallTerms {
  /** Most tokens that an idle bucket gathers. */
  capacity: number;
  tokensPerSecond: number;
  /** Tokens that must be there for this call, which takes one. */
  required: number;
  /** Calls of the month (UTC) after which this call is refused; null: no limit. */
  monthlyLimit: number | null;
}

/** 'pace': too soon; 'blocked': the source asked everybody to wait; 'credit': the month's calls are spent. */
export type CallGrant = { granted: true } | { granted: false; reason: 'pace' | 'blocked' | 'credit'; waitMs: number };

/** A nonsensical Retry-After must not silence a key for years: after an hour one call finds out. */
export const LONGEST_BLOCK_MS = HOUR;
/** So little a clock moves by itself. */
const DRIFT_MS = MINUTE;

const MONTH = `date_trunc('month', clock.now AT TIME ZONE 'UTC')`;
const CLOCK_AND_USAGE = `
  clock AS MATERIALIZED (SELECT date_trunc('milliseconds', clock_timestamp()) AS now),
  usage AS (SELECT coalesce(sum(c.calls), 0)::float8 AS calls FROM clock JOIN ops.api_calls c ON c.key_hash = $1 AND c.month = ${MONTH}::date)`;

// The clock is read before the lock is waited for: a grant in between may carry a later instant, and then nothing is refilled.
const isStale = (now: string) => `b.refilled_at > ${now} + interval '${DRIFT_MS} milliseconds'`;
const refilled = (now: string) =>
  `CASE WHEN ${isStale(now)} THEN $2 ELSE least($2, b.tokens + $3 * greatest(0, extract(epoch FROM ${now} - b.refilled_at))) END`;
/** Null where no block stands. */
const block = (now: string) =>
  `CASE WHEN b.blocked_until BETWEEN ${now} AND ${now} + interval '${LONGEST_BLOCK_MS + DRIFT_MS} milliseconds' THEN b.blocked_until END`;

const TAKE = `
  WITH ${CLOCK_AND_USAGE},
  taken AS (
    INSERT INTO ops.api_budgets AS b (key_hash, tokens, refilled_at)
    SELECT $1, $2::float8 - 1, clock.now FROM clock, usage WHERE $5::float8 IS NULL OR usage.calls < $5
    ON CONFLICT (key_hash) DO UPDATE
    SET tokens = ${refilled('excluded.refilled_at')} - 1,
        refilled_at = CASE WHEN ${isStale('excluded.refilled_at')} THEN excluded.refilled_at ELSE greatest(b.refilled_at, excluded.refilled_at) END
    WHERE ${refilled('excluded.refilled_at')} >= $4 AND ${block('excluded.refilled_at')} IS NULL
    RETURNING b.key_hash)
  INSERT INTO ops.api_calls AS c (key_hash, month, endpoint, calls)
  SELECT taken.key_hash, ${MONTH}::date, $6, 1 FROM taken, clock
  ON CONFLICT (key_hash, month, endpoint) DO UPDATE SET calls = c.calls + 1`;

/** Takes one call of the key's budget, or says how long to wait before asking again. */
export async function takeCall(db: Queryable, keyHash: string, endpoint: string, terms: CallTerms): Promise<CallGrant> {
  const { capacity, tokensPerSecond, required, monthlyLimit } = terms;
  const taken = await db.query(TAKE, [keyHash, capacity, tokensPerSecond, required, monthlyLimit, endpoint]);
  return taken.rowCount === 1 ? { granted: true } : findRefusal(db, keyHash, terms);
}

interface Balance {
  tokens: number;
  calls: number;
  blocked_ms: number | null;
  month_ms: number;
}

const BALANCE = `
  WITH ${CLOCK_AND_USAGE}
  SELECT ${refilled('clock.now')} AS tokens, usage.calls,
         (extract(epoch FROM ${block('clock.now')} - clock.now) * 1000)::float8 AS blocked_ms,
         (extract(epoch FROM (${MONTH} + interval '1 month') AT TIME ZONE 'UTC' - clock.now) * 1000)::float8 AS month_ms
    FROM clock, usage, (SELECT 1) always LEFT JOIN ops.api_budgets b ON b.key_hash = $1`;

async function findRefusal(db: Queryable, keyHash: string, terms: CallTerms): Promise<CallGrant> {
  const { rows } = await db.query<Balance>(BALANCE, [keyHash, terms.capacity, terms.tokensPerSecond]);
  const { tokens, calls, blocked_ms, month_ms } = rows[0] as Balance;
  if (terms.monthlyLimit !== null && calls >= terms.monthlyLimit) return { granted: false, reason: 'credit', waitMs: month_ms };
  if (blocked_ms !== null && blocked_ms > 0) return { granted: false, reason: 'blocked', waitMs: blocked_ms };
  // Somebody may have left, or the clock gone on, since the refusal: then the next try comes at once.
  const waitMs = Math.max(0, Math.ceil(((terms.required - tokens) / terms.tokensPerSecond) * 1_000));
  return { granted: false, reason: 'pace', waitMs };
}

/** Calls of the key in the current month (UTC), all endpoints. */
export async function getCallsThisMonth(db: Queryable, keyHash: string): Promise<{ calls: number; now: Date }> {
  const { rows } = await db.query<{ calls: number; now: Date }>(`WITH ${CLOCK_AND_USAGE} SELECT usage.calls, clock.now FROM clock, usage`, [
    keyHash,
  ]);
  return rows[0] as { calls: number; now: Date };
}

/** Makes every process with this key wait, an hour at most; a longer wait that already stands is kept. */
export async function blockCalls(db: Queryable, keyHash: string, waitMs: number): Promise<void> {
  await db.query(
    `INSERT INTO ops.api_budgets AS b (key_hash, tokens, refilled_at, blocked_until)
     SELECT $1, 0, now, now + make_interval(secs => $2) FROM (SELECT clock_timestamp() AS now) AS clock
     ON CONFLICT (key_hash) DO UPDATE SET blocked_until = greatest(${block('excluded.refilled_at')}, excluded.blocked_until)`,
    [keyHash, Math.min(waitMs, LONGEST_BLOCK_MS) / 1_000],
  );
}
