/**
 * The limit of what a database can take in: COPY of rows, encoded before the clock runs, into a table that has neither an index nor a
 * constraint. An ordinary table: logged, and on the disk when it is acknowledged.
 */
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Database } from '../../../src/platform/postgres/database.js';
import { type Cost, costOf, meanCost, timed } from '../measure.js';

const CHUNK_BYTES = 65_536;
/** One alone is too short to be compared with. */
const TIMES = 3;

export interface BareCopy {
  rows: number;
  /** The mean of a few. `cpu`: the CPU time of those who take part, so far. */
  run(cpu: () => number | null): Promise<Cost>;
  /** Seconds of the same into a table with the indexes of raw, and from there into one with those of staging, nothing read or judged. */
  intoRawAndStaging(): Promise<number>;
}

const INTO_STAGING = `INSERT INTO bare_staging (coin_id, source, observed_at, price_usd, grain, revisions, suspect, received_at, origin, position)
SELECT coin_id, source, observed_at, price_usd, grain, 0, false, received_at, origin, position FROM bare_raw`;

/** Of the rows of raw.raw_prices that the condition names. */
export async function prepareBareCopy(db: Database, condition: string): Promise<BareCopy> {
  const text = await encodeRows(db, `SELECT * FROM raw.raw_prices WHERE ${condition} ORDER BY observed_at, origin, position`);
  const chunks = Array.from({ length: Math.ceil(text.length / CHUNK_BYTES) }, (_, index) =>
    text.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
  let rows = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) rows++;
  return {
    rows,
    async run(cpu) {
      await db.pool.query('DROP TABLE IF EXISTS bare; CREATE TABLE bare AS SELECT * FROM raw.raw_prices WITH NO DATA');
      const costs: Cost[] = [];
      for (let time = 0; time < TIMES; time++) costs.push(await costOf(cpu, () => copy(db, 'bare', chunks)));
      return meanCost(costs);
    },
    async intoRawAndStaging() {
      await db.pool.query(
        `DROP TABLE IF EXISTS bare_raw, bare_staging;
         CREATE TABLE bare_raw (LIKE raw.raw_prices INCLUDING ALL); CREATE TABLE bare_staging (LIKE staging.stg_prices INCLUDING ALL)`,
      );
      const { seconds } = await timed(async () => {
        await copy(db, 'bare_raw', chunks);
        await db.pool.query(INTO_STAGING);
      });
      return seconds;
    },
  };
}

async function copy(db: Database, table: string, chunks: readonly Buffer[]): Promise<void> {
  const client = await db.pool.connect();
  try {
    await pipeline(chunks, client.query(copyFrom(`COPY ${table} FROM STDIN`)));
  } finally {
    client.release();
  }
}

async function encodeRows(db: Database, select: string): Promise<Buffer> {
  const client = await db.pool.connect();
  try {
    const stream = client.query(copyTo(`COPY (${select}) TO STDOUT`));
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(stream, 'end');
    return Buffer.concat(chunks);
  } finally {
    client.release();
  }
}
