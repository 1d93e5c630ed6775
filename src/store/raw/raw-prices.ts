/** raw.raw_prices as received. Grain: one log position, or one point of one history call. */
import type { RawPrice } from '../../domain/prices.js';
import { copyIn, copyText } from '../../platform/postgres/copy.js';
import type { Queryable } from '../../platform/postgres/database.js';

const COPY = 'COPY raw.raw_prices (origin, position, observed_at, source, coin_id, price_usd, grain, received_at, payload) FROM STDIN';

const INSERT = `
  INSERT INTO raw.raw_prices (origin, position, observed_at, source, coin_id, price_usd, grain, received_at, payload)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::numeric[], $7::staging.price_grain[],
                       $8::timestamptz[], $9::jsonb[])`;

/** Appends the rows: many by COPY, which takes a third of the time of an INSERT with arrays; few on a pipelined connection, which cannot copy. */
export async function insertRawPrices(tx: Queryable, rows: readonly RawPrice[]): Promise<void> {
  if (!tx.pipeline) return copyRawPrices(tx, rows);
  await tx.query({
    name: 'insert-raw-prices',
    text: INSERT,
    values: [
      rows.map((row) => row.origin),
      rows.map((row) => row.position),
      rows.map((row) => row.observedAt),
      rows.map((row) => row.source),
      rows.map((row) => row.coinId),
      rows.map((row) => row.priceUsd),
      rows.map((row) => row.grain),
      rows.map((row) => row.receivedAt),
      rows.map((row) => row.payload),
    ],
  });
}

async function copyRawPrices(tx: Queryable, rows: readonly RawPrice[]): Promise<void> {
  let text = '';
  for (const row of rows) {
    text += `${copyText(row.origin)}\t${row.position}\t${row.observedAt.toISOString()}\t${copyText(row.source)}\t${copyText(row.coinId)}\t${row.priceUsd}\t${row.grain}\t${row.receivedAt.toISOString()}\t${copyText(row.payload)}\n`;
  }
  await copyIn(tx, COPY, text);
}

/**
 * What was observed later stands in raw; of what lies before it raw may be gone: the start of the oldest month, or the end of the newest
 * one that was dropped (an old month may have been made again since, empty).
 */
export async function getRawStart(db: Queryable): Promise<Date> {
  const { rows } = await db.query<{ start: Date }>(
    `SELECT greatest(
       (SELECT raw_kept_from FROM ops.database),
       coalesce(min(substring(pg_get_expr(child.relpartbound, child.oid) FROM 'FROM \\(''([^'']+)''\\)')::timestamptz), 'epoch')) AS start
     FROM pg_inherits AS i JOIN pg_class AS child ON child.oid = i.inhrelid
     WHERE i.inhparent = 'raw.raw_prices'::regclass`,
  );
  return (rows[0] as { start: Date }).start;
}
