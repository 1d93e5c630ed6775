/** The event log that the configuration names, Kafka or a table in Postgres, and the platform's topics in it. */
import { EXIT_TRY_AGAIN, OperatorError } from '../../domain/errors.js';
import { PRICES_TOPIC } from '../../domain/prices.js';
import { type EventLog, UnknownTopic } from '../../platform/event-log/event-log.js';
import { inWords } from '../../platform/event-log/kafka/errors.js';
import { createKafkaEventLog } from '../../platform/event-log/kafka/kafka-event-log.js';
import { createPostgresEventLog } from '../../platform/event-log/postgres-event-log.js';
import { OtherPartitionCount, PARTITIONS, topicsOf } from '../../platform/event-log/topics.js';
import type { Database } from '../../platform/postgres/database.js';
import { findPartitionCount } from '../../store/stream/stream-offsets.js';
import type { CommandContext } from '../command.js';

export function startEventLog({ config, logger, lifecycle }: CommandContext, role: string, db: Database): Promise<EventLog> {
  return lifecycle.start(
    'event log',
    () => (config.kafka === null ? createPostgresEventLog(db, logger) : createKafkaEventLog(config.kafka, logger, role)),
    (started) => started.close(),
  );
}

/** For commands: what the log answered, with what an operator can do about it. */
export async function askLog<T>({ config }: CommandContext, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof UnknownTopic) throw new OperatorError(`${error.message}: start a producer or \`cdp up\` first, which make it.`);
    throw config.kafka === null ? error : inWords(config.kafka, error);
  }
}

/** The number of partitions is the recorded one; before one is, that of the topic as an operator may have made it. */
export async function ensureTopics(
  { logger }: CommandContext,
  db: Database,
  log: EventLog,
  { needsLog, produces }: { needsLog: boolean; produces: boolean },
): Promise<void> {
  try {
    const partitions = (await findPartitionCount(db.pool, PRICES_TOPIC)) ?? (await countPartitions(log)) ?? PARTITIONS;
    await log.ensureTopics(topicsOf(partitions));
  } catch (error) {
    // The stream itself reads no partition until the number is recorded; to go away meanwhile would help nobody.
    if (!produces && error instanceof OtherPartitionCount) return logger.error(error.message);
    if (needsLog || !(error instanceof OperatorError) || error.exitCode !== EXIT_TRY_AGAIN) throw error;
    logger.warn(`${error.message} Going on without it for now.`);
  }
}

/** Null: the topic is not made yet, or the log cannot say; whoever makes it then says why. */
async function countPartitions(log: EventLog): Promise<number | null> {
  try {
    return (await log.bounds(PRICES_TOPIC)).length;
  } catch {
    return null;
  }
}
