/** `cdp up` alone on its embedded Postgres, killed in the middle of everything that it does, told to stop, frozen. */
import { describeCampaign } from './describe-campaign.js';
import { freeze, killAtAnyMoment, killInTheMiddleOf, terminate } from './faults/processes.js';
import { oneProcess } from './platform/make-up.js';

describeCampaign(oneProcess, [
  killAtAnyMoment,
  killInTheMiddleOf('a stream batch'),
  killInTheMiddleOf('a publish'),
  killInTheMiddleOf('a history load'),
  terminate,
  freeze,
]);
