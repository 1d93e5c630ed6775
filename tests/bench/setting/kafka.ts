/** A Kafka of the bench's own: one broker on this machine, as `npm run kafka` starts it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { createKafkaEventLog } from '../../../src/platform/event-log/kafka/kafka-event-log.js';
import { TOPICS } from '../../../src/platform/event-log/topics.js';
import { startBroker } from '../../kit/kafka/broker.mjs';
import { silent } from './logger.js';

export interface BenchKafka {
  /** As KAFKA_BROKERS has it. */
  brokers: string;
  /** With the platform's topics. */
  openLog(): Promise<EventLog>;
  stop(): Promise<void>;
}

/** Empty: what a benchmark leaves in the topics would be the next one's. */
export async function startBenchKafka(): Promise<BenchKafka> {
  const directory = mkdtempSync(join(tmpdir(), 'cdp-bench-kafka-'));
  const broker = await startBroker({ directory });
  return {
    brokers: broker.brokers,
    async openLog() {
      const log = openKafkaLog(broker.brokers);
      await log.ensureTopics(TOPICS);
      return log;
    },
    async stop() {
      await broker.stop('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function openKafkaLog(brokers: string): EventLog {
  return createKafkaEventLog({ brokers: brokers.split(','), ssl: false, sasl: null }, silent, 'bench');
}
