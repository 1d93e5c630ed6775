/** Waits for a condition; the only kind of waiting that tests do. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until the answer is neither null, undefined nor false; an error counts as "not yet".
 * @throws after `withinMs`, with the words of the last error.
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  { withinMs, everyMs = 50 }: { withinMs: number; everyMs?: number },
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    let problem: unknown = null;
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) {
      const why = problem === null ? '' : `: ${problem instanceof Error ? problem.message : String(problem)}`;
      throw new Error(`not within ${(withinMs / 1000).toFixed(0)} s: ${what}${why}`, { cause: problem ?? undefined });
    }
    await sleep(everyMs);
  }
}
