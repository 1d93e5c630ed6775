/** The consumer: takes prices from the log into the database, and announces what it committed. */
import { createOutboxPublisher } from '../../jobs/runtime/outbox.js';
import { type Stream, startStream } from '../../jobs/runtime/stream.js';
import { priceStream } from '../../jobs/streams/prices.js';
import { OperatorError } from '../domain/errors.js';
import { ALERTS_TOPIC, PRICES_TOPIC, UPDATES_TOPIC } from '../domain/prices.js';
import type { CommandContext } from './command.js';
import type { Foundation } from './foundation.js';

export async function startConsumer({ config, logger, lifecycle }: CommandContext, { db, log, clock }: Foundation): Promise<Stream> {
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
  const stream = await lifecycle.start(
    'consumer',
    () => startStream({ log, db, logger, definition }),
    (started) => started.stop(),
  );
  stream.ended.catch(lifecycle.fail);
  return stream;
}

export default async function consumer(): Promise<void> {
  throw new OperatorError(needsKafka('consumer'));
}

/** The log in Postgres serves one machine, and on that `up` runs everything. */
export function needsKafka(role: string): string {
  return `The role ${role} needs Kafka as its log. Run \`cdp up\`: it is everything in one process.`;
}
