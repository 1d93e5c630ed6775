/**
 * A call's turn: one bucket per API key in Postgres, shared by all processes.
 * Must stay true: nothing is sent before its turn was granted and counted; every wait can be aborted.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SECOND } from '../../src/domain/time.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { blockCalls, getCallsThisMonth, takeCall } from '../../src/store/api-budgets.js';
import { bucketOf, type CallPlan, type CallPurpose, effectivePollSeconds, LONGEST_PAUSE_MS, monthlyLimit } from './plan.js';
import { SourceError } from './source.js';

/** Longer waits than this become a value for the caller. */
export const LONGEST_WAIT_MS = 120 * SECOND;
/** What the stream finds left of the bucket however greedy the batch is. */
const BATCH_LEAVES = 0.5;

export interface CallLimiter {
  /** Resolves when the call may be sent, and counts it. A SourceError 'rate_limited' if that is over two minutes away. */
  takeTurn(endpoint: string, purpose: CallPurpose, signal?: AbortSignal): Promise<void>;
  /** The source asked to wait: all processes do, an hour at most. */
  block(waitMs: number): Promise<void>;
  pollSeconds(wanted: number, callsPerPoll: number): Promise<number>;
}

/** `account` is what the source counts by: its name and the key. Only a hash of it is kept. */
export function createCallLimiter(database: Database, account: { source: string; apiKey: string | null }, plan: CallPlan): CallLimiter {
  const keyHash = createHash('sha256')
    .update(`${account.source}\n${account.apiKey ?? ''}`)
    .digest('hex')
    .slice(0, 32);
  const bucket = bucketOf(plan);
  return {
    async takeTurn(endpoint, purpose, signal) {
      const terms = { ...bucket, required: purpose === 'batch' ? 1 + BATCH_LEAVES : 1, monthlyLimit: monthlyLimit(plan, purpose) };
      for (;;) {
        signal?.throwIfAborted();
        const grant = await takeCall(database.pool, keyHash, endpoint, terms);
        if (grant.granted) return;
        if (grant.reason === 'credit') throw creditSpent(account.source, endpoint, purpose, plan, grant.waitMs);
        if (grant.waitMs > LONGEST_WAIT_MS) throw blockedTooLong(account.source, endpoint, grant.waitMs);
        await sleep(grant.waitMs, undefined, { signal });
      }
    },
    block: (waitMs) => blockCalls(database.pool, keyHash, waitMs),
    async pollSeconds(wanted, callsPerPoll) {
      const { calls, now } = await getCallsThisMonth(database.pool, keyHash);
      return effectivePollSeconds(wanted, plan, calls, callsPerPoll, now);
    },
  };
}

function creditSpent(source: string, endpoint: string, purpose: CallPurpose, plan: CallPlan, waitMs: number): SourceError {
  const spent = purpose === 'batch' ? 'are spent' : 'are spent but for the share that the daily batch keeps';
  return new SourceError(
    `${source} ${endpoint}: the ${plan.callsPerMonth} calls that the plan gives a month ${spent}; new ones come with the next month (UTC). ` +
      'A longer poll interval (PRICE_POLL_SECONDS) or a bigger plan make them last.',
    { kind: 'rate_limited', endpoint, retryAfterMs: Math.min(waitMs, LONGEST_PAUSE_MS) },
  );
}

function blockedTooLong(source: string, endpoint: string, waitMs: number): SourceError {
  return new SourceError(
    `${source} ${endpoint}: it asked to be left alone for another ${Math.ceil(waitMs / SECOND)} s; no call was sent. Try again then.`,
    { kind: 'rate_limited', endpoint, retryAfterMs: waitMs },
  );
}
