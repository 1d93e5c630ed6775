/**
 * The limit of what a database can take in: COPY of rows, encoded before the clock runs, into a table that has neither an index nor a
 * constraint. An ordinary table: logged, and on the disk when it is acknowledged.
 */
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Database } from '../../../src/platform/postgres/database.js';
import { type Cost, costOf, meanCost } from '../measure.js';

const CHUNK_BYTES = 65_536;
/** One alone is too short to be compared with. */
const TIMES = 3;

export interface BareCopy {
  rows: number;
  /** The mean of a few. `cpu`: the CPU time of those who take part, so far. */
  run(cpu: () => number | null): Promise<Cost>;
}

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
      for (let time = 0; time < TIMES; time++) costs.push(await costOf(cpu, () => copy(db, chunks)));
      return meanCost(costs);
    },
  };
}

async function copy(db: Database, chunks: readonly Buffer[]): Promise<void> {
  const client = await db.pool.connect();
  try {
    await pipeline(chunks, client.query(copyFrom('COPY bare FROM STDIN')));
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
