/** The consumer: takes prices from the log into the database, and announces what it committed. */
import { createStreamMetrics, observeLag } from '../../jobs/runtime/observation/stream-metrics.js';
import { createPublisher } from '../../jobs/runtime/publisher.js';
import { type Stream, startStream } from '../../jobs/runtime/stream/stream.js';
import { PRICE_ROUTES, priceStream } from '../../jobs/streams/prices.js';
import { OperatorError } from '../domain/errors.js';
import { PRICES_TOPIC } from '../domain/prices.js';
import type { PartState } from '../platform/health.js';
import type { CommandContext } from './command.js';
import { attachPostgres, type Foundation, startFoundation } from './foundation/foundation.js';
import { type Operations, startOperations } from './foundation/operations.js';

export async function startConsumer(
  { config, logger, lifecycle }: CommandContext,
  { db, log, clock }: Foundation,
  { metrics, health: { heartbeats } }: Pick<Operations, 'metrics' | 'health'>,
): Promise<Stream> {
  const publisher = await lifecycle.start(
    'publisher',
    () =>
      createPublisher({
        log,
        db,
        logger,
        metrics,
        heartbeats,
        sourceTopic: PRICES_TOPIC,
        routes: PRICE_ROUTES,
      }),
    (started) => started.stop(),
  );
  const { realm, retentionDays } = config;
  const definition = priceStream({ realm, retentionDays, clock, publisher });
  const stream = await lifecycle.start(
    'consumer',
    () => startStream({ log, db, logger, definition, metrics: createStreamMetrics(metrics, PRICES_TOPIC), heartbeats }),
    (started) => started.stop(),
  );
  stream.ended.catch(lifecycle.fail);
  observeLag(metrics, { db, log, topic: PRICES_TOPIC, assigned: () => stream.assigned() });
  return stream;
}

export default async function consumer(context: CommandContext): Promise<void> {
  requireKafka(context, 'consumer');
  const foundation = await startFoundation(context, 'consumer', attachPostgres(context), { migrates: false });
  const operations = await startOperations(context, 'consumer', foundation);
  const stream = await startConsumer(context, foundation, operations);
  operations.health.addPart('partitions', () => checkPartitions(stream));
  context.logger.info(`consumer: ${operations.url}/status`);
  await context.lifecycle.stopped;
}

/** An error that is waited out for longer is more than a hiccup. */
const LONGEST_WAIT_MS = 30_000;

/** Shared out, not held up by an error for long, and the log is the one that was read. */
export function checkPartitions(stream: Pick<Stream, 'settled' | 'refused' | 'waiting'>): PartState {
  const waiting = stream.waiting();
  if (waiting !== null && waiting.sinceMs > LONGEST_WAIT_MS)
    return { status: 'not_ready', reason: `for ${Math.round(waiting.sinceMs / 1_000)} s now ${waiting.reason}` };
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
