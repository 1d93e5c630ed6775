/**
 * How what a batch has to say reaches the log. Where the log lives in the database of the batch it is appended in the batch's own
 * transaction: once, and nothing waits. Elsewhere the transaction leaves it in the outbox, which is published after the commit, at least once.
 */
import type { Queryable } from '../../src/platform/postgres/database.js';
import { atOnce } from '../../src/platform/postgres/pipelining.js';
import { insertOutbox, type OutboxRecord } from '../../src/store/stream/outbox.js';
import { createOutboxPublisher, type OutboxOptions, type OutboxPublisher, toRecord } from './outbox.js';

export interface Publisher extends OutboxPublisher {
  /** Last of all in the batch's transaction. Records of a source partition in the order of their positions. */
  stage(tx: Queryable, records: OutboxRecord[]): Promise<unknown>;
}

export function createPublisher(options: OutboxOptions): Publisher {
  const { log, sourceTopic, routes } = options;
  if (log.appendWithin === undefined)
    return { ...createOutboxPublisher(options), stage: (tx, records) => insertOutbox(tx, sourceTopic, records) };
  const append = log.appendWithin.bind(log);
  return {
    stage: (tx, records) =>
      atOnce(
        tx,
        routes.map(({ target, partitionFor }) => () => {
          const own = records.filter((record) => record.target === target);
          return append(
            tx,
            target,
            own.map((record) => toRecord(record, partitionFor(record.sourcePartition))),
          );
        }),
      ),
    publish() {},
    async stop() {},
  };
}
