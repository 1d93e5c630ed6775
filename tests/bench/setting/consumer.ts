/** The consumer as src/main/consumer.ts runs it, on a log and a database of the bench. */
import { createPublisher } from '../../../jobs/runtime/publisher.js';
import type { StreamDefinition } from '../../../jobs/runtime/stream/definition.js';
import { startStream } from '../../../jobs/runtime/stream/stream.js';
import { PRICE_ROUTES, priceStream } from '../../../jobs/streams/prices.js';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import type { Clock } from '../../../src/domain/time.js';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { silent } from './logger.js';

export interface RunningConsumer {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** `observe` may wrap the definition, to see what passes through. */
export function startConsumer(
  { log, db, clock }: { log: EventLog; db: Database; clock: Clock },
  observe: (definition: StreamDefinition) => StreamDefinition = (definition) => definition,
): RunningConsumer {
  const publisher = createPublisher({ log, db, logger: silent, sourceTopic: PRICES_TOPIC, routes: PRICE_ROUTES });
  const definition = priceStream({ realm: 'simulated', retentionDays: null, clock, publisher });
  const stream = startStream({ log, db, logger: silent, definition: observe(definition) });
  return {
    ended: stream.ended,
    async stop() {
      await stream.stop();
      await publisher.stop();
    },
  };
}
