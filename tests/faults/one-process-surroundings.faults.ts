/** `cdp up` alone on its embedded Postgres, robbed of its disk, its clock, its database and its source. */
import { describeCampaign } from './describe-campaign.js';
import { nothing } from './faults/processes.js';
import { clockStepped, diskFull, diskFullToTheLog, postgresKilled, sourceMisbehaves } from './faults/surroundings.js';
import { oneProcess } from './platform/make-up.js';

describeCampaign(oneProcess, [nothing, diskFull, diskFullToTheLog, clockStepped, postgresKilled, sourceMisbehaves]);
