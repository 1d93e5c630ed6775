/** The producer: polls the source into the log. */
import type { PriceSource } from '../../jobs/sources/source.js';
import { startPriceProducer } from '../../jobs/streams/price-producer.js';
import type { CommandContext } from './command.js';
import { requireKafka } from './consumer.js';
import { attachPostgres, type Foundation, startFoundation } from './foundation/foundation.js';
import { type Operations, startOperations } from './foundation/operations.js';
import { startSource } from './worker.js';

export async function startProducer(
  context: CommandContext,
  { db, log, clock }: Foundation,
  source: PriceSource,
  { metrics, health: { heartbeats } }: Pick<Operations, 'metrics' | 'health'>,
): Promise<void> {
  const { config, logger, lifecycle } = context;
  const producer = await lifecycle.start(
    'producer',
    () => startPriceProducer({ db, log, source, pollSeconds: config.pricePollSeconds, clock, logger, metrics, heartbeats }),
    (started) => started.stop(),
  );
  producer.ended.catch(lifecycle.fail);
}

export default async function producer(context: CommandContext): Promise<void> {
  requireKafka(context, 'producer');
  const foundation = await startFoundation(context, 'producer', attachPostgres(context), { migrates: false, produces: true });
  const operations = await startOperations(context, 'producer', foundation);
  await startProducer(context, foundation, await startSource(context, foundation), operations);
  context.logger.info(`producer: ${operations.url}/status`);
  await context.lifecycle.stopped;
}
