/**
 * Gives dead letters another chance: each is appended to its topic anew, as it was, so its old received_at stands; the old position
 * stays a dead letter. A crash between the append and the mark repeats the append, which the stream takes as a duplicate.
 */
import type { Clock } from '../../src/domain/time.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { getPendingDeadLetters, markRedriven } from '../../src/store/stream/dead-letters.js';

/** Returns how many were redriven: those that nobody has redriven or discarded before. */
export async function redriveDeadLetters(db: Database, log: EventLog, clock: Clock, ids: readonly bigint[]): Promise<number> {
  const letters = await getPendingDeadLetters(db.pool, ids);
  // No connection is held while the log takes another one: redrives side by side would wait for each other.
  for (const { topic, partition, key, headers, payload } of letters) {
    await log.append(topic, [{ key: key ?? '', value: payload, headers, partition }]);
  }
  const appended = letters.map((letter) => letter.id);
  return markRedriven(db.pool, appended, clock.now());
}
