/** Faults of the network between a role and the broker, while the role still reaches Postgres. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../kit/wait-for.js';
import { sendsAgain } from '../platform/metrics.js';
import { endsOf, hasStoredUpTo } from '../platform/progress.js';
import type { SupervisedProcess } from '../platform/supervised-process.js';
import type { Fault } from './fault.js';
import { brokerOf } from './log.js';
import { atAnyMoment } from './moments.js';
import { rolesOf } from './roles.js';

/** Past a consumer's session, and past the time-outs of requests that were on their way. */
const CUT_MS = 20_000;
/** A producer gives up after half of it. */
const GOES_ON_WITHIN_MS = 60_000;

/** Nothing is closed: what was sent arrives when all others have gone on long since. */
export const networkCut: Fault = {
  name: 'network between one of each role and the broker cut in silence, then mended',
  times: 1,
  harmsWorkers: () => 0,
  async inject(scene) {
    const { link } = brokerOf(scene);
    await atAnyMoment(scene);
    link.cut();
    try {
      await sleep(CUT_MS);
      const ends = await endsOf(scene.platform); // also of the partitions that the cut consumer had
      await waitFor('the others go on while one of each role is cut off', () => hasStoredUpTo(scene.platform, ends), {
        withinMs: GOES_ON_WITHIN_MS,
      });
    } finally {
      link.mend();
    }
  },
};

/** What was on its way before is answered by then, or never. */
const SETTLED_MS = 1_000;

/** As behind a firewall that has forgotten them: no role is told, each has to find out for itself. */
export const connectionsStranded: Fault = {
  name: 'connections of one of each role to the broker dead in silence, new ones alive',
  times: 1,
  harmsWorkers: () => 0,
  async inject(scene) {
    await atAnyMoment(scene);
    brokerOf(scene).link.strand();
    await sleep(SETTLED_MS);
    const [producer] = rolesOf(scene, 'producer') as [SupervisedProcess];
    await sendsAgain(producer, GOES_ON_WITHIN_MS);
  },
};
