/** How the platform is doing, for operators: how fresh its data are, how far history, stream and pipelines have come. Read, never computed twice. */
import { PRICES_TOPIC } from '../domain/prices.js';
import type { EventLog } from '../platform/event-log/event-log.js';
import type { Queryable } from '../platform/postgres/database.js';
import { findNewestObservation } from './mart/latest-prices.js';
import { findHistoryProgress, type HistoryProgress } from './pipelines/history.js';
import { getRuns, type PipelineRunRow } from './pipelines/runs.js';
import { getWriteInstants } from './pipelines/write-instants.js';
import { getPlaces } from './stream/stream-offsets.js';

export interface Status {
  at: Date;
  /** By the source's clock; null before the first price. */
  newestObservationAt: Date | null;
  datasets: DatasetFreshness[];
  /** Null when nothing is to be loaded; 0 of 0 before anybody looked. */
  history: HistoryProgress | null;
  log: LogStatus;
  /** Newest first. */
  runs: PipelineRunRow[];
}

interface DatasetFreshness {
  name: string;
  version: bigint;
  /** The newest published day; null for datasets without days. */
  publishedThrough: string | null;
  /** Of its newest publication; null for what is written as it comes. */
  updatedAt: Date | null;
  /** When rows were last written; null: there is none. */
  writtenAt: Date | null;
}

/** Of the prices' topic: how many records wait in each partition; or why the log cannot say. */
type LogStatus = { partitions: { partition: number; end: bigint; committed: bigint | null; lag: bigint }[] } | { unreachable: string };

const RUNS_SHOWN = 20;

export async function getStatus(db: Queryable, log: EventLog, now: Date): Promise<Status> {
  return {
    at: now,
    newestObservationAt: await findNewestObservation(db),
    datasets: await getFreshness(db),
    history: await findHistoryProgress(db, now),
    log: await getLogStatus(db, log),
    runs: await getRuns(db, { first: RUNS_SHOWN }),
  };
}

async function getFreshness(db: Queryable): Promise<DatasetFreshness[]> {
  const written = await getWriteInstants(db);
  const { rows } = await db.query<Omit<DatasetFreshness, 'writtenAt'>>(
    `SELECT name, version, published_through AS "publishedThrough", updated_at AS "updatedAt" FROM ops.datasets ORDER BY name COLLATE "C"`,
  );
  return rows.map((row) => ({ ...row, writtenAt: written.get(row.name) ?? null }));
}

async function getLogStatus(db: Queryable, log: EventLog): Promise<LogStatus> {
  const committed = new Map((await getPlaces(db, PRICES_TOPIC)).map(({ partition, nextOffset }) => [partition, nextOffset]));
  try {
    const bounds = await log.bounds(PRICES_TOPIC);
    return {
      partitions: bounds.map(({ partition, start, end }) => {
        const next = committed.get(partition) ?? null;
        return { partition, end, committed: next, lag: end - (next ?? start) };
      }),
    };
  } catch (error) {
    return { unreachable: (error as Error).message };
  }
}
