/** raw.raw_prices as received. Grain: one log position, or one point of one history call. */
import type { Queryable } from '../../platform/postgres/database.js';

/** The start of the oldest month that is kept: what was observed later stands in raw; of what lies before it raw may be gone. */
export async function getRawStart(db: Queryable): Promise<Date> {
  const { rows } = await db.query<{ start: Date }>(
    `SELECT coalesce(min(substring(pg_get_expr(child.relpartbound, child.oid) FROM 'FROM \\(''([^'']+)''\\)')::timestamptz), 'epoch') AS start
     FROM pg_inherits AS i JOIN pg_class AS child ON child.oid = i.inhrelid
     WHERE i.inhparent = 'raw.raw_prices'::regclass`,
  );
  return (rows[0] as { start: Date }).start;
}
