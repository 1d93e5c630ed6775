/** One fetch of some partitions of a topic from the broker that leads them, decoded; and what the broker's errors mean to a reader. */
import kafkajs from 'kafkajs';
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { LogRecord } from '../../event-log.js';
import { kafkaErrorType, PlaceOutOfRange } from '../errors.js';
import { decodeRecordBatches } from './record-batches.js';
import { fetchPartitions } from './wire.js';

/** Compressed, as they travel: a partition's records take some times as much in memory. */
const BYTES_PER_PARTITION = 256 * 1024;
const BYTES = 4 * 1024 * 1024;
/** Unknown to kafkajs. The topic was deleted, or made anew under its name; or the broker has not heard of it yet. */
const TOPIC_ID_ERRORS = new Map([
  [100, 'UNKNOWN_TOPIC_ID'],
  [103, 'INCONSISTENT_TOPIC_ID'],
]);
const OFFSET_OUT_OF_RANGE = 1;
/** Another broker leads the partition now, or one of the two does not know yet what the other does. */
const STALE_LEADER = new Set([
  ...TOPIC_ID_ERRORS.values(),
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

export interface Place {
  partition: number;
  offset: bigint;
  /** Of the leader that is asked. */
  leaderEpoch: number;
}

export interface FetchedPage {
  partition: number;
  records: LogRecord[];
  /** Where to go on reading. */
  next: bigint;
  /** End of the partition. */
  end: bigint;
}

export function isStaleLeader(error: unknown): boolean {
  return STALE_LEADER.has(kafkaErrorType(error) ?? '');
}

/** Waits for records, at most `maxWaitMs`; a partition without any may be left out. */
export async function fetchPages(
  broker: Broker,
  { topic, id }: { topic: string; id: Buffer },
  places: Place[],
  maxWaitMs: number,
): Promise<FetchedPage[]> {
  const answer = await fetchPartitions(broker, {
    topicId: id,
    places,
    maxWaitMs,
    maxBytes: BYTES,
    maxBytesPerPartition: BYTES_PER_PARTITION,
  });
  refuse(answer.error);
  const pages: FetchedPage[] = [];
  for (const { partition, error, highWatermark, records } of answer.partitions) {
    const from = places.find((place) => place.partition === partition)?.offset as bigint;
    if (error === OFFSET_OUT_OF_RANGE) throw new PlaceOutOfRange(partition, from);
    refuse(error);
    pages.push({ partition, end: highWatermark, ...(await decodeRecordBatches(topic, partition, from, records)) });
  }
  return pages;
}

function refuse(error: number): void {
  if (error === 0) return;
  const type = TOPIC_ID_ERRORS.get(error);
  if (type !== undefined) throw new kafkajs.KafkaJSProtocolError(Object.assign(new Error(`the broker said ${type}`), { type }));
  throw createErrorFromCode(error);
}
