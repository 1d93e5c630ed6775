/**
 * Whether the log still is the one that was read: offsets mean something only in the log that they come from. Kept beside each offset:
 * the topic's partition count, and position and fingerprint of the last record, which is read back before reading goes on.
 * Must stay true: a partition that cannot be vouched for is not read; what retention took before it was read is noted, never passed over.
 */
import { createHash } from 'node:crypto';
import { type EventLog, type LogRecord, OffsetOutOfRange } from '../../../src/platform/event-log/event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { insertGap } from '../../../src/store/pipelines/gaps.js';
import { compareAndSetOffsets, type StreamPlace } from '../../../src/store/stream/stream-offsets.js';

export type Verdict =
  | { kind: 'same' }
  /** Retention has removed records that were never read; reading can go on at the log's start. */
  | { kind: 'overtaken'; start: bigint }
  /** Not to be read: why, and what to do. The topic is another one, or has another number of partitions than is recorded. */
  | { kind: 'refused'; cause: 'replaced' | 'partitions'; reason: string };

export function fingerprintOf(record: Pick<LogRecord, 'value'>): string {
  return createHash('sha256').update(record.value).digest('hex').slice(0, 16);
}

/** The bounds are asked after the place was: whoever reads the partition meanwhile goes beyond older ones. */
export async function identify(log: EventLog, topic: string, place: StreamPlace): Promise<Verdict> {
  const { partition, nextOffset, partitionCount, lastFingerprint } = place;
  const { bounds, partitions } = await log.boundsOf(topic, partition);
  if (bounds === null) return replaced(`${topic} has no partition ${partition} any more`);
  const { start, end } = bounds;
  if (nextOffset > end) return replaced(`${topic}/${partition} ends at ${end}, and ${nextOffset} is next to be read`);
  if (nextOffset > start && lastFingerprint !== null) {
    const last = await readRecord(log, topic, partition, nextOffset - 1n);
    if (last !== null && fingerprintOf(last) !== lastFingerprint)
      return replaced(`${topic}/${partition} holds another record at ${nextOffset - 1n} than the one that was read there`);
  }
  if (partitions !== partitionCount) return otherCount(topic, partitions, partitionCount);
  return nextOffset < start ? { kind: 'overtaken', start } : { kind: 'same' };
}

/** Notes what is lost and moves the offset to the log's start; false: another consumer was faster. */
export async function passOverLost(db: Database, log: EventLog, topic: string, place: StreamPlace, start: bigint): Promise<boolean> {
  const { partition, nextOffset, positionBase } = place;
  const oldest = await readRecord(log, topic, partition, start);
  const now = new Date();
  const gap = {
    source: `${topic}/${partition}`,
    coinId: null,
    from: place.lastAppendedAt ?? new Date(0),
    to: oldest?.appendedAt ?? now,
    reason: `retention removed the offsets from ${nextOffset} to ${start - 1n} before they were read`,
  };
  return db.transaction(async (tx) => {
    const move = { partition, from: nextOffset, to: start, positionBase, fingerprint: null, appendedAt: place.lastAppendedAt };
    if ((await compareAndSetOffsets(tx, topic, [move])) === 0) return false;
    await insertGap(tx, gap, now);
    return true;
  });
}

function replaced(how: string): Verdict {
  return {
    kind: 'refused',
    cause: 'replaced',
    reason:
      `${how}: the topic was made anew, or has lost records. Nothing of it is read until an operator says where to go on: ` +
      '`cdp offsets show`, then `cdp offsets reset` (docs/runbooks/log-replaced.md).',
  };
}

function otherCount(topic: string, found: number, recorded: number): Verdict {
  return {
    kind: 'refused',
    cause: 'partitions',
    reason:
      `${topic} has ${found} partitions, and ${recorded} are recorded. Nothing of it is read until the procedure is followed: stop the producers, ` +
      'let the consumers drain, add the partitions, record the new number (`cdp offsets record`), and start again (docs/runbooks/add-partitions.md).',
  };
}

/** Null: nothing stands there any more. */
async function readRecord(log: EventLog, topic: string, partition: number, offset: bigint): Promise<LogRecord | null> {
  try {
    for await (const [record] of log.replay(topic, new Map([[partition, offset]]))) return record ?? null;
  } catch (error) {
    if (!(error instanceof OffsetOutOfRange) || (error.bounds.start <= offset && offset < error.bounds.end)) throw error;
  }
  return null;
}
