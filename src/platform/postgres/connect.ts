/** A first connection to a database, or a person's words for why there is none. */
import pg from 'pg';
import { EXIT_FAILURE, EXIT_TRY_AGAIN, OperatorError } from '../../domain/errors.js';
import { isTransient } from './errors.js';

export async function connect(url: string, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: applicationName, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {}); // the query under way reports it
  try {
    await client.connect();
    return client;
  } catch (cause) {
    const { host, port, database, user } = client;
    const where = `The database ${database} at ${host}:${port}`;
    const away = isTransient(cause);
    throw new OperatorError(`${where} ${explain(cause as Error, away, user)}`, away ? EXIT_TRY_AGAIN : EXIT_FAILURE, { cause });
  }
}

function explain(error: Error & { code?: string }, away: boolean, user: string | undefined): string {
  if (away) return `cannot be reached (${error.code ?? error.message}). Start it, or check the host and port in DATABASE_URL.`;
  if (error.code === '28P01' || error.code === '28000') return `refuses the user ${user}. Check user and password in DATABASE_URL.`;
  if (error.code === '3D000') return 'does not exist. Create it, or check the name in DATABASE_URL.';
  return `cannot be used (${error.message}). Check DATABASE_URL.`;
}
