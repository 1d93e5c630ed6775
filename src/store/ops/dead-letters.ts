/** ops.dead_letters, read. Grain: one log record that could not be taken. Newest first. */
import type { Database } from '../../platform/postgres/database.js';

export interface DeadLetterRow {
  id: bigint;
  topic: string;
  partition: number;
  offset: bigint;
  reason: string;
  payload: Uint8Array;
  attempts: number;
  storedAt: Date;
  redrivenAt: Date | null;
}

/** At most `limit` letters older than the letter `after`. */
export async function getDeadLetters(
  db: Pick<Database, 'prisma'>,
  page: { after: bigint | null; limit: number },
): Promise<DeadLetterRow[]> {
  return db.prisma.deadLetter.findMany({
    where: { id: { lt: page.after ?? undefined }, discardedAt: null },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
}
