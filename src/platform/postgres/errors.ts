/** What an error of Postgres says about trying again. */
import { isNativeError } from 'node:util/types';
import pg from 'pg';

/** SQLSTATEs after which the same transaction, begun anew, may succeed: lost races, a server that restarts or is full. */
const TRANSIENT_STATES = new Set(['40001', '40P01', '55P03', '57P01', '57P02', '57P03', '57P05', '25P03', '53300', '53400']);
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** As pg has it, where a connection was silent for longer than query_timeout. */
export const GIVEN_UP = 'Query read timeout';
/** pg reports a lost or missing connection by message only. */
const CONNECTION_LOST = new RegExp(
  `^(Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded when trying to connect|${GIVEN_UP})`,
);

/** True where the database was away, or the transaction lost a race: not the statement's fault. */
export function isTransient(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const { errors } = error as Partial<AggregateError>; // one per address of the host
  if (errors !== undefined && errors.length > 0) return errors.every(isTransient);
  const code = (error as { code?: unknown }).code;
  if (error instanceof pg.DatabaseError) return typeof code === 'string' && (TRANSIENT_STATES.has(code) || code.startsWith('08'));
  return (typeof code === 'string' && NETWORK_CODES.has(code)) || CONNECTION_LOST.test(error.message);
}
