/** The producer: polls the source into the log. */
import type { PriceSource } from '../../jobs/sources/source.js';
import { startPriceProducer } from '../../jobs/streams/price-producer.js';
import { OperatorError } from '../domain/errors.js';
import type { CommandContext } from './command.js';
import { needsKafka } from './consumer.js';
import type { Foundation } from './foundation.js';

export async function startProducer(context: CommandContext, { db, log, clock }: Foundation, source: PriceSource): Promise<void> {
  const { config, logger, lifecycle } = context;
  const producer = await lifecycle.start(
    'producer',
    () => startPriceProducer({ db, log, source, pollSeconds: config.pricePollSeconds, clock, logger }),
    (started) => started.stop(),
  );
  producer.ended.catch(lifecycle.fail);
}

export default async function producer(): Promise<void> {
  throw new OperatorError(needsKafka('producer'));
}
