/** The consumer: takes prices from the log into the database, and announces what it committed. */
import type { Registry } from 'prom-client';
import { createOffsetMetrics } from '../../jobs/runtime/offsets/offset-metrics.js';
import { createOutboxPublisher } from '../../jobs/runtime/outbox.js';
import { type Stream, startStream } from '../../jobs/runtime/stream/stream.js';
import { priceStream } from '../../jobs/streams/prices.js';
import { OperatorError } from '../domain/errors.js';
import { ALERTS_TOPIC, PRICES_TOPIC, UPDATES_TOPIC } from '../domain/prices.js';
import type { PartState } from '../platform/health.js';
import type { CommandContext } from './command.js';
import { attachPostgres, type Foundation, startFoundation } from './foundation/foundation.js';
import { startOperations } from './foundation/operations.js';

export async function startConsumer(
  { config, logger, lifecycle }: CommandContext,
  { db, log, clock }: Foundation,
  registry: Registry,
): Promise<Stream> {
  const publisher = await lifecycle.start(
    'publisher',
    () =>
      createOutboxPublisher({
        log,
        db,
        logger,
        sourceTopic: PRICES_TOPIC,
        routes: [
          { target: UPDATES_TOPIC, partitionFor: (partition) => partition },
          { target: ALERTS_TOPIC, partitionFor: () => 0 },
        ],
      }),
    (started) => started.stop(),
  );
  const { realm, retentionDays } = config;
  const definition = priceStream({ realm, retentionDays, clock, publish: publisher.publish });
  const metrics = createOffsetMetrics(registry);
  const stream = await lifecycle.start(
    'consumer',
    () => startStream({ log, db, logger, definition, metrics }),
    (started) => started.stop(),
  );
  stream.ended.catch(lifecycle.fail);
  return stream;
}

export default async function consumer(context: CommandContext): Promise<void> {
  requireKafka(context, 'consumer');
  const foundation = await startFoundation(context, 'consumer', attachPostgres(context), { migrates: false });
  const operations = await startOperations(context, 'consumer', foundation);
  const stream = await startConsumer(context, foundation, operations.metrics);
  operations.health.addPart('partitions', () => checkPartitions(stream));
  context.logger.info(`consumer: ${operations.url}/status`);
  await context.lifecycle.stopped;
}

/** Shared out, and the log is the one that was read. */
export function checkPartitions(stream: Stream): PartState {
  if (!stream.settled()) return { status: 'not_ready', reason: 'no partition is assigned yet' };
  const refused = [...stream.refused().values()];
  return refused.length === 0 ? { status: 'ready' } : { status: 'degraded', reason: refused.join('; ') };
}

/** The log in Postgres serves one machine, and on that `up` runs everything. */
export function requireKafka({ config }: CommandContext, role: string): void {
  if (config.kafka !== null && config.databaseUrl !== null) return;
  throw new OperatorError(
    `The role ${role} needs Kafka as its log and a Postgres that others reach: set KAFKA_BROKERS and DATABASE_URL. ` +
      'Or run `cdp up`: it is everything in one process.',
  );
}
