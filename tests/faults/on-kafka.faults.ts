/**
 * Producer, three consumers, two workers and two gateways as processes of their own on Kafka: each role killed, a worker frozen, and the
 * network to the broker cut.
 */
import { describeCampaign } from './describe-campaign.js';
import { connectionsStranded, networkCut } from './faults/network.js';
import { nothing } from './faults/processes.js';
import { killRole } from './faults/roles.js';
import { workerFrozen, workerKilled } from './faults/workers.js';
import { ON_KAFKA, onKafka, onKafkaBehindLink } from './platform/on-kafka.js';

describeCampaign(
  onKafka,
  [nothing, killRole('producer'), killRole('consumer'), killRole('worker'), killRole('gateway'), workerKilled, workerFrozen],
  ON_KAFKA,
);
describeCampaign(onKafkaBehindLink, [networkCut, connectionsStranded], ON_KAFKA);
