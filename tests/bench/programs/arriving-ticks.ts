/**
 * Ticks that arrive while something else is measured: appended to the log at a steady rate, and taken from there by the consumer.
 * Arguments: the URL of the database, ticks a second, how many coins. Any message: answers how many ticks are stored by now.
 */
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import { systemClock } from '../../../src/domain/time.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { startConsumer } from '../setting/consumer.js';
import { silent } from '../setting/logger.js';
import { openBenchDatabase } from '../setting/postgres.js';
import { coinIds, toRecord, Walk } from '../setting/ticks.js';

const [url, rate, coins] = process.argv.slice(2) as [string, string, string];
const EVERY_MS = 100;

const db = openBenchDatabase(url, 10);
const log = createPostgresEventLog(db, silent);
const walk = new Walk(coinIds(Number(coins)));
let stored = 0;
const consumer = startConsumer({ log, db, clock: systemClock }, (definition) => ({
  ...definition,
  async process(tx, records) {
    const corrupt = await definition.process(tx, records);
    stored += records.length;
    return corrupt;
  },
}));
consumer.ended.catch(fail);

const started = performance.now();
let sent = 0;
const appending = setInterval(() => {
  const due = Math.floor(((performance.now() - started) / 1_000) * Number(rate));
  const ticks = Array.from({ length: due - sent }, (_, index) => walk.next((sent + index) % walk.coins.length, new Date()));
  sent = due;
  log.append(PRICES_TOPIC, ticks.map(toRecord)).catch(fail);
}, EVERY_MS);

process.on('message', () => process.send?.(stored));
process.on('SIGTERM', async () => {
  clearInterval(appending);
  await consumer.stop();
  await log.close();
  await db.close();
  process.exit(0);
});
process.send?.('ready');

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
