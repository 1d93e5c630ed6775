/** Faults of the worker that executes a run: another one must take it over, and soon. */
import { waitFor } from '../../kit/wait-for.js';
import type { Scene } from '../scene.js';
import type { Fault } from './fault.js';
import { atAnyMoment } from './moments.js';
import { rolesOf } from './roles.js';

/** A lease holds for 15 s; then the next one who looks has the run. */
const TAKEN_OVER_MS = 20_000;

export const workerKilled: Fault = {
  name: 'kill -9 of the worker that executes a run: taken over within 20 s',
  times: 1,
  inject: (scene) => strike(scene, 'SIGKILL'),
};

export const workerFrozen: Fault = {
  name: 'SIGSTOP of the worker that executes a run: taken over within 20 s, then SIGCONT',
  times: 1,
  leasesLapse: true,
  inject: (scene) => strike(scene, 'SIGSTOP'),
};

interface Run {
  id: bigint;
  attempt: number;
  pipeline: string;
  pid: number;
}

async function strike(scene: Scene, signal: NodeJS.Signals): Promise<void> {
  const { pool } = scene.platform.db();
  const of = async (pid: number) => {
    const { rows } = await pool.query<Run>(
      `SELECT id, attempt, pipeline, split_part(lease_owner, '/', 2)::integer AS pid FROM ops.pipeline_runs
       WHERE status = 'RUNNING' AND split_part(lease_owner, '/', 2)::integer = $1`,
      [pid],
    );
    return rows;
  };
  for (;;) {
    await atAnyMoment(scene);
    const { rows } = await pool.query<Run>(
      `SELECT split_part(lease_owner, '/', 2)::integer AS pid FROM ops.pipeline_runs WHERE status = 'RUNNING' ORDER BY id DESC LIMIT 1`,
    );
    const worker = rolesOf(scene, 'worker').find((each) => each.pid === rows[0]?.pid);
    if (worker === undefined) continue;
    const pid = worker.pid as number;
    worker.signal(signal);
    try {
      const runs = await of(pid); // what it holds now, nobody finishes for it
      for (const run of runs) await isTakenOver(scene, run);
      if (runs.length > 0) return;
    } finally {
      if (signal === 'SIGSTOP') worker.signal('SIGCONT');
    }
  }
}

function isTakenOver({ platform }: Scene, { id, attempt, pipeline }: Run): Promise<unknown> {
  return waitFor(
    `the run of ${pipeline} is taken over`,
    async () => {
      const { rows } = await platform.db().pool.query<{ attempt: number }>('SELECT attempt FROM ops.pipeline_runs WHERE id = $1', [id]);
      return (rows[0]?.attempt ?? 0) > attempt;
    },
    { withinMs: TAKEN_OVER_MS },
  );
}
