/**
 * Gives what was put aside another chance: each dead letter, and each rejected row of the log, is appended anew as it was received, so its
 * old received_at stands; the old position stays what it is.
 * Must stay true: marked only after the log has acknowledged. A crash in between repeats the append, which the stream takes as a duplicate.
 */
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import type { Clock } from '../../src/domain/time.js';
import type { EventLog, NewRecord } from '../../src/platform/event-log/event-log.js';
import type { Database, Queryable } from '../../src/platform/postgres/database.js';
import { getPendingDeadLetters, markDeadLetters } from '../../src/store/stream/dead-letters.js';
import { getPendingRejectedRows, markRejectedRows } from '../../src/store/stream/rejected-rows.js';

/** So many are read, appended and marked in one go. */
const PAGE = 500;

interface Pending {
  id: bigint;
  topic: string;
  record: NewRecord;
}

/** Returns how many were redriven: those that nobody has redriven or discarded before. */
export function redriveDeadLetters(db: Database, log: EventLog, clock: Clock, ids: readonly bigint[]): Promise<number> {
  const read = async (page: readonly bigint[]) => (await getPendingDeadLetters(db.pool, page)).map(toPending);
  return redrive({ db, log, clock }, ids, read, markDeadLetters);
}

/** Likewise. A row that did not come through the log cannot be appended to it: it does not count. */
export function redriveRejectedRows(db: Database, log: EventLog, clock: Clock, ids: readonly bigint[]): Promise<number> {
  const read = async (page: readonly bigint[]) =>
    (await getPendingRejectedRows(db.pool, PRICES_TOPIC, page)).map(({ id, partition, coinId, payload }) =>
      toPending({ id, topic: PRICES_TOPIC, partition, key: coinId, headers: {}, payload: Buffer.from(payload) }),
    );
  return redrive({ db, log, clock }, ids, read, markRejectedRows);
}

async function redrive(
  { db, log, clock }: { db: Database; log: EventLog; clock: Clock },
  ids: readonly bigint[],
  read: (ids: readonly bigint[]) => Promise<Pending[]>,
  mark: (db: Queryable, ids: readonly bigint[], as: 'redriven', now: Date) => Promise<number>,
): Promise<number> {
  let redriven = 0;
  for (let at = 0; at < ids.length; at += PAGE) {
    const page = await read(ids.slice(at, at + PAGE));
    // No connection is held while the log takes another one: redrives side by side would wait for each other.
    for (const [topic, some] of Map.groupBy(page, (each) => each.topic)) {
      await log.append(
        topic,
        some.map(({ record }) => record),
      );
      const appended = some.map(({ id }) => id);
      redriven += await mark(db.pool, appended, 'redriven', clock.now());
    }
  }
  return redriven;
}

/** The key decides the partition, as it does for a producer: there may be more of them by now. */
function toPending(letter: {
  id: bigint;
  topic: string;
  partition: number;
  key: string | null;
  headers: Record<string, string>;
  payload: Buffer;
}): Pending {
  const { id, topic, partition, key, headers, payload } = letter;
  const place = key === null ? { key: '', partition } : { key };
  return { id, topic, record: { ...place, value: payload, headers } };
}
