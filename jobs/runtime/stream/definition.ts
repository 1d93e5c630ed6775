/** What a stream is: a topic, who reads it, and what a batch of its records becomes. */
import type pg from 'pg';
import type { EventLog, LogRecord } from '../../../src/platform/event-log/event-log.js';
import type { Heartbeats } from '../../../src/platform/heartbeats.js';
import type { Logger } from '../../../src/platform/logger.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import type { DeadLetter } from '../../../src/store/stream/dead-letters.js';
import type { BatchTally, StreamMetrics } from '../observation/stream-metrics.js';

export interface StreamDefinition {
  topic: string;
  group: string;
  /** Most records of a transaction. */
  maxRecords: number;
  /**
   * Writes what the records say, in the transaction that moves the offsets of their partitions; returns those it cannot read. Throws for the rest.
   * They come partition by partition, in order; their offsets are positions. `tally`: where it counts what they became.
   */
  process(tx: pg.PoolClient, records: LogRecord[], tally?: BatchTally): Promise<DeadLetter[]>;
  /** After a commit, and once on assignment: what the transaction left to be published of this partition. */
  publish(partition: number): void;
}

export interface StreamOptions {
  log: EventLog;
  db: Database;
  logger: Logger;
  definition: StreamDefinition;
  metrics?: StreamMetrics;
  heartbeats?: Heartbeats;
}
