/**
 * Ticks that arrive while something is measured: appended to the log at a steady rate, for every coin that has a price in turn, from its
 * latest one on; where none has, for a hundred. Where `consumes`, this process is their consumer too; else the platform is. Argument: an Arrival as JSON. Any message:
 * answers how many ticks were appended (and stored, where it consumes) by now.
 */
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import { SECOND, systemClock } from '../../../src/domain/time.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { getNewestObservations } from '../../../src/store/mart/latest-prices.js';
import { startConsumer } from '../setting/consumer.js';
import { openKafkaLog } from '../setting/kafka.js';
import { silent } from '../setting/logger.js';
import { openBenchDatabase } from '../setting/postgres.js';
import { coinIds, toRecord, Walk } from '../setting/ticks.js';

export interface Arrival {
  /** Of the database. */
  url: string;
  /** Where Kafka is the log. */
  brokers?: string;
  /** Ticks a second. */
  rate: number;
  /** Those that are due are appended so often: each by an append of its own, or, where it consumes, together. */
  everyMs: number;
  consumes: boolean;
}

const { url, brokers, rate, everyMs, consumes } = JSON.parse(process.argv[2] as string) as Arrival;
const db = openBenchDatabase(url, 10);
const log = brokers === undefined ? createPostgresEventLog(db, silent) : openKafkaLog(brokers);
const latest = [...(await getNewestObservations(db.pool))];
const coins = latest.length > 0 ? latest.map(([coinId]) => coinId) : coinIds(100);
const prices = latest.map(([, { priceUsd }]) => Number(priceUsd));
const walk = new Walk(coins, { prices, everyMs: (coins.length / rate) * SECOND });
let stored = 0;
const consumer = consumes ? consume() : null;

const started = performance.now();
let sent = 0;
const appending = setInterval(() => {
  const due = Math.floor(((performance.now() - started) / SECOND) * rate);
  const now = new Date();
  const records = Array.from({ length: due - sent }, (_, index) => toRecord(walk.next((sent + index) % walk.coins.length, now)));
  sent = due;
  for (const batch of consumes ? [records] : records.map((record) => [record])) log.append(PRICES_TOPIC, batch).catch(fail);
}, everyMs);

process.on('message', () => process.send?.(consumes ? stored : sent));
process.on('SIGTERM', async () => {
  clearInterval(appending);
  await consumer?.stop();
  await log.close();
  await db.close();
  process.exit(0);
});
process.send?.('ready');

function consume() {
  const running = startConsumer({ log, db, clock: systemClock }, (definition) => ({
    ...definition,
    async process(tx, records) {
      const corrupt = await definition.process(tx, records);
      stored += records.length;
      return corrupt;
    },
  }));
  running.ended.catch(fail);
  return running;
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
