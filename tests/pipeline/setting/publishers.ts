/** Ways of publishing of which nothing follows by itself. */
import type { Publisher } from '../../../jobs/runtime/publisher.js';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { insertOutbox } from '../../../src/store/stream/outbox.js';

/** What a batch has to say is left in the outbox, and nobody publishes it: a process that dies after its commit. */
export const leftInOutbox: Pick<Publisher, 'stage' | 'publish'> = {
  stage: (tx, records) => insertOutbox(tx, PRICES_TOPIC, records),
  publish() {},
};

/** The log as one that does not live in the database of the rows. */
export function elsewhere(log: EventLog): EventLog {
  return new Proxy(log, {
    get(target, name) {
      if (name === 'appendWithin') return undefined;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
