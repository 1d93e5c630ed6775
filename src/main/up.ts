/** `cdp up`: every role in one process, on the embedded Postgres and its log unless others are given. */
import { startPriceSource } from '../../jobs/sources/start-source.js';
import { DEFAULT_RULES } from '../alerts/default-rules.js';
import { ensureDefaultRules } from '../alerts/rules.js';
import { createHealth } from '../platform/health.js';
import { createMetrics, observePool } from '../platform/metrics.js';
import type { CommandContext } from './command.js';
import { startConsumer } from './consumer.js';
import { startFoundation } from './foundation.js';
import { startGateway } from './gateway.js';
import { startPostgres } from './postgres.js';
import { startProducer } from './producer.js';

export default async function up(context: CommandContext): Promise<void> {
  const { config, logger, lifecycle } = context;
  const begun = performance.now();
  const url = await startPostgres(context);
  const foundation = await startFoundation(context, 'up', url, { migrates: true });
  const { db, clock } = foundation;
  const metrics = createMetrics('up');
  observePool(metrics, db.pool);
  const health = createHealth();
  const gateway = await startGateway(context, foundation, { health, metrics });
  logger.info(`gateway: ${gateway.url}/graphql`);
  await ensureDefaultRules(db, DEFAULT_RULES, clock.now());
  const { source } = await lifecycle.start(
    'source',
    () => startPriceSource(config, { database: db, clock, logger }),
    (started) => started.stop(),
  );
  await startConsumer(context, foundation);
  await startProducer(context, foundation, source);
  logger.info(`up in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  await lifecycle.stopped;
}
