/** Log records that could not be read, or that failed again and again. Grain: one (topic, partition, offset). */
import type { LogRecord } from '../../platform/event-log/event-log.js';
import type { Database, Queryable } from '../../platform/postgres/database.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

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
      records.map((record) => (record.key === null ? null : withoutNul(record.key))),
      records.map(({ headers }) =>
        JSON.stringify(Object.fromEntries(Object.entries(headers).map(([name, value]) => [withoutNul(name), withoutNul(value)]))),
      ),
      letters.map((letter) => withoutNul(letter.reason)),
      records.map((record) => record.value),
    ],
  });
}

/** Postgres text holds no NUL. */
const withoutNul = (text: string) => text.replaceAll('\0', '');

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

/** Returns how many were neither redriven nor discarded before: what is done once is not done again, or undone. */
export async function markDeadLetters(db: Queryable, ids: readonly bigint[], as: 'redriven' | 'discarded', now: Date): Promise<number> {
  const { rowCount } = await db.query(
    `UPDATE ops.dead_letters SET ${as}_at = $2 WHERE id = ANY ($1::bigint[]) AND redriven_at IS NULL AND discarded_at IS NULL`,
    [ids, now],
  );
  return rowCount ?? 0;
}

/** Ids of all that wait for an operator, or of those whose reason holds the text; oldest first. */
export async function findPendingDeadLetters(db: Queryable, reason: string | null): Promise<bigint[]> {
  const { rows } = await db.query<{ id: bigint }>(
    `SELECT id FROM ops.dead_letters WHERE redriven_at IS NULL AND discarded_at IS NULL AND ($1::text IS NULL OR strpos(reason, $1) > 0)
     ORDER BY id`,
    [reason],
  );
  return rows.map((row) => row.id);
}

/** Its text, or "base64:" and its bytes where they are no UTF-8 text. */
export function readablePayload(payload: Uint8Array): string {
  try {
    return UTF8.decode(payload);
  } catch {
    return `base64:${Buffer.from(payload).toString('base64')}`;
  }
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
  discardedAt: Date | null;
}

/** With what only a look at one letter needs. */
export interface WholeDeadLetter extends DeadLetterRow {
  key: string | null;
  headers: unknown;
}

export async function findDeadLetter(db: Pick<Database, 'prisma'>, id: bigint): Promise<WholeDeadLetter | null> {
  return db.prisma.deadLetter.findUnique({ where: { id } });
}

/** At most `limit` letters older than the letter `after`; those that were discarded aside. `pending`: those that were redriven too. */
export async function getDeadLetters(
  db: Pick<Database, 'prisma'>,
  page: { after: bigint | null; limit: number; pending?: boolean },
): Promise<DeadLetterRow[]> {
  return db.prisma.deadLetter.findMany({
    where: { id: { lt: page.after ?? undefined }, discardedAt: null, redrivenAt: page.pending ? null : undefined },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
}
