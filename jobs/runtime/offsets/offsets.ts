/**
 * What an operator sees of a stream's offsets, and may do to them: `cdp offsets show | reset | record`.
 * Must stay true: a consumer that runs meanwhile loses at most the batch under way, by the fence of the offset that it started from; what
 * is skipped is noted in ops.gaps, what is read again gets new positions, so nothing stands twice under one.
 */
import { OperatorError } from '../../../src/domain/errors.js';
import type { EventLog, PartitionBounds } from '../../../src/platform/event-log/event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { insertGap } from '../../../src/store/pipelines/gaps.js';
import { getPlaces, recordPartitionCount, resetPlace, type StreamPlace } from '../../../src/store/stream/stream-offsets.js';
import { identify, type Verdict } from './identity.js';

export interface PlaceStatus extends StreamPlace {
  /** Of the log; null: it has no such partition. */
  bounds: PartitionBounds | null;
  verdict: Verdict;
}

export async function getPlaceStatus(db: Database, log: EventLog, topic: string): Promise<PlaceStatus[]> {
  const all = await getPlaces(db.pool, topic);
  const bounds = await log.bounds(topic); // after the offsets, so that these lie within
  // A partition that the topic had once is kept for its positions.
  const places = all.filter(({ partition, partitionCount }) => partition < partitionCount);
  return Promise.all(
    places.map(async (place) => ({
      ...place,
      bounds: bounds[place.partition] ?? null,
      verdict: await identify(log, topic, place),
    })),
  );
}

/** `start`, `end`, or an offset. */
export type ResetTo = 'start' | 'end' | bigint;

/** Sets the given partition; without one, all that hold another log than the one that was read. Resolves with what was set. */
export async function resetOffsets(
  db: Database,
  log: EventLog,
  topic: string,
  { partition: only, to }: { partition: number | null; to: ResetTo },
): Promise<{ partition: number; offset: bigint }[]> {
  const places = await getPlaceStatus(db, log, topic);
  const bounds = await log.bounds(topic);
  const causes = new Map(places.flatMap(({ partition, verdict }) => (verdict.kind === 'refused' ? [[partition, verdict]] : [])));
  const replaced = [...causes.values()].some(({ cause }) => cause === 'replaced');
  const otherCount = places.some((place) => place.partitionCount !== bounds.length);
  // Of the same log with more partitions nothing is to be reset: the reason names the procedure.
  for (const { reason } of causes.values()) if (!replaced) throw new OperatorError(reason);
  if (only !== null && otherCount)
    throw new OperatorError(`${topic} has another number of partitions than is recorded: they are reset together. Leave --partition out.`);
  if (only !== null && only >= bounds.length) throw new OperatorError(`${topic} has no partition ${only}: it has ${bounds.length}.`);
  const chosen = bounds.filter(({ partition }) => (only === null ? otherCount || causes.has(partition) : partition === only));
  const moves = chosen.map(({ partition, start, end }) => ({ partition, offset: target(topic, partition, to, start, end) }));
  await db.transaction(async (tx) => {
    for (const { partition, offset } of moves) {
      const place = places.find((each) => each.partition === partition);
      if (place !== undefined) await insertGap(tx, gapOf(topic, place, offset), new Date());
      await resetPlace(tx, topic, partition, offset, bounds.length);
    }
    const starts = bounds.map(({ start }) => start);
    if (otherCount) await recordPartitionCount(tx, topic, starts);
  });
  return moves;
}

export interface Recorded {
  partitions: number;
  /** Records that still wait to be read: producers must not start before there are none. */
  waiting: bigint;
}

/**
 * The last step but one of adding partitions: the new number counts from now on. `alike`: topics that have the same number for cursors'
 * sake. `force`: also where records wait in old and new partitions at once, so that a coin's prices may be read out of order.
 */
export async function recordPartitions(
  db: Database,
  log: EventLog,
  topic: string,
  { alike, force }: { alike: string[]; force: boolean },
): Promise<Recorded> {
  const bounds = await log.bounds(topic);
  const places = await getPlaceStatus(db, log, topic);
  for (const { verdict } of places) if (verdict.kind === 'refused' && verdict.cause === 'replaced') throw new OperatorError(verdict.reason);
  for (const other of alike) {
    const { length } = await log.bounds(other);
    if (length !== bounds.length)
      throw new OperatorError(`${other} has ${length} partitions, and ${topic} has ${bounds.length}: they need the same number.`);
  }
  const waiting = places.reduce((sum, { bounds: found, nextOffset }) => sum + (found === null ? 0n : found.end - nextOffset), 0n);
  const disorder = waiting > 0n && bounds.slice(places.length).some(({ start, end }) => end > start);
  if (disorder && !force)
    throw new OperatorError(
      `${waiting} records wait in the old partitions, and there are some in the new ones already: a coin's prices would be read out of order. ` +
        'Those that come late would be stored and change history, but not be pushed, and fire no alert. With --force it is done nevertheless.',
    );
  const starts = bounds.map(({ start }) => start);
  await db.transaction((tx) => recordPartitionCount(tx, topic, starts));
  return { partitions: bounds.length, waiting };
}

function target(topic: string, partition: number, to: ResetTo, start: bigint, end: bigint): bigint {
  if (to === 'start') return start;
  if (to === 'end') return end;
  if (to >= start && to <= end) return to;
  throw new OperatorError(`${topic}/${partition} has no offset ${to}: it goes from ${start} to ${end}.`);
}

function gapOf(topic: string, { partition, nextOffset, lastAppendedAt }: StreamPlace, offset: bigint) {
  const now = new Date();
  return {
    source: `${topic}/${partition}`,
    coinId: null,
    from: lastAppendedAt ?? now,
    to: now,
    reason: `an operator set the offset from ${nextOffset} to ${offset}`,
  };
}
