/** From produced to received by a subscriber, with Kafka as the log and each role a process of its own. */
import type { BenchContext, Benchmark, Figure } from '../../benchmark.js';
import { startBenchKafka } from '../../setting/kafka.js';
import { measureLatency } from '../../setting/latency.js';
import { Parts, startBarePipeline, startRole } from '../../setting/processes.js';
import { untilSettled } from '../../setting/whole-platform.js';

const WARM_UP_SECONDS = 40;

export const latencyOnKafka: Benchmark = {
  name: 'latency-kafka',
  about:
    'As `latency`, with one broker of Apache Kafka as the log, and worker, consumer and gateway in processes of their own beside one Postgres. The ' +
    'least beside it, in one process: read from Kafka, inserted into a bare table, committed, appended to the topic of updates, read from there, sent. Both ' +
    'are measured once the broker, a JVM that has just started, has had 40 s of these ticks: until then it takes twice the CPU.',
  run: async (context) => [await ofRoles(context), await ofBarePipeline(context)],
};

async function ofRoles({ smoke, postgres, say }: BenchContext): Promise<Figure> {
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
  return await measureLatency(parts, {
    name: 'latency-kafka',
    what: 'produced -> received by a subscriber through Kafka, p99 at 1,000 ticks/s',
    atMostMs: 100,
    ticks: { url, brokers: kafka.brokers },
    warmUpSeconds: WARM_UP_SECONDS,
    gatewayUrl: gateway.url,
    smoke,
    say,
  });
}

async function ofBarePipeline({ smoke, postgres, say }: BenchContext): Promise<Figure> {
  await using parts = new Parts();
  const url = await (await postgres()).createDatabase('bench_latency_kafka_bare');
  const kafka = parts.add(await startBenchKafka());
  await (await kafka.openLog()).close(); // the topics
  const pipeline = parts.add(await startBarePipeline({ url, brokers: kafka.brokers }));
  return await measureLatency(parts, {
    name: 'latency-kafka, bare',
    what: 'the same, read, inserted into a bare table, committed, appended, read again and sent',
    ticks: { url, brokers: kafka.brokers },
    warmUpSeconds: WARM_UP_SECONDS,
    gatewayUrl: pipeline.ready,
    smoke,
    say,
  });
}
