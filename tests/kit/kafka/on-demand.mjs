// One Kafka for a whole test run, started when the first test asks for it, so that a run without Kafka's tests waits for none. Tests run in
// processes of their own: they ask over HTTP (tests/kit/kafka/test-kafka.ts). A broker given by TEST_KAFKA_BROKERS is left as it is.
import { createServer } from 'node:http';
import { startBroker } from './broker.mjs';

export async function offerKafka(directory) {
  let broker = null;
  let failure = null;
  const start = async () => {
    if (process.env.TEST_KAFKA_BROKERS) return { brokers: process.env.TEST_KAFKA_BROKERS };
    const attempt = () => startBroker({ directory, say: (text) => process.stderr.write(`${text}\n`) });
    broker ??= attempt().catch(attempt); // somebody may have taken its port meanwhile
    try {
      return { brokers: (await broker).brokers };
    } catch (error) {
      failure = error.message;
      return { unavailable: failure };
    }
  };
  const server = createServer(async (_, response) => response.end(JSON.stringify(await start())));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async withdraw() {
      server.close();
      server.closeAllConnections();
      await broker?.then((started) => started.stop('SIGKILL')).catch(() => {}); // nothing of it is wanted any more; a failure was told
      if (failure !== null) process.stderr.write(`\nKAFKA WAS NOT TESTED: ${failure}\n\n`);
    },
  };
}
