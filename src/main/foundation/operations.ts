/** What every role that serves nothing else shows of itself on its port: /livez, /readyz, /metrics, /status. */
import { PRICES_TOPIC } from '../../domain/prices.js';
import { DEFAULT_PORTS } from '../../platform/config.js';
import { checkDatabase, createHealth, type Health } from '../../platform/health.js';
import type { Metrics } from '../../platform/metrics/metrics.js';
import { startOperationsServer } from '../../platform/operations-server.js';
import { getStatus } from '../../store/status.js';
import type { CommandContext } from '../command.js';
import type { Foundation } from './foundation.js';
import { startMetrics } from './metrics.js';

export interface Operations {
  health: Health;
  metrics: Metrics;
  /** http://host:port */
  url: string;
}

export async function startOperations(
  { config, lifecycle }: CommandContext,
  role: 'worker' | 'consumer' | 'producer',
  { db, log, clock }: Foundation,
): Promise<Operations> {
  const health = createHealth();
  const metrics = startMetrics(role, [db], health);
  health.addPart('database', () => checkDatabase(db));
  health.addPart('event log', async () => {
    await log.topicId(PRICES_TOPIC);
    return { status: 'ready' };
  });
  const options = { host: config.host, port: config.port ?? DEFAULT_PORTS[role], health, metrics };
  const { url } = await lifecycle.start(
    'operations server',
    () => startOperationsServer({ ...options, status: () => getStatus(db.pool, log, clock.now()) }),
    (started) => started.close(),
  );
  return { health, metrics, url };
}
