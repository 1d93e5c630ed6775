/** Rows that failed a dataset's validation, each with the reason and what was received. Grain: one (dataset, origin, position). */
import type { Database, Queryable } from '../../platform/postgres/database.js';

export interface NewRejectedRow {
  source: string | null;
  coinId: string | null;
  origin: string;
  position: bigint;
  reason: string;
  /** As received; text that Postgres can hold. */
  payload: string;
}

/** Rejecting the same row a second time changes nothing. */
export async function insertRejectedRows(tx: Queryable, dataset: string, rows: NewRejectedRow[], now: Date): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: 'insert-rejected-rows',
    text: `INSERT INTO ops.rejected_rows (dataset, source, coin_id, origin, position, reason, payload, rejected_at)
           SELECT $1, source, coin_id, origin, position, reason, payload, $8
           FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
             AS r (source, coin_id, origin, position, reason, payload)
           ON CONFLICT (dataset, origin, position) DO NOTHING`,
    values: [
      dataset,
      rows.map((row) => row.source),
      rows.map((row) => row.coinId),
      rows.map((row) => row.origin),
      rows.map((row) => row.position),
      rows.map((row) => row.reason),
      rows.map((row) => row.payload),
      now,
    ],
  });
}

export interface PendingRejectedRow {
  id: bigint;
  partition: number;
  coinId: string | null;
  payload: string;
}

/** Of the given ones those that came through the topic and that nobody has redriven or discarded yet, oldest first. */
export async function getPendingRejectedRows(db: Queryable, topic: string, ids: readonly bigint[]): Promise<PendingRejectedRow[]> {
  const { rows } = await db.query<PendingRejectedRow>(
    `SELECT id, substr(origin, length($1) + 2)::integer AS partition, coin_id AS "coinId", payload FROM ops.rejected_rows
     WHERE id = ANY ($2::bigint[]) AND starts_with(origin, $1 || '/') AND redriven_at IS NULL AND discarded_at IS NULL ORDER BY id`,
    [topic, ids],
  );
  return rows;
}

/** Returns how many were neither redriven nor discarded before: what is done once is not done again, or undone. */
export async function markRejectedRows(db: Queryable, ids: readonly bigint[], as: 'redriven' | 'discarded', now: Date): Promise<number> {
  const { rowCount } = await db.query(
    `UPDATE ops.rejected_rows SET ${as}_at = $2 WHERE id = ANY ($1::bigint[]) AND redriven_at IS NULL AND discarded_at IS NULL`,
    [ids, now],
  );
  return rowCount ?? 0;
}

/** Ids of all that wait for an operator, or of those whose reason holds the text; oldest first. `topic`: only those that came through it. */
export async function findPendingRejectedRows(db: Queryable, reason: string | null, topic: string | null): Promise<bigint[]> {
  const { rows } = await db.query<{ id: bigint }>(
    `SELECT id FROM ops.rejected_rows WHERE redriven_at IS NULL AND discarded_at IS NULL
       AND ($1::text IS NULL OR strpos(reason, $1) > 0) AND ($2::text IS NULL OR starts_with(origin, $2 || '/'))
     ORDER BY id`,
    [reason, topic],
  );
  return rows.map((row) => row.id);
}

export async function findRejectedRow(db: Pick<Database, 'prisma'>, id: bigint): Promise<RejectedRowRow | null> {
  const row = await db.prisma.rejectedRow.findUnique({ where: { id } });
  return row === null ? null : { ...row, position: String(row.position) };
}

export interface RejectedRowRow {
  id: bigint;
  dataset: string;
  coinId: string | null;
  origin: string;
  position: string;
  reason: string;
  payload: string;
  rejectedAt: Date;
  redrivenAt: Date | null;
  discardedAt: Date | null;
}

/** from and to: [from, to) of rejectedAt. */
export interface RejectedRowFilter {
  dataset?: string | null;
  coinId?: string | null;
  from?: Date | null;
  to?: Date | null;
}

/** At most `limit` rows older than the row `after`; those that were discarded aside. `pending`: those that were redriven too. */
export async function getRejectedRows(
  db: Pick<Database, 'prisma'>,
  page: { filter: RejectedRowFilter; after: bigint | null; limit: number; pending?: boolean },
): Promise<RejectedRowRow[]> {
  const { dataset, coinId, from, to } = page.filter;
  const rows = await db.prisma.rejectedRow.findMany({
    where: {
      dataset: dataset ?? undefined,
      coinId: coinId ?? undefined,
      rejectedAt: { gte: from ?? undefined, lt: to ?? undefined },
      id: { lt: page.after ?? undefined },
      discardedAt: null,
      redrivenAt: page.pending ? null : undefined,
    },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
  return rows.map((row) => ({ ...row, position: String(row.position) }));
}
