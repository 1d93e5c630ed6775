/** How the batch side waits for the stream: a day, or a hole, is judged by what is stored, not by what still lies in the log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import type { Clock } from '../../src/domain/time.js';
import { Complaint } from '../../src/platform/complaint.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Logger } from '../../src/platform/logger.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { findOffset } from '../../src/store/stream/stream-offsets.js';

const POLL_MS = 500;

/** (partition, offset): where it has committed what was in the log at the instant. */
type Goal = readonly [partition: number, offset: bigint];

/**
 * Resolves when every partition has committed what was in the log at `until`, or at the deadline: false then. A log that cannot be asked
 * costs no more than a stream that is behind: it is asked again until the deadline.
 */
export async function waitForStream(
  { db, log, clock, logger }: { db: Database; log: EventLog; clock: Clock; logger: Logger },
  { until, deadline }: { until: Date; deadline: Date },
  signal: AbortSignal,
): Promise<boolean> {
  const complaint = new Complaint(logger, 'warn');
  let goals: Goal[] | null = null;
  while (clock.now() < deadline) {
    try {
      if (goals === null && clock.now() >= until) goals = await getGoals(log, until);
      if (goals !== null && (await isCommitted(db, goals))) return true;
    } catch (error) {
      complaint.say(error, `how far the stream has come is not known; asking again: ${(error as Error).message}`);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
  return false;
}

async function getGoals(log: EventLog, until: Date): Promise<Goal[]> {
  const partitions = await log.bounds(PRICES_TOPIC);
  return Promise.all(partitions.map(async ({ partition }) => [partition, await log.offsetAt(PRICES_TOPIC, partition, until)] as const));
}

async function isCommitted(db: Database, goals: Goal[]): Promise<boolean> {
  const behind = await Promise.all(
    goals.map(async ([partition, goal]) => ((await findOffset(db.pool, PRICES_TOPIC, partition)) ?? 0n) < goal),
  );
  return !behind.includes(true);
}
