/** ops.gaps. Grain: one stretch of time, (from, to], that no source offers any more. */
import type { Queryable } from '../../platform/postgres/database.js';

export interface Gap {
  source: string;
  /** Null: every coin of the source. */
  coinId: string | null;
  from: Date;
  to: Date;
  reason: string;
}

/** One that is known already stays as it is: what no source offers is a hole again each time that holes are looked for. */
export async function insertGap(tx: Queryable, gap: Gap, now: Date): Promise<void> {
  await tx.query(
    `INSERT INTO ops.gaps (source, coin_id, from_at, to_at, reason, noticed_at)
     SELECT $1, $2, $3, $4, $5, $6
     WHERE NOT EXISTS (
       SELECT FROM ops.gaps
       WHERE source = $1 AND coin_id IS NOT DISTINCT FROM $2::text AND from_at = $3::timestamptz AND to_at = $4::timestamptz AND reason = $5)`,
    [gap.source, gap.coinId, gap.from, gap.to, gap.reason, now],
  );
}
