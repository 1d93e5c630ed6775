/** Rows a second through the whole consumer transaction with Kafka as the log, against COPY of the same rows and the log in Postgres. */
import { DEFAULT_RULES } from '../../../../src/alerts/default-rules.js';
import { ensureDefaultRules } from '../../../../src/alerts/rules.js';
import type { EventLog } from '../../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../../src/platform/event-log/postgres-event-log.js';
import type { Database } from '../../../../src/platform/postgres/database.js';
import { ensureMonthlyPartitions } from '../../../../src/store/raw/partitions.js';
import { trackCoins } from '../../../../src/store/tracked-coins.js';
import type { Benchmark } from '../../benchmark.js';
import { prepareBareCopy } from '../../market/bare-copy.js';
import { readable, spreadOf } from '../../measure.js';
import { startBenchKafka } from '../../setting/kafka.js';
import { silent } from '../../setting/logger.js';
import { openBenchDatabase } from '../../setting/postgres.js';
import { Parts } from '../../setting/processes.js';
import { CADENCE_MS, Walk } from '../../setting/ticks.js';
import { COINS, consume, END, fillLog, START } from '../stream.js';

/** The broker is a JVM that has just started. */
const WARM_UP_ROUNDS = 4;

export const streamOnKafka: Benchmark = {
  name: 'stream-kafka',
  about:
    'As `stream`, with one broker of Apache Kafka as the log. The clock runs from the first batch on, for joining its group takes a moment. In ' +
    'turns with it: the same ticks from the log in Postgres, into another database, and COPY of the rows that were written. The first four rounds do not ' +
    'count: the broker is a JVM that has just started.',
  async run({ smoke, postgres, say }) {
    await using parts = new Parts();
    const server = await postgres();
    const kafka = parts.add(await startBenchKafka());
    const onKafka = await prepare(await server.createDatabase('bench_stream_kafka'), () => kafka.openLog());
    const onPostgres = await prepare(await server.createDatabase('bench_stream_beside'), async (db) => createPostgresEventLog(db, silent));
    for (const { db, log } of [onKafka, onPostgres]) parts.add({ stop: () => log.close().then(() => db.close()) });
    const polls = smoke ? 20 : 500;
    const rows = polls * COINS.length;
    const rates: { kafka: number; postgres: number; copy: number }[] = [];
    for (let round = 0; round < (smoke ? 2 : WARM_UP_ROUNDS + 7); round++) {
      const take = async ({ db, log, walk }: Side) => {
        await fillLog(log, walk, round * polls, polls);
        return rows / (await consume(log, db, rows, () => null)).fromFirstBatch;
      };
      const rate = { kafka: await take(onKafka), postgres: await take(onPostgres), copy: rows / (await copy(onKafka.db, round, polls)) };
      say(`stream-kafka: ${Math.round(rate.kafka)} rows/s committed, ${Math.round(rate.postgres)} from the log in Postgres`);
      if (smoke || round >= WARM_UP_ROUNDS) rates.push(rate);
    }
    const median = (of: 'kafka' | 'postgres' | 'copy') => readable(spreadOf(rates.map((rate) => rate[of])).median);
    return [
      {
        what: 'stream from Kafka: rows/s committed, of COPY of the same rows',
        value: spreadOf(rates.map((rate) => rate.kafka / rate.copy)),
        unit: 'x',
        limit: { atLeast: 0.2 },
        from: `${median('kafka')} of ${median('copy')} rows/s`,
      },
      {
        what: 'the same, of the stream from the log in Postgres',
        value: spreadOf(rates.map((rate) => rate.kafka / rate.postgres)),
        unit: 'x',
        limit: { atLeast: 1 },
        from: `${median('kafka')} of ${median('postgres')} rows/s`,
      },
    ];
  },
};

interface Side {
  db: Database;
  log: EventLog;
  walk: Walk;
}

async function prepare(url: string, openLog: (db: Database) => Promise<EventLog>): Promise<Side> {
  const db = openBenchDatabase(url);
  await ensureMonthlyPartitions(db, START, END);
  await trackCoins(db.pool, COINS, 'simulator', START);
  await ensureDefaultRules(db, DEFAULT_RULES, START);
  return { db, log: await openLog(db), walk: new Walk(COINS) };
}

/** Seconds, of the rows of that round. */
async function copy(db: Database, round: number, polls: number): Promise<number> {
  const [from, to] = [round * polls, (round + 1) * polls].map((poll) => new Date(START.getTime() + poll * CADENCE_MS).toISOString());
  const bare = await prepareBareCopy(db, `observed_at >= '${from}' AND observed_at < '${to}'`);
  if (bare.rows !== polls * COINS.length) throw new Error(`raw has ${bare.rows} rows of ${polls * COINS.length} records`);
  return (await bare.run(() => null)).seconds;
}
