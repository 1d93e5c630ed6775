/** Two `cdp up` on one Postgres: rivals for every partition, run and publish, one of whom is killed, frozen or told to go. */
import { describeCampaign } from './describe-campaign.js';
import { freezeEach, killAll, killLeaseHolder, nothing, terminate } from './faults/processes.js';
import { postgresKilled } from './faults/surroundings.js';
import { twoProcesses } from './platform/make-up.js';

describeCampaign(twoProcesses, [nothing, freezeEach, killLeaseHolder, terminate, postgresKilled, killAll]);
