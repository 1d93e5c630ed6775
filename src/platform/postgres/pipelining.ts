/**
 * Statements in a row without waiting for each answer, where the connection is a pipelined one (Database.pipelined): Postgres executes
 * them in the order in which they were sent, and the round trips between them are saved.
 */
import type { Writable } from 'node:stream';
import type { Queryable } from './queryable.js';

type Results<Steps extends readonly (() => Promise<unknown>)[]> = { -readonly [K in keyof Steps]: Awaited<ReturnType<Steps[K]>> };

/**
 * Takes the steps at once on a pipelined connection, else one after another. What each sends before it first waits reaches Postgres in
 * the order of the steps; no step may need another one's answer.
 */
export async function atOnce<const Steps extends readonly (() => Promise<unknown>)[]>(
  tx: Queryable,
  steps: Steps,
): Promise<Results<Steps>> {
  if (tx.pipeline === true) {
    writeTogether(tx);
    return settle(await Promise.allSettled(steps.map(async (step) => step()))) as Results<Steps>;
  }
  const results: unknown[] = [];
  for (const step of steps) results.push(await step());
  return results as Results<Steps>;
}

/** What is sent from now on until this turn ends leaves in one write: one for each statement is a system call each, and wakes Postgres as often. */
function writeTogether(tx: Queryable): void {
  const { stream } = (tx as unknown as { connection: { stream: Writable } }).connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

const IN_FAILED_TRANSACTION = '25P02';

/**
 * All results, or what failed first. Must stay true: no step goes on any more when it is thrown, for what it sent then would come after
 * the ROLLBACK and stand.
 */
function settle(ends: PromiseSettledResult<unknown>[]): unknown[] {
  const reasons = ends.filter((end) => end.status === 'rejected').map((end) => end.reason as { code?: string });
  if (reasons.length === 0) return ends.map((end) => (end as PromiseFulfilledResult<unknown>).value);
  throw reasons.find(({ code }) => code !== IN_FAILED_TRANSACTION) ?? reasons[0];
}
