/** The roles apart on Kafka, robbed of their broker, their Postgres, and of the log as they knew it. */
import { describeCampaign } from './describe-campaign.js';
import { brokerRestarted, partitionsAdded, partitionsAddedWithout, poison, retentionOvertakes, topicRecreated } from './faults/log.js';
import { nothing } from './faults/processes.js';
import { postgresKilled } from './faults/surroundings.js';
import { ON_KAFKA, onKafka } from './platform/on-kafka.js';

describeCampaign(
  onKafka,
  [
    nothing,
    brokerRestarted('SIGTERM'),
    brokerRestarted('SIGKILL'),
    postgresKilled,
    poison,
    retentionOvertakes,
    topicRecreated,
    partitionsAdded,
    partitionsAddedWithout,
  ],
  ON_KAFKA,
);
