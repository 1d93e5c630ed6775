/** The topics of the platform: how they are cut and how long they are kept. A topic keeps its partition count until an operator adds some. */
import { ALERTS_TOPIC, PRICES_TOPIC, UPDATES_TOPIC } from '../../domain/prices.js';
import { DAY } from '../../domain/time.js';
import type { TopicSpec } from './event-log.js';

/** Of the prices, unless somebody made the topic with another number. */
export const PARTITIONS = 6;

export function topicsOf(partitions: number): TopicSpec[] {
  return [
    // Observations on their way to raw, which keeps them for ever; the log keeps a week for whoever wants to read them again.
    { topic: PRICES_TOPIC, partitions, retentionMs: 7 * DAY },
    // One partition for each of the prices': a cursor names both by one number.
    { topic: UPDATES_TOPIC, partitions, retentionMs: DAY },
    // One partition: its offset is the order of alerts.
    { topic: ALERTS_TOPIC, partitions: 1, retentionMs: 30 * DAY },
  ];
}

export const TOPICS: TopicSpec[] = topicsOf(PARTITIONS);
