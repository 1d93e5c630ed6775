/** Faults of one role among several that run apart: killed, told to stop, frozen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import { waitFor } from '../../kit/wait-for.js';
import { sumOfMetric } from '../platform/metrics.js';
import { endsOf, hasStoredUpTo } from '../platform/progress.js';
import type { SupervisedProcess } from '../platform/supervised-process.js';
import type { Scene } from '../scene.js';
import type { Fault } from './fault.js';
import { atAnyMoment } from './moments.js';

export type Role = 'producer' | 'consumer' | 'worker' | 'gateway';

export const rolesOf = ({ platform }: Scene, role: Role) => platform.processes.filter((each) => each.options.args[0] === role);

export const killRole = (role: Role): Fault => ({
  name: `kill -9 of a ${role}`,
  times: 2,
  harmsWorkers: () => (role === 'worker' ? 1 : 0),
  async inject(scene) {
    await atAnyMoment(scene);
    scene.random.pick(rolesOf(scene, role)).signal('SIGKILL');
  },
});

export const terminateRole = (role: Role): Fault => ({
  name: `SIGTERM of a ${role}`,
  times: 1,
  harmsWorkers: () => (role === 'worker' ? 1 : 0),
  async inject(scene) {
    await atAnyMoment(scene);
    await scene.random.pick(rolesOf(scene, role)).terminate();
  },
});

/** Members are given up after 10 s, and the transaction of a frozen one too. */
const PAST_THE_SESSION_MS = 15_000;
const GOING_ON_MS = 45_000;

/** Frozen in the middle of its transactions: others have its partitions, and go on. When it wakes, what it had begun must not be stored. */
export const freezeConsumer: Fault = {
  name: 'SIGSTOP of a consumer past its session, then SIGCONT',
  times: 1,
  harmsWorkers: () => 0,
  async inject(scene) {
    const frozen = scene.random.pick(rolesOf(scene, 'consumer'));
    const fenced = await countFenced(frozen);
    await inTransactions(scene, () => frozen.signal('SIGSTOP'));
    try {
      await sleep(PAST_THE_SESSION_MS);
      const ends = await endsOf(scene.platform); // of what came since: the frozen one may have stored all that was there before
      await waitFor(`the other ones go on while ${frozen.name} is frozen`, () => hasStoredUpTo(scene.platform, ends), {
        withinMs: GOING_ON_MS,
      });
    } finally {
      frozen.signal('SIGCONT');
    }
    await waitFor(`a transaction of ${frozen.name} is fenced`, async () => (await countFenced(frozen)) > fenced, { withinMs: GOING_ON_MS });
  },
};

/** So long is enough for every consumer to have ticks of its own to store. */
const HELD_MS = 1_500;

/** Holds every partition's offset until each consumer has a transaction that waits for it, strikes, and lets go. */
async function inTransactions(scene: Scene, strike: () => void): Promise<void> {
  const { pool } = scene.platform.db();
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT FROM ops.stream_offsets WHERE topic = $1 FOR UPDATE', [PRICES_TOPIC]);
    await waitFor(
      'a batch of each consumer is under way',
      async () => {
        const { rows } = await pool.query<{ count: number }>(
          `SELECT count(*)::integer FROM pg_stat_activity WHERE application_name = 'cdp consumer' AND wait_event_type = 'Lock'`,
        );
        return (rows[0]?.count ?? 0) >= rolesOf(scene, 'consumer').length;
      },
      { withinMs: 6_000, everyMs: 20 },
    );
    await sleep(HELD_MS);
    strike();
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

const countFenced = (process: SupervisedProcess) => sumOfMetric(process, 'cdp_stream_fenced_total');
