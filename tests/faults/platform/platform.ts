/**
 * The platform under attack: which processes it is made of and what it stands on. Faults and judges know it only by this, so the same
 * ones can be turned on another make-up (roles of their own, Kafka as the log).
 */
import type { EventLog, LogPosition, LogRecord } from '../../../src/platform/event-log/event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import type { Link } from '../../kit/kafka/link.js';
import type { DataDirectory } from './data-directory.js';
import type { SupervisedProcess } from './supervised-process.js';

/** A record as it was read back. Its offset is its position: what raw, dead letters and updates name it by. */
export interface ReadRecord extends LogRecord {
  /** Where it stood in the log, as `placeOf` says it. */
  place: string;
}

/** Positions of records that the log lost before the platform could read them: [from, to). An offset is the position less the base. */
export interface LostPositions {
  topic: string;
  partition: number;
  from: bigint;
  to: bigint;
  base: bigint;
}

/** A broker of the platform's own, and what an operator does to it. */
export interface BrokerControl {
  /** What one process of each role reaches it by. */
  readonly link: Link;
  stop(signal: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  /** What was in the topic is read back before; nothing may be appended meanwhile. Whoever makes it anew begins another life of it. */
  deleteTopic(topic: string): Promise<void>;
  /** Of the life before, the platform has taken what stands below these offsets. Before the new one is read back. */
  goOnAfter(topic: string, next: ReadonlyMap<number, bigint>): void;
  /** Removes what stands before the offset; `next` is what the platform would have read next. */
  forgetBelow(topic: string, partition: number, offset: bigint, next: bigint): Promise<void>;
  addPartitions(topic: string, count: number): Promise<void>;
  /** The suite appends as a producer does, who knows the number of partitions from its start: it starts anew. */
  reopenLog(): Promise<void>;
}

export interface Platform {
  /** In words. */
  readonly kind: string;
  readonly processes: readonly SupervisedProcess[];
  /** Those of the processes that serve GraphQL. */
  readonly gateways: readonly SupervisedProcess[];
  readonly directory: DataDirectory;
  /** The suite's own connections. Throws while Postgres is away; ask anew for each piece of work, for it may come back elsewhere. */
  db(): Database;
  log(): EventLog;
  /** All that the topic ever held, in the order in which each coin's records are to be taken. */
  readBack(topic: string): Promise<ReadRecord[]>;
  /** A name for a place in the log, which no other record ever had. */
  placeOf(topic: string, position: LogPosition): string;
  /** What the log lost before it was read. */
  lost(): readonly LostPositions[];
  /** Null: the log is in Postgres. */
  readonly broker: BrokerControl | null;
  /** The processes end with their Postgres: it is their own. */
  readonly endsWithPostgres: boolean;
  /** Of the Postgres that runs now: says whether it is gone. */
  watchPostgres(): () => boolean;
  /** Stops Postgres as a power cut would: at once, nothing written out. Whose task it is to start it again: see `restorePostgres`. */
  killPostgres(): Promise<void>;
  /** Starts it again where the platform does not do so itself. */
  restorePostgres(): Promise<void>;
  /** Steps the clock of all processes to the machine's plus so much. */
  stepClock(ms: number): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Those that are a worker, or a producer, among other things or alone. */
export const thatAre = (role: 'worker' | 'producer', { processes }: Platform) =>
  processes.filter(({ options }) => options.args[0] === 'up' || options.args[0] === role);
