/**
 * The least that a tick goes through which is stored before it is told: it is read from the log in Postgres, inserted into a table without
 * index or constraint, committed, and sent to whoever is connected, in the frames of graphql-transport-ws. Argument: the URL of the database.
 */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { PRICES_TOPIC } from '../../../src/domain/prices.js';
import { createPostgresEventLog } from '../../../src/platform/event-log/postgres-event-log.js';
import { silent } from '../setting/logger.js';
import { openBenchDatabase } from '../setting/postgres.js';

const INSERT = `INSERT INTO bare
SELECT r->>'coinId', (r->>'priceUsd')::numeric, (r->>'observedAt')::timestamptz, r->>'payload' FROM unnest($1::jsonb[]) AS r`;

const db = openBenchDatabase(process.argv[2] as string, 10);
const log = createPostgresEventLog(db, silent);
await db.pool.query('CREATE TABLE bare (coin_id text, price_usd numeric, observed_at timestamptz, payload text)');
/** Whom to tell, and under which id it asked. */
const subscribers = new Map<WebSocket, string>();
const consumer = await log.consume({
  topic: PRICES_TOPIC,
  group: null,
  startOffset: async () => 0n,
  async onBatch({ records }) {
    const texts = records.map(({ value }) => value.toString());
    await db.pool.query({ name: 'bare', text: INSERT, values: [texts] });
    for (const text of texts) {
      const { observedAt } = JSON.parse(text) as { observedAt: string };
      for (const [socket, id] of subscribers)
        socket.send(JSON.stringify({ id, type: 'next', payload: { data: { priceUpdated: { observedAt } } } }));
    }
  },
});
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
  await consumer.stop();
  await log.close();
  await db.close();
  process.exit(0);
});
