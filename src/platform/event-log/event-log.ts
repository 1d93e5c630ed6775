/**
 * The event log: ordered, partitioned, replayable. Kafka, or a table in Postgres, behind one interface and one set of contract tests.
 * Must stay true: an append that resolved is durable; offsets of a partition are contiguous and rise in append order;
 * nobody but the caller decides where reading starts (the log never resets a position on its own).
 */
import type { Queryable } from '../postgres/queryable.js';

export interface TopicSpec {
  topic: string;
  partitions: number;
  /** Records older than this may be trimmed. */
  retentionMs: number;
}

export interface NewRecord {
  /** Decides the partition (murmur2, as Kafka's own clients do), unless `partition` does. */
  key: string;
  value: Buffer;
  headers?: Record<string, string>;
  partition?: number;
}

export interface LogPosition {
  partition: number;
  offset: bigint;
}

export interface LogRecord extends LogPosition {
  topic: string;
  key: string | null;
  value: Buffer;
  headers: Record<string, string>;
  /** The log's clock at append. */
  appendedAt: Date;
}

/** Records from `start` up to, not including, `end` can be read. */
export interface PartitionBounds {
  partition: number;
  start: bigint;
  end: bigint;
}

export interface ConsumeOptions {
  topic: string;
  /** Members of one group share the partitions (in the Postgres log each member gets all of them: it serves one machine); null: all of them. */
  group: string | null;
  /** Called when a partition is assigned: the offset to read from; null: it is not to be read for now, and is asked again in a while. */
  startOffset(partition: number): Promise<bigint | null>;
  /** Records of one partition, in order, never empty; the next batch of that partition waits for it. A rejection ends the consumer. */
  onBatch(batch: LogBatch): Promise<void>;
  /** The loop that reads the partition has turned, with news or without: a sign of life, every few seconds while the log can be reached or is waited for. */
  onTurn?(partition: number): void;
  /** The partition is no longer this consumer's, also because it ends; no batch of it is under way. */
  onRevoked?(partition: number): void;
  /** The log cannot be reached; reading goes on by itself once it can (onRecovered), from where it stood. */
  onOutage?(error: unknown): void;
  onRecovered?(): void;
  /** Most records in a batch. */
  maxRecords?: number;
}

export interface LogBatch {
  topic: string;
  partition: number;
  records: LogRecord[];
  /** End of the partition when the batch was read: lag is end - the last offset - 1. */
  end: bigint;
  /** Keeps the membership alive during a long batch. */
  heartbeat(): Promise<void>;
  /** Fires when the partition is to be given back: who cannot get on with the batch rejects, once nothing of it is under way. */
  signal: AbortSignal;
}

export interface LogConsumer {
  /** Partitions that this consumer holds now. */
  assigned(): number[];
  /** It knows which partitions are its own, be it none. */
  settled(): boolean;
  /** Resolves after the batches under way; rejects with what ended the consumer if it failed. */
  stop(): Promise<void>;
  /** Settles when the consumer ends: rejected if it failed. */
  readonly ended: Promise<void>;
}

export interface EventLog {
  /** Makes the topics that are missing; an existing one with another partition count is an OperatorError that names the procedure. */
  ensureTopics(specs: TopicSpec[]): Promise<void>;
  /** Another one than before means that the topic was recreated: old offsets mean nothing. */
  topicId(topic: string): Promise<string>;
  /**
   * Positions in the order of the records, all durable. A rejection because the log was away leaves open which of them are stored:
   * who appends again must bear a repeat, and says so in the record (a source position, an observation's key).
   */
  append(topic: string, records: NewRecord[]): Promise<LogPosition[]>;
  /**
   * Only where the log lives in the platform's own database: the records stand in it, in this order, once `tx` commits, and not at all if
   * it does not. To be called last, topics always in the same order: others who append to these partitions wait until `tx` ends.
   */
  appendWithin?(tx: Queryable, topic: string, records: (NewRecord & { partition: number })[]): Promise<void>;
  bounds(topic: string): Promise<PartitionBounds[]>;
  /** Of one partition, null where the topic has no such one, and how many it has: also while another one cannot be asked. */
  boundsOf(topic: string, partition: number): Promise<{ bounds: PartitionBounds | null; partitions: number }>;
  /** First offset whose record was appended at or after the instant; the partition's end if none was. As exact as the log's clock is steady. */
  offsetAt(topic: string, partition: number, instant: Date): Promise<bigint>;
  /**
   * Records from the given offsets up to the ends at the time of the call, in order per partition, in pages that the reader's pace pulls.
   * An offset outside the partition's bounds is an OffsetOutOfRange, also when trimming overtakes the reader.
   */
  replay(topic: string, from: ReadonlyMap<number, bigint>, signal?: AbortSignal): AsyncIterable<LogRecord[]>;
  /** A start offset outside the partition's bounds ends the consumer with OffsetOutOfRange. */
  consume(options: ConsumeOptions): Promise<LogConsumer>;
  /** Stops every consumer and waits for the appends under way. */
  close(): Promise<void>;
}

/** The loop that reads a partition turns (`onTurn`) every few seconds: one that has not for so long is stuck. */
export const READING_BOUND_MS = 120_000;

/** So long after startOffset said null it is asked again. */
export const ASK_AGAIN_MS = 5_000;

export class UnknownTopic extends Error {
  override readonly name = 'UnknownTopic';
  constructor(readonly topic: string) {
    super(`the event log has no topic ${topic}`);
  }
}

/** The topic was deleted, or made anew, while it was being read: its offsets mean nothing any more. */
export class TopicReplaced extends Error {
  override readonly name = 'TopicReplaced';
  constructor(readonly topic: string) {
    super(`${topic} is not the topic any more that it was: it was deleted, or deleted and made anew`);
  }
}

/** What is left to replay of a partition: from `next` up to, not including, `end`. */
export interface ReplayRange {
  next: bigint;
  end: bigint;
}

/** What every log does to replay: refuses offsets outside the bounds, then reads a page of each partition in turn. */
export async function* replayInTurn(
  topic: string,
  bounds: readonly PartitionBounds[],
  from: ReadonlyMap<number, bigint>,
  /** Reads on at `next` and moves it. */
  readOn: (partition: number, range: ReplayRange) => AsyncIterable<LogRecord[]>,
  signal?: AbortSignal,
): AsyncGenerator<LogRecord[]> {
  const rest = new Map<number, ReplayRange>();
  for (const [partition, offset] of from) {
    const found = bounds.find((each) => each.partition === partition);
    if (found === undefined) throw new Error(`the event log has no partition ${topic}/${partition}`);
    if (offset < found.start || offset > found.end) throw new OffsetOutOfRange(topic, partition, offset, found);
    rest.set(partition, { next: offset, end: found.end });
  }
  // A page of each in turn: a reader of several partitions sees them age together.
  while (rest.size > 0) {
    for (const [partition, range] of rest) {
      signal?.throwIfAborted();
      if (range.next >= range.end) rest.delete(partition);
      else yield* readOn(partition, range);
    }
  }
}

export class OffsetOutOfRange extends Error {
  override readonly name = 'OffsetOutOfRange';
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly offset: bigint,
    readonly bounds: { start: bigint; end: bigint },
  ) {
    super(`${topic}/${partition}: offset ${offset} is outside [${bounds.start}, ${bounds.end}]`);
  }
}
