/** What the judges judge by, read once: the log from 0 to its end, what raw holds, and the model's view of it. */
import { ALERTS_TOPIC, logOrigin, PRICES_TOPIC, type RawPrice, UPDATES_TOPIC } from '../../../src/domain/prices.js';
import type { EventLog, LogRecord } from '../../../src/platform/event-log/event-log.js';
import { type ModelPrice, modelPrices } from '../../kit/reference/prices.js';
import { readFeeds, readRawPrices } from '../../kit/reference/published-prices.js';
import type { Platform } from '../platform/platform.js';

export interface Evidence {
  prices: LogRecord[];
  updates: LogRecord[];
  alerts: LogRecord[];
  /** Of the topic of prices: where reading began and must end. */
  bounds: { partition: number; start: bigint; end: bigint }[];
  raw: RawPrice[];
  /** The model's, of all of raw. */
  standing: ModelPrice[];
  feeds: Map<string, string>;
  /** Accepted ticks of the feeding sources in log order. */
  accepted: RawPrice[];
}

export async function gatherEvidence(platform: Platform): Promise<Evidence> {
  const { pool } = platform.db();
  const log = platform.log();
  const feeds = await readFeeds(pool);
  const raw = await readRawPrices(pool);
  const bounds = await log.bounds(PRICES_TOPIC);
  const origins = new Set(bounds.map(({ partition }) => logOrigin(PRICES_TOPIC, partition)));
  return {
    prices: await readAll(log, PRICES_TOPIC),
    ...(await readSaid(log)),
    bounds,
    raw,
    standing: modelPrices(raw),
    feeds,
    accepted: raw.filter((row) => origins.has(row.origin) && feeds.get(row.coinId) === row.source),
  };
}

/** What the platform has announced so far. */
export async function readSaid(log: EventLog): Promise<Pick<Evidence, 'updates' | 'alerts'>> {
  return { updates: await readAll(log, UPDATES_TOPIC), alerts: await readAll(log, ALERTS_TOPIC) };
}

async function readAll(log: EventLog, topic: string): Promise<LogRecord[]> {
  const from = new Map((await log.bounds(topic)).map(({ partition }) => [partition, 0n]));
  const records: LogRecord[] = [];
  for await (const page of log.replay(topic, from)) records.push(...page);
  return records;
}
