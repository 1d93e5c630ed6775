/**
 * What a plan allows: its rate, its month's credit, and how fast prices can then be polled.
 * Must stay true: in no minute does anybody send more than `callsPerMinute`; the stream never touches the batch's share of the month.
 */
import { DAY, SECOND } from '../../src/domain/time.js';

export interface CallPlan {
  /** At least 2. */
  callsPerMinute: number;
  /** Null: the plan has no monthly limit. */
  callsPerMonth: number | null;
}

/** The stream polls for ever; the batch has its few calls a day and must not find the month's credit spent. */
export type CallPurpose = 'stream' | 'batch';

const BATCH_SHARE_OF_MONTH = 0.1;
/** The history load wants all that it can get; the stream must leave it something of the rate. */
const STREAM_SHARE_OF_RATE = 0.6;

/** How many calls of the month this purpose may see used up. */
export function monthlyLimit(plan: CallPlan, purpose: CallPurpose): number | null {
  if (plan.callsPerMonth === null) return null;
  return purpose === 'batch' ? plan.callsPerMonth : Math.floor(plan.callsPerMonth * (1 - BATCH_SHARE_OF_MONTH));
}

/**
 * A full bucket and a minute's refill together are the minute's allowance: a bucket of the whole allowance would let twice as much
 * through in its first minute. A call of the batch leaves half a token, so that the stream never waits long behind it.
 */
export function bucketOf(plan: CallPlan): { capacity: number; tokensPerSecond: number } {
  const capacity = Math.max(1.5, plan.callsPerMinute / 10);
  return { capacity, tokensPerSecond: (plan.callsPerMinute - capacity) / 60 };
}

function nextMonthStart(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
}

/** No wait is longer, however long the credit asks for: plans change, and a timer holds 24 days at most. */
export const LONGEST_PAUSE_MS = DAY;

/** The longer of the wanted interval and what the rate and the month's remaining credit allow, in whole seconds. */
export function effectivePollSeconds(wanted: number, plan: CallPlan, callsThisMonth: number, callsPerPoll: number, now: Date): number {
  const byRate = (callsPerPoll * 60) / (plan.callsPerMinute * STREAM_SHARE_OF_RATE);
  const limit = monthlyLimit(plan, 'stream');
  if (limit === null) return Math.ceil(Math.max(wanted, byRate));
  const secondsLeft = (nextMonthStart(now).getTime() - now.getTime()) / SECOND;
  const pollsLeft = Math.floor((limit - callsThisMonth) / callsPerPoll);
  const byCredit = pollsLeft > 0 ? secondsLeft / pollsLeft : secondsLeft;
  return Math.ceil(Math.max(wanted, byRate, Math.min(byCredit, LONGEST_PAUSE_MS / SECOND)));
}
