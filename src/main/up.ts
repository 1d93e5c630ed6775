/** `cdp up`: every role in one process, on the embedded Postgres and its log unless others are given. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stream } from '../../jobs/runtime/stream/stream.js';
import { createHealth, type Health } from '../platform/health.js';
import { openDatabase } from '../platform/postgres/database.js';
import { findPublishedThrough } from '../store/pipelines/datasets.js';
import type { CommandContext } from './command.js';
import { checkPartitions, startConsumer } from './consumer.js';
import { startFoundation, startPostgres } from './foundation/foundation.js';
import { startMetrics } from './foundation/metrics.js';
import { ANSWER_WITHIN_MS, type StartedGateway, startGateway } from './gateway.js';
import { startProducer } from './producer.js';
import { startPipelines, startSource } from './worker.js';

export default async function up(context: CommandContext): Promise<void> {
  const { logger, lifecycle } = context;
  const foundation = await startFoundation(context, 'up', await startPostgres(context), { migrates: true, produces: true });
  const { db } = foundation;
  // Whoever asks is to wait neither behind pipelines nor for as long as they do.
  const gatewayDb = await lifecycle.start(
    'database of the gateway',
    () => openDatabase(db.url, { applicationName: 'cdp up gateway', maxConnections: 10, answerWithinMs: ANSWER_WITHIN_MS }),
    (database) => database.close(),
  );
  const health = createHealth();
  const metrics = startMetrics('up', [db, gatewayDb], health);
  const observed = { health, metrics };
  // Before the gateway listens: it would say that it is ready.
  let consumer: Stream | null = null;
  health.addPart('consumer', () => (consumer === null ? { status: 'not_ready', reason: 'it is starting' } : checkPartitions(consumer)));
  health.addPart('marts', async () =>
    (await findPublishedThrough(db.pool)) === null
      ? { status: 'not_ready', reason: 'the first marts are not published yet' }
      : { status: 'ready' },
  );
  const gateway = await startGateway(context, { ...foundation, db: gatewayDb }, observed);
  const source = await startSource(context, foundation);
  consumer = await startConsumer(context, foundation, observed);
  await startPipelines(context, foundation, source, observed);
  await startProducer(context, foundation, source, observed);

  await untilReady(health, lifecycle.signal);
  logger.info(`ready after ${process.uptime().toFixed(1)} s`);
  console.log(describe(gateway));
  await lifecycle.stopped;
}

async function untilReady(health: Health, signal: AbortSignal): Promise<void> {
  while ((await health.readiness()).status === 'not_ready') await sleep(100, undefined, { signal });
}

function describe({ url, adminKey }: StartedGateway): string {
  const query = '{ coins(first: 3) { nodes { name price { usd observedAt } performance { return30dPct } } } }';
  const key = adminKey === null ? 'none: set ADMIN_API_KEY to change rules or run pipelines' : (adminKey.file ?? 'as ADMIN_API_KEY says');
  return `
  Dashboard       ${url}/
  GraphiQL        ${url}/graphiql
  GraphQL         ${url}/graphql   (WebSocket too)
  Status          ${url}/status
  Metrics         ${url}/metrics
  Operator's key  ${key}

  Try it:
    curl -s ${url}/graphql -H 'content-type: application/json' -d '{"query": "${query}"}'
`;
}
