/** The topics of the platform: how they are cut and how long they are kept. A topic keeps its partition count until an operator adds some. */
import { OperatorError } from '../../domain/errors.js';
import { ALERTS_TOPIC, PRICES_TOPIC, UPDATES_TOPIC } from '../../domain/prices.js';
import { DAY } from '../../domain/time.js';
import type { TopicSpec } from './event-log.js';

/** Of the prices, unless somebody made the topic with another number. */
export const PARTITIONS = 6;

/** Observations on their way to raw, which keeps them for ever; the log keeps a week for whoever wants to read them again. */
export const PRICES: TopicSpec = { topic: PRICES_TOPIC, partitions: PARTITIONS, retentionMs: 7 * DAY };
/** One partition for each of the prices': a cursor names both by one number. */
export const UPDATES: TopicSpec = { topic: UPDATES_TOPIC, partitions: PARTITIONS, retentionMs: DAY };
/** One partition: its offset is the order of alerts. */
export const ALERTS: TopicSpec = { topic: ALERTS_TOPIC, partitions: 1, retentionMs: 30 * DAY };

export const TOPICS: TopicSpec[] = topicsOf(PARTITIONS);

/** With another number of the prices' partitions. */
export function topicsOf(partitions: number): TopicSpec[] {
  return [{ ...PRICES, partitions }, { ...UPDATES, partitions }, ALERTS];
}

export class OtherPartitionCount extends OperatorError {}

/** A key's partition depends on their number, and with it the order of its records: the error names the procedure for another one. */
export function refuseOtherCount(topic: string, found: number, wanted: number): void {
  if (found === wanted) return;
  throw new OtherPartitionCount(
    `Topic ${topic} has ${found} partitions, and ${wanted} were expected. A key's partition depends on the number, so it is not changed on the fly: ` +
      'stop the producers, let the consumers drain, add the partitions, record the new number, and start again (docs/runbooks/add-partitions.md).',
  );
}
