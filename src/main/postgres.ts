/** The Postgres that a command works on: given by DATABASE_URL, or embedded. */
import { attach, startEmbeddedPostgres } from '../platform/postgres/embedded.js';
import type { CommandContext } from './command.js';

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

/** The URL of the given Postgres, or of the embedded one of a running `up`: for commands beside it. */
export function attachPostgres({ config }: CommandContext): string {
  return config.databaseUrl ?? attach(config.dataDir);
}
