/** `cdp up` alone on its embedded Postgres, killed, stopped, frozen, robbed of its disk, its database, its clock and its source. */
import { describeCampaign } from './describe-campaign.js';
import { killAtAnyMoment, killInTheMiddleOf, nothing } from './faults/processes.js';
import { oneProcess } from './platform/make-up.js';

describeCampaign(oneProcess, [
  nothing,
  killAtAnyMoment,
  killInTheMiddleOf('a stream batch'),
  killInTheMiddleOf('a publish'),
  killInTheMiddleOf('a history load'),
]);
