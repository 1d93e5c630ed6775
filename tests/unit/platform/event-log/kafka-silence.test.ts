/** An append to a broker that takes connections and answers nothing: a machine that froze, a firewall that has forgotten them. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import pino from 'pino';
import { KafkaAppender } from '../../../../src/platform/event-log/kafka/appender.js';
import { KafkaClient } from '../../../../src/platform/event-log/kafka/client.js';
import { isTransientKafkaError } from '../../../../src/platform/event-log/kafka/errors.js';

test('an append that nobody answers is given up, and the next one tries another connection', async () => {
  const connections: Socket[] = [];
  const server = createServer((socket) => connections.push(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const brokers = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
  const client = new KafkaClient({ brokers, ssl: false, sasl: null }, pino({ level: 'silent' }), 'test');
  const appender = new KafkaAppender(client, 'prices', 1, 200);
  for (const attempt of [1, 2]) {
    const failure: unknown = await appender.append([{ key: 'k', value: Buffer.from('v') }]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: 'prices: no broker has answered for 200 ms' });
    expect(isTransientKafkaError(failure)).toBe(true);
    expect(connections).toHaveLength(attempt);
  }
  await appender.close();
  client.close();
  for (const socket of connections) socket.destroy();
  server.close();
});
