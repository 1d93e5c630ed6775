/** How the batch side waits for the stream: a day, or a hole, is judged by what is stored, not by what still lies in the log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import type { Clock } from '../../src/domain/time.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { findOffset } from '../../src/store/stream/stream-offsets.js';

const POLL_MS = 500;

/** Resolves when every partition has committed what was in the log at `until`, or at the deadline: false then. */
export async function waitForStream(
  { db, log, clock }: { db: Database; log: EventLog; clock: Clock },
  { until, deadline }: { until: Date; deadline: Date },
  signal: AbortSignal,
): Promise<boolean> {
  let goals: (readonly [partition: number, offset: bigint])[] | null = null;
  while (clock.now() < deadline) {
    if (goals === null && clock.now() >= until) {
      const partitions = await log.bounds(PRICES_TOPIC);
      goals = await Promise.all(
        partitions.map(async ({ partition }) => [partition, await log.offsetAt(PRICES_TOPIC, partition, until)] as const),
      );
    }
    if (goals !== null) {
      const behind = await Promise.all(
        goals.map(async ([partition, goal]) => ((await findOffset(db.pool, PRICES_TOPIC, partition)) ?? 0n) < goal),
      );
      if (!behind.includes(true)) return true;
    }
    await sleep(POLL_MS, undefined, { signal });
  }
  return false;
}
