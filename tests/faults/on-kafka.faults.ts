/** Producer, three consumers, two workers and two gateways as processes of their own on Kafka: each role killed, stopped, frozen. */
import { describeCampaign } from './describe-campaign.js';
import { nothing } from './faults/processes.js';
import { onKafka } from './platform/on-kafka.js';

const LOAD = { ticksPerSecond: 2_000, subscribers: 50, coins: 16, coinsOfASubscriber: 1.3 };

describeCampaign(onKafka, [nothing], LOAD);
