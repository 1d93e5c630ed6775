/**
 * ops.api_budgets, ops.api_calls: one API key's token bucket and its month's calls, shared by every process.
 * Must stay true: a call is granted, paid and counted under the row's lock and by the database's clock, so no number of processes
 * with clocks of their own sends more than the bucket holds.
 */
import type { Database, Queryable } from '../platform/postgres/database.js';

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

interface Bucket {
  tokens: number;
  refilled_at: Date;
  blocked_until: Date | null;
}

interface Usage {
  now: Date;
  next_month: Date;
  calls: number;
}

/** Takes one call of the key's budget, or says how long to wait before asking again. */
export async function takeCall(database: Database, keyHash: string, endpoint: string, terms: CallTerms): Promise<CallGrant> {
  return database.transaction(async (tx) => {
    const bucket = await lockBucket(tx, keyHash, terms.capacity);
    const usage = await getUsage(tx, keyHash);
    const elapsedSeconds = Math.max(0, usage.now.getTime() - bucket.refilled_at.getTime()) / 1_000;
    const tokens = Math.min(terms.capacity, bucket.tokens + elapsedSeconds * terms.tokensPerSecond);
    const refusal = whyRefused(bucket, usage, tokens, terms);
    if (refusal !== null) return refusal;
    await tx.query(
      `WITH counted AS (
         INSERT INTO ops.api_calls AS c (key_hash, month, endpoint, calls)
         VALUES ($1, date_trunc('month', $3::timestamptz AT TIME ZONE 'UTC')::date, $4, 1)
         ON CONFLICT (key_hash, month, endpoint) DO UPDATE SET calls = c.calls + 1)
       UPDATE ops.api_budgets SET tokens = $2, refilled_at = greatest(refilled_at, $3) WHERE key_hash = $1`,
      [keyHash, tokens - 1, usage.now, endpoint],
    );
    return { granted: true };
  });
}

function whyRefused(bucket: Bucket, usage: Usage, tokens: number, terms: CallTerms): CallGrant | null {
  const now = usage.now.getTime();
  if (terms.monthlyLimit !== null && usage.calls >= terms.monthlyLimit) {
    return { granted: false, reason: 'credit', waitMs: usage.next_month.getTime() - now };
  }
  if (bucket.blocked_until !== null && bucket.blocked_until.getTime() > now) {
    return { granted: false, reason: 'blocked', waitMs: bucket.blocked_until.getTime() - now };
  }
  if (tokens >= terms.required) return null;
  return { granted: false, reason: 'pace', waitMs: Math.ceil(((terms.required - tokens) / terms.tokensPerSecond) * 1_000) };
}

async function lockBucket(tx: Queryable, keyHash: string, capacity: number): Promise<Bucket> {
  const lock = () =>
    tx.query<Bucket>('SELECT tokens, refilled_at, blocked_until FROM ops.api_budgets WHERE key_hash = $1 FOR UPDATE', [keyHash]);
  const found = (await lock()).rows[0];
  if (found !== undefined) return found;
  await tx.query('INSERT INTO ops.api_budgets (key_hash, tokens, refilled_at) VALUES ($1, $2, clock_timestamp()) ON CONFLICT DO NOTHING', [
    keyHash,
    capacity,
  ]);
  return (await lock()).rows[0] as Bucket;
}

/** Asks the clock after the lock is held: a statement's own start may lie before the last owner's grant. */
async function getUsage(db: Queryable, keyHash: string): Promise<Usage> {
  const { rows } = await db.query<Usage>(
    `WITH clock AS MATERIALIZED (SELECT date_trunc('milliseconds', clock_timestamp()) AS now),
          month AS (SELECT now, date_trunc('month', now AT TIME ZONE 'UTC') AS start FROM clock)
     SELECT m.now, (m.start + interval '1 month') AT TIME ZONE 'UTC' AS next_month,
            (SELECT coalesce(sum(c.calls), 0)::float8 FROM ops.api_calls c WHERE c.key_hash = $1 AND c.month = m.start::date) AS calls
       FROM month m`,
    [keyHash],
  );
  return rows[0] as Usage;
}

/** Calls of the key in the current month (UTC), all endpoints. */
export async function getCallsThisMonth(db: Queryable, keyHash: string): Promise<{ calls: number; now: Date }> {
  const { calls, now } = await getUsage(db, keyHash);
  return { calls, now };
}

/** Makes every process with this key wait; a longer wait that already stands is kept. */
export async function blockCalls(db: Queryable, keyHash: string, waitMs: number): Promise<void> {
  await db.query(
    `INSERT INTO ops.api_budgets AS b (key_hash, tokens, refilled_at, blocked_until)
     VALUES ($1, 0, clock_timestamp(), clock_timestamp() + make_interval(secs => $2))
     ON CONFLICT (key_hash) DO UPDATE SET blocked_until = greatest(b.blocked_until, excluded.blocked_until)`,
    [keyHash, waitMs / 1_000],
  );
}
