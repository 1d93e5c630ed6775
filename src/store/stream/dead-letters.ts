/** Log records that could not be read, or that failed again and again. Grain: one (topic, partition, offset). */
import type { LogRecord } from '../../platform/event-log/event-log.js';
import type { Database, Queryable } from '../../platform/postgres/database.js';

export interface DeadLetter {
  record: LogRecord;
  reason: string;
}

export async function insertDeadLetters(tx: Queryable, letters: DeadLetter[]): Promise<void> {
  if (letters.length === 0) return;
  const records = letters.map((letter) => letter.record);
  await tx.query({
    name: 'insert-dead-letters',
    text: `INSERT INTO ops.dead_letters (topic, partition, "offset", key, headers, reason, payload, attempts, stored_at)
           SELECT *, 1, clock_timestamp()
           FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::jsonb[], $6::text[], $7::bytea[])`,
    values: [
      records.map((record) => record.topic),
      records.map((record) => record.partition),
      records.map((record) => record.offset),
      records.map((record) => record.key?.replaceAll('\0', '') ?? null), // Postgres text holds no NUL
      records.map((record) => JSON.stringify(record.headers).replaceAll('\\u0000', '')),
      letters.map((letter) => letter.reason.replaceAll('\0', '')),
      records.map((record) => record.value),
    ],
  });
}

export interface PendingDeadLetter {
  id: bigint;
  topic: string;
  partition: number;
  key: string | null;
  headers: Record<string, string>;
  payload: Buffer;
}

/** Of the given ones those that nobody has redriven or discarded yet, oldest first. */
export async function getPendingDeadLetters(db: Queryable, ids: readonly bigint[]): Promise<PendingDeadLetter[]> {
  const { rows } = await db.query<PendingDeadLetter>(
    `SELECT id, topic, partition, key, headers, payload FROM ops.dead_letters
     WHERE id = ANY ($1::bigint[]) AND redriven_at IS NULL AND discarded_at IS NULL ORDER BY id`,
    [ids],
  );
  return rows;
}

/** Returns how many were not marked before. */
export async function markRedriven(db: Queryable, ids: readonly bigint[], now: Date): Promise<number> {
  const { rowCount } = await db.query(
    'UPDATE ops.dead_letters SET redriven_at = $2 WHERE id = ANY ($1::bigint[]) AND redriven_at IS NULL',
    [ids, now],
  );
  return rowCount ?? 0;
}

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
