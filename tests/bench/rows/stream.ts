/** Rows a second through the whole consumer transaction, against COPY of the same rows. */
import type { StreamDefinition } from '../../../jobs/runtime/stream/definition.js';
import { DEFAULT_RULES } from '../../../src/alerts/default-rules.js';
import { ensureDefaultRules } from '../../../src/alerts/rules.js';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import { HOUR } from '../../../src/domain/time.js';
import type { EventLog } from '../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import type { Database } from '../../../src/platform/postgres/database.js';
import { ensureMonthlyPartitions } from '../../../src/store/raw/partitions.js';
import { trackCoins } from '../../../src/store/tracked-coins.js';
import { fixedClock } from '../../kit/clock.js';
import type { Benchmark, Figure } from '../benchmark.js';
import { prepareBareCopy } from '../market/bare-copy.js';
import { type Cost, compareCosts, costOf, ofLimit, spreadOf } from '../measure.js';
import { startConsumer } from '../setting/consumer.js';
import { silent } from '../setting/logger.js';
import { openBenchDatabase } from '../setting/postgres.js';
import { CADENCE_MS, coinIds, toRecord, Walk } from '../setting/ticks.js';

export const COINS = coinIds(100);
export const START = new Date('2026-03-02T00:00:00Z');
export const END = new Date(START.getTime() + 31 * 24 * HOUR);
const APPEND = 2_000;

export const stream: Benchmark = {
  name: 'stream',
  about:
    'Ticks of 100 coins at a cadence of 30 s lie in the log; the stream as the consumer runs it takes them from there to committed: fence, raw, ' +
    'staging, candles, latest prices, marks, the default alert rules and the updates for the gateways. The limit is COPY of the very rows of raw that ' +
    'it wrote, encoded before, into a bare table. A round goes on where the last one ended, so tables are never empty but in the first one, ' +
    'which does not count. Beside it, of the same limit, the least that is stored of a tick: COPY into a table with the indexes of raw, and one ' +
    'statement that copies it to one with those of staging; nothing is read, parsed, judged or derived.',
  async run({ smoke, postgres, say }) {
    const server = await postgres();
    const db = openBenchDatabase(await server.createDatabase('bench_stream'));
    const log = createPostgresEventLog(db, silent);
    await ensureMonthlyPartitions(db, START, END);
    await trackCoins(db.pool, COINS, 'simulator', START);
    await ensureDefaultRules(db, DEFAULT_RULES, START);
    const polls = smoke ? 20 : 500;
    const rows = polls * COINS.length;
    const walk = new Walk(COINS);
    const rowsAlone: number[] = [];
    const { clock: compared, cpu } = await compareCosts(
      smoke ? 1 : 5,
      (seconds) => rows / seconds,
      async (round) => {
        await fillLog(log, walk, round * polls, polls);
        const { committed } = await consume(log, db, rows, server.cpuSeconds);
        say(`stream: ${Math.round(rows / committed.seconds)} rows/s committed`);
        return committed;
      },
      async (round) => {
        const [from, to] = [round * polls, (round + 1) * polls].map((poll) => new Date(START.getTime() + poll * CADENCE_MS).toISOString());
        const copy = await prepareBareCopy(db, `observed_at >= '${from}' AND observed_at < '${to}'`);
        if (copy.rows !== rows) throw new Error(`raw has ${copy.rows} rows of ${rows} records`);
        const bare = await copy.run(server.cpuSeconds);
        if (round > 0) rowsAlone.push(bare.seconds / (await copy.intoRawAndStaging()));
        return bare;
      },
    );
    await log.close();
    await db.close();
    const inCpu: Figure[] =
      cpu === null
        ? []
        : [{ what: 'the same in CPU time of server and client', value: cpu.ratio, unit: 'x', from: ofLimit(cpu, 'rows/s of a core') }];
    return [
      {
        what: 'stream: rows/s committed, of COPY of the same rows',
        value: compared.ratio,
        unit: 'x',
        limit: { atLeast: 0.2 },
        from: ofLimit(compared, 'rows/s'),
      },
      ...inCpu,
      { what: 'the same, rows of raw and staging with their indexes and nothing else', value: spreadOf(rowsAlone), unit: 'x' },
    ];
  },
};

export async function fillLog(log: EventLog, walk: Walk, from: number, polls: number): Promise<void> {
  const ticks = Array.from({ length: polls }, (_, poll) => walk.round(new Date(START.getTime() + (from + poll) * CADENCE_MS))).flat();
  for (let at = 0; at < ticks.length; at += APPEND) await log.append(PRICES_TOPIC, ticks.slice(at, at + APPEND).map(toRecord));
}

/** From the start of the stream until all is committed; and the seconds of that from the first batch on. */
export async function consume(
  log: EventLog,
  db: Database,
  rows: number,
  cpu: () => number | null,
): Promise<{ committed: Cost; fromFirstBatch: number }> {
  const all = Promise.withResolvers<void>();
  const clock = fixedClock(END);
  let begun = 0;
  const onFirst = () => {
    begun = performance.now();
  };
  const running = startConsumer({ log, db, clock }, (definition) => counting(definition, rows, { onFirst, onAll: all.resolve }));
  running.ended.catch(all.reject);
  const committed = await costOf(cpu, () => all.promise);
  const fromFirstBatch = (performance.now() - begun) / 1_000;
  await running.stop();
  return { committed, fromFirstBatch };
}

/** The definition, which says when so many records are committed: the engine asks it to publish after each commit. */
function counting(definition: StreamDefinition, rows: number, on: { onFirst(): void; onAll(): void }): StreamDefinition {
  const underWay = new Map<number, number>();
  let committed = 0;
  return {
    ...definition,
    process(tx, records) {
      if (committed === 0 && underWay.size === 0) on.onFirst();
      underWay.set(records[0]?.partition as number, records.length);
      return definition.process(tx, records);
    },
    publish(partition) {
      committed += underWay.get(partition) ?? 0;
      underWay.delete(partition);
      definition.publish(partition);
      if (committed === rows) on.onAll();
    },
  };
}
