/** Rows that failed at the door of a dataset, each with the reason and what was received. Grain: one (dataset, origin, position). */
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

export interface RejectedRowRow {
  id: bigint;
  dataset: string;
  coinId: string | null;
  origin: string;
  position: string;
  reason: string;
  payload: string;
  rejectedAt: Date;
}

/** from and to: [from, to) of rejectedAt. */
export interface RejectedRowFilter {
  dataset?: string | null;
  coinId?: string | null;
  from?: Date | null;
  to?: Date | null;
}

/** At most `limit` rows older than the row `after`. */
export async function getRejectedRows(
  db: Pick<Database, 'prisma'>,
  page: { filter: RejectedRowFilter; after: bigint | null; limit: number },
): Promise<RejectedRowRow[]> {
  const { dataset, coinId, from, to } = page.filter;
  const rows = await db.prisma.rejectedRow.findMany({
    where: {
      dataset: dataset ?? undefined,
      coinId: coinId ?? undefined,
      rejectedAt: { gte: from ?? undefined, lt: to ?? undefined },
      id: { lt: page.after ?? undefined },
    },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
  return rows.map((row) => ({ ...row, position: String(row.position) }));
}
