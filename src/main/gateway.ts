/** The gateway: serves the GraphQL API. Beside a running `up`, or on a Postgres of its own. */
import { join } from 'node:path';
import { startLive } from '../../graphql/live/live.js';
import { createGateway } from '../../graphql/server.js';
import { redriveDeadLetters, redriveRejectedRows } from '../../jobs/streams/redrive.js';
import { type AdminKey, loadAdminKey } from '../platform/admin-key.js';
import { DEFAULT_PORTS } from '../platform/config.js';
import { createHealth } from '../platform/health.js';
import { projectRoot } from '../platform/project-root.js';
import type { CommandContext } from './command.js';
import { attachPostgres, type Foundation, startFoundation } from './foundation/foundation.js';
import { startMetrics, version } from './foundation/metrics.js';
import type { Operations } from './foundation/operations.js';

/** How long one of its statements may take: somebody waits for it, and behind them all who ask the same. */
export const ANSWER_WITHIN_MS = 15_000;

export interface StartedGateway {
  /** http://host:port */
  url: string;
  adminKey: AdminKey | null;
}

export async function startGateway(
  { config, logger, lifecycle }: CommandContext,
  { db, log, clock }: Foundation,
  { health, metrics }: Pick<Operations, 'health' | 'metrics'>,
): Promise<StartedGateway> {
  const adminKey = loadAdminKey(config);
  const live = await startLive({ log, db, logger, heartbeats: health.heartbeats });
  const gateway = await lifecycle.start(
    'gateway',
    () =>
      createGateway({
        config: { host: config.host, port: config.port ?? DEFAULT_PORTS.gateway, allowedOrigins: config.allowedOrigins ?? [] },
        db,
        log,
        live,
        clock,
        adminKey,
        health,
        metrics,
        logger,
        platform: { realm: config.realm, version, startedAt: clock.now() },
        actions: {
          redriveDeadLetters: (ids) => redriveDeadLetters(db, log, clock, ids),
          redriveRejectedRows: (ids) => redriveRejectedRows(db, log, clock, ids),
        },
        pages: join(projectRoot, 'dist/web'),
      }),
    (started) => started.close(),
  );
  return { url: await gateway.listen(), adminKey };
}

export default async function gateway(context: CommandContext): Promise<void> {
  const options = { migrates: false, needsLog: false, answerWithinMs: ANSWER_WITHIN_MS };
  const foundation = await startFoundation(context, 'gateway', attachPostgres(context), options);
  const health = createHealth();
  const metrics = startMetrics('gateway', [foundation.db], health);
  const { url } = await startGateway(context, foundation, { health, metrics });
  context.logger.info(`gateway: ${url}/graphql`);
  await context.lifecycle.stopped;
}
