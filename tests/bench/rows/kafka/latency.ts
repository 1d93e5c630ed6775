/** From produced to received by a subscriber, with Kafka as the log and each role a process of its own. */
import type { Benchmark } from '../../benchmark.js';
import { quantile, readable, spreadOf } from '../../measure.js';
import { startBenchKafka } from '../../setting/kafka.js';
import { Parts, startProgram, startRole, startTicks } from '../../setting/processes.js';
import { untilSettled } from '../../setting/whole-platform.js';

const RATE = 1_000;

export const latencyOnKafka: Benchmark = {
  name: 'latency-kafka',
  about:
    'As `latency`, with one broker of Apache Kafka as the log, and worker, consumer and gateway in processes of their own beside one Postgres.',
  async run({ smoke, postgres, say }) {
    await using parts = new Parts();
    const server = await postgres();
    const kafka = parts.add(await startBenchKafka());
    const url = await server.createDatabase('bench_latency_kafka');
    const env = { DATABASE_URL: url, KAFKA_BROKERS: kafka.brokers, ...(smoke ? { COINS: '10' } : {}) };
    const worker = parts.add(await startRole('worker', env));
    parts.add(await startRole('consumer', env));
    const gateway = parts.add(await startRole('gateway', env));
    parts.add(await startRole('producer', env)); // the first price of each coin, from which the ticks go on
    await untilSettled(worker);
    parts.add(await startTicks({ url, brokers: kafka.brokers, rate: RATE, everyMs: 1, consumes: false }));
    const subscriber = parts.add(await startProgram('latency-subscriber', `${gateway.url.replace('http', 'ws')}/graphql`));
    const [p50, p99, counts]: [number[], number[], number[]] = [[], [], []];
    for (let window = 0; window <= (smoke ? 1 : 8); window++) {
      const seconds = smoke ? 0.5 : 5;
      const ages = await subscriber.ask<number[]>({ seconds });
      if (window === 0) continue;
      p50.push(quantile(ages, 0.5));
      p99.push(quantile(ages, 0.99));
      counts.push(ages.length / seconds);
      say(`latency-kafka: p50 ${p50.at(-1)?.toFixed(0)} ms, p99 ${p99.at(-1)?.toFixed(0)} ms, ${counts.at(-1)?.toFixed(0)}/s`);
    }
    const received = spreadOf(counts).median;
    if (!smoke && received < RATE * 0.95) throw new Error(`only ${received} of ${RATE} ticks/s arrived`);
    return [
      {
        what: 'produced -> received by a subscriber through Kafka, p99 at 1,000 ticks/s',
        value: spreadOf(p99),
        unit: 'ms',
        limit: { atMost: 100 },
        from: `p50 ${readable(spreadOf(p50).median)} ms, ${received.toFixed(0)} received a second`,
      },
    ];
  },
};
