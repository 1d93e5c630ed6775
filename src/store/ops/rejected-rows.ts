/** ops.rejected_rows, read. Grain: one row that failed at the door of a dataset. Newest first. */
import type { Database } from '../../platform/postgres/database.js';

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
