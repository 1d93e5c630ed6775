/** A million ticks that came while no consumer was up: how fast one takes them, and what it holds in memory meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_RULES } from '../../../../src/alerts/default-rules.js';
import { ensureDefaultRules } from '../../../../src/alerts/rules.js';
import { PRICES_TOPIC } from '../../../../src/domain/prices.js';
import type { Database } from '../../../../src/platform/postgres/database.js';
import { trackCoins } from '../../../../src/store/tracked-coins.js';
import type { Benchmark } from '../../benchmark.js';
import { prepareBareCopy } from '../../market/bare-copy.js';
import { readable, spreadOf } from '../../measure.js';
import { startBenchKafka } from '../../setting/kafka.js';
import { openBenchDatabase } from '../../setting/postgres.js';
import { residentMegabytes } from '../../setting/proc.js';
import { Parts, startRole } from '../../setting/processes.js';
import { CADENCE_MS, coinIds, toRecord, Walk } from '../../setting/ticks.js';

const COINS = coinIds(100);
const TICKS = 1_000_000;
const APPEND = 5_000;
/** Of the ticks; enough to tell how fast COPY is. */
const COPIED_POLLS = 500;

export const catchingUpOnKafka: Benchmark = {
  name: 'catching-up-kafka',
  about:
    'One million ticks of 100 coins at a cadence of 30 s lie in Kafka; `cdp consumer`, a process of its own, takes them. Rate: all of them by the ' +
    'time from its first commit, of COPY of 50,000 of the rows. Resident memory of the process is sampled four times a second; flat: the median of ' +
    'the last quarter of the time against that of the second. Linux only.',
  async run({ smoke, postgres, say }) {
    await using parts = new Parts();
    const server = await postgres();
    const kafka = parts.add(await startBenchKafka());
    const url = await server.createDatabase('bench_catching_up');
    const db = openBenchDatabase(url, 4);
    parts.add({ stop: () => db.close() });
    const ticks = smoke ? 20_000 : TICKS;
    const start = new Date(Date.now() - (ticks / COINS.length) * CADENCE_MS);
    await trackCoins(db.pool, COINS, 'simulator', start);
    await ensureDefaultRules(db, DEFAULT_RULES, start);
    await fill(await kafka.openLog(), start, ticks);
    const consumer = parts.add(await startRole('consumer', { DATABASE_URL: url, KAFKA_BROKERS: kafka.brokers }));
    const { samples, rate } = await watch(db, consumer.pid, BigInt(ticks));
    say(`catching-up-kafka: ${Math.round(rate)} rows/s; ${samples.map((sample) => sample.toFixed(0)).join(' ')} MB`);
    const to = new Date(start.getTime() + Math.min(COPIED_POLLS, ticks / COINS.length) * CADENCE_MS).toISOString();
    const copy = await prepareBareCopy(db, `observed_at < '${to}'`);
    const copied = copy.rows / (await copy.run(() => null)).seconds;
    const quarter = (number: number) =>
      spreadOf(samples.slice(Math.floor(((number - 1) * samples.length) / 4), Math.ceil((number * samples.length) / 4)));
    const [second, last] = [quarter(2), quarter(4)];
    return [
      {
        what: 'catching up a million ticks: rows/s committed, of COPY',
        value: spreadOf([rate / copied]),
        unit: 'x',
        limit: { atLeast: 0.2 },
        from: `${readable(rate)} of ${readable(copied)} rows/s`,
      },
      {
        what: 'its memory meanwhile, last quarter of the second quarter',
        value: { median: last.median / second.median, min: last.min / second.max, max: last.max / second.min },
        unit: 'x',
        limit: { atMost: 1.1 },
        from: `${last.median.toFixed(0)} of ${second.median.toFixed(0)} MB`,
      },
    ];
  },
};

async function fill(log: Awaited<ReturnType<Awaited<ReturnType<typeof startBenchKafka>>['openLog']>>, start: Date, ticks: number) {
  const walk = new Walk(COINS);
  let records = [];
  for (let poll = 0; poll < ticks / COINS.length; poll++) {
    records.push(...walk.round(new Date(start.getTime() + poll * CADENCE_MS)).map(toRecord));
    if (records.length < APPEND) continue;
    await log.append(PRICES_TOPIC, records);
    records = [];
  }
  await log.append(PRICES_TOPIC, records);
  await log.close();
}

/** Megabytes, and rows a second since the first commit. */
async function watch(db: Database, pid: number, ticks: bigint): Promise<{ samples: number[]; rate: number }> {
  const samples: number[] = [];
  let first: { at: number; count: bigint } | null = null;
  for (;;) {
    const { rows } = await db.pool.query<{ count: bigint }>(
      'SELECT coalesce(sum(next_offset), 0)::bigint AS count FROM ops.stream_offsets WHERE topic = $1',
      [PRICES_TOPIC],
    );
    const count = rows[0]?.count ?? 0n;
    if (count > 0n) {
      first ??= { at: performance.now(), count };
      samples.push(residentMegabytes(pid).now);
    }
    if (first !== null && count >= ticks) {
      const seconds = Math.max(performance.now() - first.at, 1) / 1_000;
      return { samples, rate: Number(ticks - first.count) / seconds };
    }
    await sleep(250);
  }
}
