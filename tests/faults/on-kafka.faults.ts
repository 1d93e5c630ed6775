/** Producer, three consumers, two workers and two gateways as processes of their own on Kafka: each role killed, and a worker frozen. */
import { describeCampaign } from './describe-campaign.js';
import { nothing } from './faults/processes.js';
import { killRole } from './faults/roles.js';
import { workerFrozen, workerKilled } from './faults/workers.js';
import { ON_KAFKA, onKafka } from './platform/on-kafka.js';

describeCampaign(
  onKafka,
  [nothing, killRole('producer'), killRole('consumer'), killRole('worker'), killRole('gateway'), workerKilled, workerFrozen],
  ON_KAFKA,
);
