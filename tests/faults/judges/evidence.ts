/** What the judges judge by, read once: the log from 0 to its end, what raw holds, and the model's view of it. */
import { ALERTS_TOPIC, logOrigin, PRICES_TOPIC, type RawPrice, UPDATES_TOPIC } from '../../../src/domain/prices.js';
import type { LogRecord } from '../../../src/platform/event-log/event-log.js';
import { type ModelPrice, modelPrices } from '../../kit/reference/prices.js';
import { readFeeds, readRawPrices } from '../../kit/reference/published-prices.js';
import type { LostPositions, Platform, ReadRecord } from '../platform/platform.js';

export interface Evidence {
  prices: ReadRecord[];
  updates: LogRecord[];
  alerts: LogRecord[];
  /** Of the topic of prices: positions that were lost before they could be read. */
  lost: readonly LostPositions[];
  raw: RawPrice[];
  /** The model's, of all of raw. */
  standing: ModelPrice[];
  feeds: Map<string, string>;
  /** Accepted ticks of the feeding sources in log order. */
  accepted: RawPrice[];
}

export async function gatherEvidence(platform: Platform): Promise<Evidence> {
  const { pool } = platform.db();
  const feeds = await readFeeds(pool);
  const [raw, prices, said] = await Promise.all([readRawPrices(pool), platform.readBack(PRICES_TOPIC), readSaid(platform)]);
  return {
    prices,
    ...said,
    lost: platform.lost().filter(({ topic }) => topic === PRICES_TOPIC),
    raw,
    standing: modelPrices(raw),
    feeds,
    accepted: inLogOrder(raw, prices).filter((row) => feeds.get(row.coinId) === row.source),
  };
}

/** What the platform has announced so far. */
export async function readSaid(platform: Platform): Promise<Pick<Evidence, 'updates' | 'alerts'>> {
  const [updates, alerts] = await Promise.all([platform.readBack(UPDATES_TOPIC), platform.readBack(ALERTS_TOPIC)]);
  return { updates, alerts };
}

export const positionOf = (origin: string, position: bigint) => `${origin} ${position}`;

function inLogOrder(raw: RawPrice[], prices: ReadRecord[]): RawPrice[] {
  const rows = new Map(raw.map((row) => [positionOf(row.origin, row.position), row]));
  return prices.flatMap(({ partition, offset }) => rows.get(positionOf(logOrigin(PRICES_TOPIC, partition), offset)) ?? []);
}
