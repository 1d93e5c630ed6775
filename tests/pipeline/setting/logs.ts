/** Both logs, each as an operator can break it: what must hold on one must hold on the other. */
import pino from 'pino';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { createKafkaEventLog } from '../../../src/platform/event-log/kafka/kafka-event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { findKafka, openOperator } from '../../kit/kafka/test-kafka.js';

export interface LogSetting {
  log: EventLog;
  /** As another process has it. */
  openAnother(): EventLog;
  deleteTopic(topic: string): Promise<void>;
  forgetBelow(topic: string, partition: number, offset: bigint): Promise<void>;
  /** Null: only `cdp` itself could. */
  addPartitions: ((topic: string, count: number) => Promise<unknown>) | null;
  close(): Promise<void>;
}

const logger = pino({ level: 'silent' });
const kafka = await findKafka();

async function onPostgres(db: Database): Promise<LogSetting> {
  const log = createPostgresEventLog(db, logger);
  return {
    log,
    openAnother: () => createPostgresEventLog(db, logger),
    async deleteTopic(topic) {
      for (const table of ['log_records', 'log_partitions', 'log_topics'])
        await db.pool.query(`DELETE FROM ops.${table} WHERE topic = $1`, [topic]);
    },
    async forgetBelow(topic, partition, offset) {
      const where = 'WHERE topic = $1 AND partition = $2';
      await db.pool.query(`UPDATE ops.log_partitions SET start_offset = $3 ${where}`, [topic, partition, offset]);
      await db.pool.query(`DELETE FROM ops.log_records ${where} AND "offset" < $3`, [topic, partition, offset]);
    },
    addPartitions: null,
    close: () => log.close(),
  };
}

async function onKafka(): Promise<LogSetting> {
  if (kafka === null) throw new Error('there is no Kafka');
  const operator = await openOperator(kafka);
  const log = createKafkaEventLog(kafka, logger, 'test');
  return {
    log,
    openAnother: () => createKafkaEventLog(kafka, logger, 'another'),
    deleteTopic: operator.deleteTopic,
    forgetBelow: operator.forgetBelow,
    addPartitions: operator.addPartitions,
    async close() {
      await log.close();
      await operator.close();
    },
  };
}

/** By name; Kafka where there is one. */
export const LOGS: [name: string, open: (db: Database) => Promise<LogSetting>][] = [
  ['the log in Postgres', onPostgres],
  ...(kafka === null ? [] : ([['Kafka', onKafka]] as [string, typeof onKafka][])),
];

/** The log as one whose servers do not answer while `away` says so. */
export function unreachable(log: EventLog, away: () => boolean): EventLog {
  return new Proxy(log, {
    get(target, name) {
      if (name === 'bounds' && away()) return () => Promise.reject(new Error('connect ECONNREFUSED'));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
