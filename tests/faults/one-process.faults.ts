/** `cdp up` alone on its embedded Postgres, killed, stopped, frozen, robbed of its disk, its database, its clock and its source. */
import { describeCampaign } from './describe-campaign.js';
import { freeze, killAtAnyMoment, killInTheMiddleOf, nothing, terminate } from './faults/processes.js';
import { clockStepped, diskFull, postgresKilled, sourceMisbehaves } from './faults/surroundings.js';
import { oneProcess } from './platform/make-up.js';

describeCampaign(oneProcess, [
  nothing,
  diskFull,
  clockStepped,
  postgresKilled,
  sourceMisbehaves,
  killAtAnyMoment,
  killInTheMiddleOf('a stream batch'),
  killInTheMiddleOf('a publish'),
  killInTheMiddleOf('a history load'),
  terminate,
  freeze,
]);
