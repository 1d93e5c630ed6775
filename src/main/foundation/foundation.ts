/**
 * What every role stands on: the Postgres that DATABASE_URL gives or the embedded one, the database in it, migrated and of the right
 * realm, and the event log with its topics.
 */
import { type Clock, systemClock } from '../../domain/time.js';
import type { EventLog } from '../../platform/event-log/event-log.js';
import { startCopyGuard } from '../../platform/postgres/copy-guard.js';
import { type Database, openDatabase } from '../../platform/postgres/database.js';
import { attach, startEmbeddedPostgres } from '../../platform/postgres/embedded.js';
import { migrate, requireCurrentSchema } from '../../platform/postgres/migrate.js';
import { claimRealm } from '../../platform/realm.js';
import { ensureMonthlyPartitions, priceWindow } from '../../store/raw/partitions.js';
import type { CommandContext } from '../command.js';
import { ensureTopics, startEventLog } from './event-log.js';

export interface Foundation {
  db: Database;
  log: EventLog;
  clock: Clock;
}

interface FoundationOptions {
  /** This role may bring the schema up to date; the others refuse to work on one that is behind. */
  migrates: boolean;
  /** It cannot begin without the log. */
  needsLog?: boolean;
  /** It appends prices, which a number of partitions other than the recorded one would put out of order. */
  produces?: boolean;
  /** Of its database: how long a statement may take. */
  answerWithinMs?: number;
}

export async function startFoundation(
  context: CommandContext,
  role: string,
  url: string,
  { migrates, needsLog = true, produces = false, answerWithinMs }: FoundationOptions,
): Promise<Foundation> {
  const { config, logger, lifecycle } = context;
  const clock = systemClock;
  if (migrates) {
    const applied = await migrate(url);
    if (applied.length > 0) logger.info(`schema brought up to date: ${applied.join(', ')}`);
  }
  const db = await lifecycle.start(
    'database',
    () => openDatabase(url, { applicationName: `cdp ${role}`, maxConnections: 20, answerWithinMs }),
    (database) => database.close(),
  );
  await lifecycle.start(
    'copy guard',
    () => startCopyGuard(db, logger),
    (guard) => guard.stop(),
  );
  await requireCurrentSchema(url);
  await claimRealm(db.pool, config, clock);
  const { from, to } = priceWindow(clock.now(), config.retentionDays);
  await ensureMonthlyPartitions(db, from, to);
  const log = await startEventLog(context, role, db);
  await ensureTopics(context, db, log, { needsLog, produces });
  return { db, log, clock };
}

/** The URL of the given Postgres, or of the embedded one, which runs as long as this process. */
export async function startPostgres({ config, logger, lifecycle }: CommandContext): Promise<string> {
  if (config.databaseUrl !== null) return config.databaseUrl;
  const postgres = await lifecycle.start(
    'postgres',
    () => startEmbeddedPostgres(config.dataDir, logger),
    (started) => started.stop(),
  );
  void postgres.lost.then(lifecycle.fail);
  return postgres.url;
}

/** For commands beside a running platform, which look at its database and change little in it. */
export async function openCommandDatabase(context: CommandContext, command: string): Promise<Database> {
  const url = attachPostgres(context);
  await requireCurrentSchema(url);
  return context.lifecycle.start(
    'database',
    () => openDatabase(url, { applicationName: `cdp ${command}`, maxConnections: 2 }),
    (database) => database.close(),
  );
}

/** The URL of the given Postgres, or of the embedded one of a running `up`: for commands beside it. */
export function attachPostgres({ config }: CommandContext): string {
  return config.databaseUrl ?? attach(config.dataDir);
}
