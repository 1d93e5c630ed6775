/** The roles apart on Kafka: each told to stop, and a consumer frozen until others have its partitions. */
import { describeCampaign } from './describe-campaign.js';
import { freezeConsumer, terminateRole } from './faults/roles.js';
import { ON_KAFKA, onKafka } from './platform/on-kafka.js';

describeCampaign(
  onKafka,
  [terminateRole('producer'), terminateRole('consumer'), terminateRole('worker'), terminateRole('gateway'), freezeConsumer],
  ON_KAFKA,
);
