/** Faults of processes: killed, stopped, frozen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../kit/wait-for.js';
import { thatAre } from '../platform/platform.js';
import { endsOf, hasStoredUpTo } from '../platform/progress.js';
import type { SupervisedProcess } from '../platform/supervised-process.js';
import type { Scene } from '../scene.js';
import type { Fault } from './fault.js';
import { atAnyMoment, findLeaseHolder, inTheMiddleOf, type Work } from './moments.js';

/** A lease holds for 15 s, and a frozen transaction for 10 s. */
const PAST_THE_LEASE_MS = 17_000;
const GOING_ON_MS = 45_000;

export const nothing: Fault = { name: 'none (control)', times: 1, harmsWorkers: () => 0, inject: async () => {} };

const killOne = (scene: Scene) => scene.random.pick(scene.platform.processes).signal('SIGKILL');

export const killAtAnyMoment: Fault = {
  name: 'kill -9 at any moment',
  times: 3,
  async inject(scene) {
    await atAnyMoment(scene);
    killOne(scene);
  },
};

export const killInTheMiddleOf = (work: Work): Fault => ({
  name: `kill -9 in the middle of ${work}`,
  times: 2,
  async inject(scene) {
    await inTheMiddleOf(work, scene);
    killOne(scene);
  },
});

export const killAll: Fault = {
  name: 'kill -9 of all processes',
  times: 1,
  harmsWorkers: ({ platform }) => thatAre('worker', platform).length,
  async inject(scene) {
    await atAnyMoment(scene);
    for (const each of scene.platform.processes) each.signal('SIGKILL');
  },
};

export const killLeaseHolder: Fault = {
  name: 'kill -9 of the process that holds a lease',
  times: 2,
  async inject(scene) {
    await atAnyMoment(scene);
    (await leaseHolder(scene)).signal('SIGKILL');
  },
};

export const terminate: Fault = {
  name: 'SIGTERM',
  times: 2,
  async inject(scene) {
    await atAnyMoment(scene);
    await scene.random.pick(scene.platform.processes).terminate();
  },
};

export const freeze: Fault = {
  name: 'SIGSTOP past the lease, then SIGCONT',
  times: 1,
  leasesLapse: true,
  async inject(scene) {
    await atAnyMoment(scene);
    const frozen = await leaseHolder(scene);
    frozen.signal('SIGSTOP');
    await sleep(PAST_THE_LEASE_MS);
    frozen.signal('SIGCONT');
  },
};

/** While one is frozen, and what it had begun with it, the other has to store what is in the log: from wherever it stands. */
export const freezeEach: Fault = {
  name: 'SIGSTOP of each past the lease, while the other goes on, then SIGCONT',
  times: 1,
  harmsWorkers: ({ platform }) => thatAre('worker', platform).length,
  leasesLapse: true,
  async inject(scene) {
    for (const frozen of scene.platform.processes) {
      await atAnyMoment(scene);
      frozen.signal('SIGSTOP');
      try {
        await sleep(PAST_THE_LEASE_MS);
        const ends = await endsOf(scene.platform); // of what came since: the frozen one may have stored all that was there before
        await waitFor(`the other one goes on while ${frozen.name} is frozen`, () => hasStoredUpTo(scene.platform, ends), {
          withinMs: GOING_ON_MS,
        });
      } finally {
        frozen.signal('SIGCONT');
      }
    }
  },
};

async function leaseHolder(scene: Scene): Promise<SupervisedProcess> {
  return waitFor(
    'the process that holds a lease is one of ours',
    async () => {
      const pid = await findLeaseHolder(scene);
      return scene.platform.processes.find((each) => each.pid === pid);
    },
    { withinMs: 30_000 },
  );
}
