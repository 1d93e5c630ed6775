/** Brokers that are none just now: one takes connections and answers nothing (it froze, a firewall has forgotten them), one is not ready. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import pino from 'pino';
import { KafkaAppender } from '../../../../src/platform/event-log/kafka/appender.js';
import { KafkaClient } from '../../../../src/platform/event-log/kafka/client.js';
import { isTransientKafkaError, kafkaErrorType } from '../../../../src/platform/event-log/kafka/errors.js';

const COORDINATOR_LOAD_IN_PROGRESS = 14;
const ATTEMPTS_OF_A_SESSION = 4;

test('an append that nobody answers is given up, and the next one tries another connection', async () => {
  const connections: Socket[] = [];
  const server = createServer((socket) => connections.push(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const brokers = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
  const client = new KafkaClient({ brokers, ssl: false, sasl: null }, pino({ level: 'silent' }), 'test');
  const appender = new KafkaAppender(client, 'prices', 1, 1_000);
  for (const attempt of [1, 2]) {
    const failure: unknown = await appender.append([{ key: 'k', value: Buffer.from('v') }]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: 'prices: no broker has answered for 1000 ms' });
    expect(isTransientKafkaError(failure)).toBe(true);
    expect(connections).toHaveLength(attempt);
  }
  await appender.close();
  client.close();
  for (const socket of connections) socket.destroy();
  server.close();
});

test('a session that a broker would not open is none: whoever asks next opens another one', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    socket.on('data', (request) => {
      const answer = Buffer.alloc(18); // of ApiVersions
      answer.writeInt32BE(answer.length - 4, 0);
      request.copy(answer, 4, 8, 12); // the request's number
      answer.writeInt16BE(COORDINATOR_LOAD_IN_PROGRESS, 8);
      socket.write(answer);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const brokers = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
  const client = new KafkaClient({ brokers, ssl: false, sasl: null }, pino({ level: 'silent' }), 'test');
  try {
    const failure: unknown = await client.describe('prices').catch((error: unknown) => error);
    expect(kafkaErrorType(failure)).toBe('GROUP_LOAD_IN_PROGRESS');
    expect(connections).toBeGreaterThan(ATTEMPTS_OF_A_SESSION);
  } finally {
    client.close();
    server.close();
  }
});
