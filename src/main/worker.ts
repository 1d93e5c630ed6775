/** The worker: schedules and runs the pipelines; migrates the schema. */

import type { PriceSource } from '../../jobs/sources/source.js';
import { startPriceSource } from '../../jobs/sources/start-source.js';
import { startWorker } from '../../jobs/worker.js';
import { DEFAULT_RULES } from '../alerts/default-rules.js';
import { ensureDefaultRules } from '../alerts/rules.js';
import type { CommandContext } from './command.js';
import { attachPostgres, type Foundation, startFoundation } from './foundation/foundation.js';
import { observeDatabase } from './foundation/metrics.js';
import { type Operations, startOperations } from './foundation/operations.js';

export async function startSource({ config, logger, lifecycle }: CommandContext, { db, clock }: Foundation): Promise<PriceSource> {
  const { source } = await lifecycle.start(
    'source',
    () => startPriceSource(config, { database: db, clock, logger }),
    (started) => started.stop(),
  );
  return source;
}

export async function startPipelines(
  { config, logger, lifecycle }: CommandContext,
  { db, log, clock }: Foundation,
  source: PriceSource,
  { metrics, health: { heartbeats } }: Pick<Operations, 'metrics' | 'health'>,
): Promise<void> {
  observeDatabase(metrics, db);
  await ensureDefaultRules(db, DEFAULT_RULES, clock.now());
  const worker = await lifecycle.start(
    'worker',
    () => startWorker({ db, log, source, config, clock, logger, metrics, heartbeats }),
    (started) => started.stop(),
  );
  worker.ended.catch(lifecycle.fail);
}

export default async function worker(context: CommandContext): Promise<void> {
  const foundation = await startFoundation(context, 'worker', attachPostgres(context), { migrates: true });
  const operations = await startOperations(context, 'worker', foundation);
  await startPipelines(context, foundation, await startSource(context, foundation), operations);
  context.logger.info(`worker: ${operations.url}/status`);
  await context.lifecycle.stopped;
}
