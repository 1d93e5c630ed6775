// `npm run kafka [-- --port <port>]`: a Kafka for developers until Ctrl-C, on 9092 or, where that is taken, any free port. What it holds is
// kept under .cache/kafka for the next time.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isFree, KAFKA_VERSION, startBroker, stopAbandoned } from './broker.mjs';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const USUAL_PORT = 9092;
const directory = fileURLToPath(new URL('../../../.cache/kafka/broker', import.meta.url));

const stopped = Promise.withResolvers();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stopped.resolve);

await stopAbandoned(directory);
const port = Number(values.port) || ((await isFree(USUAL_PORT)) ? USUAL_PORT : 0);
const broker = await startBroker({ directory, port, say: console.log });
console.log(`Apache Kafka ${KAFKA_VERSION} is running; Ctrl-C stops it.\nKAFKA_BROKERS=${broker.brokers}`);
broker.ended.then(() => stopped.reject(new Error('Kafka ended on its own')));
try {
  await stopped.promise;
} finally {
  await broker.stop();
}
process.exit(0);
