/** What statements are sent through: a pool, a connection, a transaction. */
import type pg from 'pg';

export interface Queryable extends Pick<pg.ClientBase, 'query'> {
  /** Statements may be sent before earlier ones are answered: see atOnce. */
  readonly pipeline?: boolean;
}
