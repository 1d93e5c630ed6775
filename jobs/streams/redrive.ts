/**
 * Gives dead letters another chance: each is appended to its topic anew, as it was, so its old received_at stands; the old position
 * stays a dead letter. A crash between the append and the mark repeats the append, which the stream takes as a duplicate.
 */
import type { Clock } from '../../src/domain/time.js';
import type { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Database } from '../../src/platform/postgres/database.js';
import { lockPendingDeadLetters, markRedriven } from '../../src/store/stream/dead-letters.js';

/** Returns how many were redriven: those that nobody has redriven or discarded before. */
export async function redriveDeadLetters(db: Database, log: EventLog, clock: Clock, ids: readonly bigint[]): Promise<number> {
  return db.transaction(async (tx) => {
    const letters = await lockPendingDeadLetters(tx, ids);
    for (const letter of letters) {
      await log.append(letter.topic, [{ key: letter.key ?? '', value: letter.payload, headers: letter.headers }]);
    }
    await markRedriven(
      tx,
      letters.map((letter) => letter.id),
      clock.now(),
    );
    return letters.length;
  });
}
