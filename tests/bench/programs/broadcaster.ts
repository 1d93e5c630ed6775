/** The limit of what can be pushed: a plain `ws` server that sends the same bytes to everybody, whenever /control says so. Argument: the text. */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

const bytes = Buffer.from(process.argv[2] as string);
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
const subscribers = new Set<WebSocket>();

server.on('connection', (socket, request) => {
  if (request.url === '/control') {
    socket.on('message', () => {
      for (const subscriber of subscribers) subscriber.send(bytes, { binary: false });
    });
    return;
  }
  subscribers.add(socket);
  socket.on('close', () => subscribers.delete(socket));
});
server.on('listening', () => process.send?.(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`));
process.on('SIGTERM', () => process.exit(0));
