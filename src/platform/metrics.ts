/** Prometheus metrics of one process. Names begin with cdp_, carry their unit, and their labels have few values. */
import type pg from 'pg';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** A registry of the process's own, with Node's default metrics; every sample says the role. */
export function createMetrics(role: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Connections of a pool by state, read when the metrics are. */
export function observePool(registry: Registry, pool: pg.Pool): void {
  new Gauge({
    name: 'cdp_database_connections',
    help: 'Connections of this process to Postgres; waiting: requests for one',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
      this.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
}
