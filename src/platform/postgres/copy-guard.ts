/**
 * Ends connections of ours that stand in the middle of a COPY and send nothing: a frozen process would hold its locks for as long as it is
 * frozen. No time-out of Postgres does it (18: neither statement_timeout, nor idle_in_transaction_session_timeout, nor transaction_timeout
 * is looked at while a COPY waits for its client). Elsewhere in a transaction idle_in_transaction_session_timeout does the same.
 */
import type { Logger } from '../logger.js';
import type { Database } from './database.js';

/** Every role's connections are named so; another program's COPY is none of our business. */
const APPLICATION_PREFIX = 'cdp ';
const EVERY_MS = 2_500;
const SILENT_FOR_MS = 10_000;

interface Copying {
  pid: number;
  application: string;
  /** Of the statement, and how far it has come: tells two copies of one connection apart. */
  progress: string;
}

const PROGRESS = `a.query_start || ' ' || p.bytes_processed`;
const COPYING = `
  FROM pg_stat_activity AS a
  JOIN pg_stat_progress_copy AS p ON p.pid = a.pid AND p.command = 'COPY FROM'
  WHERE a.datname = current_database() AND a.usename = current_user AND starts_with(a.application_name, $1) AND a.wait_event = 'ClientRead'`;

/** Looks now and then, until it is stopped. */
export function startCopyGuard(
  { pool }: Pick<Database, 'pool'>,
  logger: Logger,
  { everyMs, silentForMs } = { everyMs: EVERY_MS, silentForMs: SILENT_FOR_MS },
): { stop(): void } {
  let known = new Map<string, number>();
  let looking = false;
  const look = async () => {
    const text = `SELECT a.pid, a.application_name AS application, ${PROGRESS} AS progress ${COPYING}`;
    const { rows } = await pool.query<Copying>({ name: 'get-copying', text, values: [APPLICATION_PREFIX] });
    const now = performance.now();
    known = new Map(rows.map(({ pid, progress }) => [`${pid} ${progress}`, known.get(`${pid} ${progress}`) ?? now]));
    for (const { pid, application, progress } of rows) {
      if (now - (known.get(`${pid} ${progress}`) as number) < silentForMs) continue;
      const end = `SELECT pg_terminate_backend(a.pid) ${COPYING} AND a.pid = $2 AND ${PROGRESS} = $3`;
      const { rowCount } = await pool.query(end, [APPLICATION_PREFIX, pid, progress]);
      if (rowCount === 1)
        logger.warn(
          { pid, application },
          `a connection was ended: it stood in the middle of a COPY and sent nothing for ${silentForMs} ms`,
        );
    }
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) => logger.debug({ err: error }, 'who copies could not be asked')) // the database is away: others say so
      .finally(() => {
        looking = false;
      });
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
