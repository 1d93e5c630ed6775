/**
 * The platform under attack: which processes it is made of and what it stands on. Faults and judges know it only by this, so the same
 * ones can be turned on another make-up (roles of their own, Kafka as the log).
 */
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import type { DataDirectory } from './data-directory.js';
import type { SupervisedProcess } from './supervised-process.js';

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
  /** Stops Postgres as a power cut would: at once, nothing written out. Whose task it is to start it again: see `restorePostgres`. */
  killPostgres(): Promise<void>;
  /** Starts it again where the platform does not do so itself. */
  restorePostgres(): Promise<void>;
  /** Steps the clock of all processes to the machine's plus so much. */
  stepClock(ms: number): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}
