/** From produced to received by a subscriber, with Kafka as the log and each role a process of its own. */
import type { Benchmark } from '../../benchmark.js';
import { startBenchKafka } from '../../setting/kafka.js';
import { measureLatency } from '../../setting/latency.js';
import { Parts, startRole } from '../../setting/processes.js';
import { untilSettled } from '../../setting/whole-platform.js';

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
    const figure = await measureLatency(parts, {
      name: 'latency-kafka',
      what: 'produced -> received by a subscriber through Kafka, p99 at 1,000 ticks/s',
      atMostMs: 100,
      ticks: { url, brokers: kafka.brokers },
      gatewayUrl: gateway.url,
      smoke,
      say,
    });
    return [figure];
  },
};
