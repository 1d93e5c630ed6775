/**
 * ops.changed_days: marks of (coin, day) that a writer touched, or (null, day) where a figure of the whole market changed; a writer
 * makes them in the transaction of its rows, a publish takes them. Insert-only, and a mark may stand there many times.
 */
import type { UtcDate } from '../../domain/time.js';
import type { Queryable } from '../../platform/postgres/database.js';

export interface ChangedDay {
  coinId: string | null;
  day: UtcDate;
}

export async function markChangedDays(tx: Queryable, marks: readonly ChangedDay[]): Promise<void> {
  if (marks.length === 0) return;
  await tx.query('INSERT INTO ops.changed_days (coin_id, day) SELECT DISTINCT * FROM unnest($1::text[], $2::date[])', [
    marks.map((mark) => mark.coinId),
    marks.map((mark) => mark.day),
  ]);
}

/**
 * For who starts or stops tracking coins, or changes their source, in the same transaction: the marts of every day that they have
 * rows or candles of are made anew by the next publish.
 */
export async function markAllDays(tx: Queryable, coinIds: readonly string[]): Promise<void> {
  await tx.query(
    `INSERT INTO ops.changed_days (coin_id, day)
     SELECT coin_id, day FROM mart.mart_crypto_performance WHERE coin_id = ANY ($1)
     UNION
     SELECT coin_id, (bucket_start AT TIME ZONE 'UTC')::date FROM mart.mart_price_candles WHERE coin_id = ANY ($1) AND interval = '1d'`,
    [coinIds],
  );
}

/** Leaves the oldest of the marks of each (coin, day). Only under the lock of publishes: a mark stands for rows that are committed. */
export async function deleteRepeatedMarks(tx: Queryable): Promise<number> {
  const { rowCount } = await tx.query(
    `DELETE FROM ops.changed_days AS d
     USING (SELECT ctid, row_number() OVER (PARTITION BY coin_id, day ORDER BY marked_at, ctid) AS number FROM ops.changed_days) AS repeated
     WHERE d.ctid = repeated.ctid AND repeated.number > 1`,
  );
  return rowCount ?? 0;
}
