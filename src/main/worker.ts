/** The worker: schedules and runs the pipelines; migrates the schema. */

import type { PriceSource } from '../../jobs/sources/source.js';
import { startPriceSource } from '../../jobs/sources/start-source.js';
import { startWorker } from '../../jobs/worker.js';
import { DEFAULT_RULES } from '../alerts/default-rules.js';
import { ensureDefaultRules } from '../alerts/rules.js';
import { DEFAULT_PORTS } from '../platform/config.js';
import { checkDatabase, createHealth } from '../platform/health.js';
import { createMetrics, observePool } from '../platform/metrics.js';
import { startOperationsServer } from '../platform/operations-server.js';
import { getStatus } from '../store/status.js';
import type { CommandContext } from './command.js';
import { attachPostgres, type Foundation, startFoundation } from './foundation.js';

export async function startSource({ config, logger, lifecycle }: CommandContext, { db, clock }: Foundation): Promise<PriceSource> {
  const { source } = await lifecycle.start(
    'source',
    () => startPriceSource(config, { database: db, clock, logger }),
    (started) => started.stop(),
  );
  return source;
}

export async function startPipelines({ config, logger, lifecycle }: CommandContext, { db, log, clock }: Foundation, source: PriceSource) {
  await ensureDefaultRules(db, DEFAULT_RULES, clock.now());
  const worker = await lifecycle.start(
    'worker',
    () => startWorker({ db, log, source, config, clock, logger }),
    (started) => started.stop(),
  );
  worker.ended.catch(lifecycle.fail);
}

export default async function worker(context: CommandContext): Promise<void> {
  const { config, logger, lifecycle } = context;
  const foundation = await startFoundation(context, 'worker', attachPostgres(context), { migrates: true });
  const { db, log, clock } = foundation;
  const metrics = createMetrics('worker');
  observePool(metrics, db.pool);
  const health = createHealth();
  health.addPart('database', () => checkDatabase(db));
  const operations = await lifecycle.start(
    'operations server',
    () =>
      startOperationsServer({
        host: config.host,
        port: config.port ?? DEFAULT_PORTS.worker,
        health,
        metrics,
        status: () => getStatus(db.pool, log, clock.now()),
      }),
    (started) => started.close(),
  );
  await startPipelines(context, foundation, await startSource(context, foundation));
  logger.info(`worker: ${operations.url}/status`);
  await lifecycle.stopped;
}
