/** Faults of the network between a role and the broker, while the role still reaches Postgres. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from '../scene.js';
import type { Fault } from './fault.js';
import { brokerOf } from './log.js';
import { atAnyMoment } from './moments.js';

/** Past a consumer's session, and past the time-outs of requests that were on their way. */
const CUT_MS = 20_000;

/** Nothing is closed: what was sent arrives when all others have gone on long since. */
export const networkCut: Fault = {
  name: 'network between one of each role and the broker cut in silence, then mended',
  times: 1,
  async inject(scene: Scene) {
    const { link } = brokerOf(scene);
    await atAnyMoment(scene);
    link.cut();
    try {
      await sleep(CUT_MS);
    } finally {
      link.mend();
    }
  },
};
