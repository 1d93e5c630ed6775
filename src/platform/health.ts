/**
 * What a process says of itself: alive (/livez) while none of its loops is stuck, and ready to be sent work (/readyz) as the sum of its
 * parts, each with its name and, where it is not well, the reason. Degraded still counts as ready.
 */
import { Heartbeats, type StuckLoop } from './heartbeats.js';
import type { Database } from './postgres/database.js';
import { getSchemaState } from './postgres/migrate.js';
import { within } from './timeout.js';

export type PartState = { status: 'ready' } | { status: 'degraded' | 'not_ready'; reason: string };

export interface Readiness {
  status: 'ready' | 'degraded' | 'not_ready';
  parts: ({ name: string } & PartState)[];
}

export interface Liveness {
  status: 'alive' | 'stuck';
  stuck: StuckLoop[];
}

export interface Health {
  /** Of the loops of this process. */
  heartbeats: Heartbeats;
  liveness(): Liveness;
  addPart(name: string, check: () => PartState | Promise<PartState>): void;
  readiness(): Promise<Readiness>;
  /** From now on not ready: the load balancer sends no more while what is under way ends. */
  drain(): void;
}

const CHECK_TIMEOUT_MS = 2_000;

export function createHealth(): Health {
  const checks = new Map<string, () => PartState | Promise<PartState>>();
  const heartbeats = new Heartbeats();
  let draining = false;
  return {
    heartbeats,
    liveness() {
      const stuck = heartbeats.stuck();
      return { status: stuck.length === 0 ? 'alive' : 'stuck', stuck };
    },
    addPart: (name, check) => checks.set(name, check),
    drain() {
      draining = true;
    },
    async readiness() {
      const parts = await Promise.all(Array.from(checks, async ([name, check]) => ({ name, ...(await settle(check)) })));
      if (draining) parts.push({ name: 'process', status: 'not_ready', reason: 'draining: it was asked to stop' });
      const has = (status: PartState['status']) => parts.some((part) => part.status === status);
      return { status: has('not_ready') ? 'not_ready' : has('degraded') ? 'degraded' : 'ready', parts };
    },
  };
}

async function settle(check: () => PartState | Promise<PartState>): Promise<PartState> {
  const notReady = (reason: string): PartState => ({ status: 'not_ready', reason });
  try {
    return await within(CHECK_TIMEOUT_MS, Promise.resolve(check()), () => notReady(`no answer within ${CHECK_TIMEOUT_MS} ms`));
  } catch (error) {
    return notReady((error as Error).message);
  }
}

/** Reachable, and its schema not behind this version. (One that is ahead is refused at the start; later it is a newer role's upgrade.) */
export async function checkDatabase(db: Database): Promise<PartState> {
  const { pending } = await getSchemaState(db.pool);
  return pending.length === 0 ? { status: 'ready' } : { status: 'not_ready', reason: `the schema lacks ${pending.join(', ')}` };
}
