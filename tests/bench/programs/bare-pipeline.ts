/**
 * The least that a tick goes through which is stored before it is told: it is read from the log, inserted into a table without index or
 * constraint, committed, and sent to whoever is connected, in the frames of graphql-transport-ws; where Kafka is the log, which no
 * transaction of Postgres reaches, by way of the topic of updates. Argument: a Pipeline as JSON.
 */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { PRICES_TOPIC, UPDATES_TOPIC } from '../../../src/domain/prices.js';
import type { LogBatch, LogRecord } from '../../../src/platform/event-log/event-log.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { openKafkaLog } from '../setting/kafka.js';
import { silent } from '../setting/logger.js';
import { openBenchDatabase } from '../setting/postgres.js';

const INSERT = `INSERT INTO bare
SELECT r->>'coinId', (r->>'priceUsd')::numeric, (r->>'observedAt')::timestamptz, r->>'payload' FROM unnest($1::jsonb[]) AS r`;

export interface Pipeline {
  /** Of the database. */
  url: string;
  /** Where Kafka is the log. */
  brokers?: string;
}

const { url, brokers } = JSON.parse(process.argv[2] as string) as Pipeline;
const db = openBenchDatabase(url, 10);
const log = brokers === undefined ? createPostgresEventLog(db, silent) : openKafkaLog(brokers);
await db.pool.query('CREATE TABLE bare (coin_id text, price_usd numeric, observed_at timestamptz, payload text)');
/** Whom to tell, and under which id it asked. */
const subscribers = new Map<WebSocket, string>();
const consumers = [
  await log.consume({
    topic: PRICES_TOPIC,
    group: null,
    startOffset: async () => 0n,
    async onBatch({ records }) {
      const texts = records.map(({ value }) => value.toString());
      await db.pool.query({ name: 'bare', text: INSERT, values: [texts] });
      if (brokers === undefined) tell(records);
      else
        await log.append(
          UPDATES_TOPIC,
          records.map(({ key, value }) => ({ key: key as string, value })),
        );
    },
  }),
];
if (brokers !== undefined) {
  const onBatch = async ({ records }: LogBatch) => tell(records);
  consumers.push(await log.consume({ topic: UPDATES_TOPIC, group: null, startOffset: async () => 0n, onBatch }));
}
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });

server.on('connection', (socket) => {
  socket.on('message', (message) => {
    const { type, id } = JSON.parse(String(message)) as { type: string; id: string };
    if (type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }));
    if (type === 'subscribe') subscribers.set(socket, id);
  });
  socket.on('close', () => subscribers.delete(socket));
});
server.on('listening', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  await log.close();
  await db.close();
  process.exit(0);
});

function tell(records: readonly LogRecord[]): void {
  for (const { value } of records) {
    const { observedAt } = JSON.parse(value.toString()) as { observedAt: string };
    for (const [socket, id] of subscribers)
      socket.send(JSON.stringify({ id, type: 'next', payload: { data: { priceUpdated: { observedAt } } } }));
  }
}
