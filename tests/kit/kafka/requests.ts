/** What this process says to brokers: each of its sockets, and each request before it is sent. */
import { type ChannelListener, channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Keys in Kafka's protocol. */
export const FETCH = 1;
export const LIST_OFFSETS = 2;
export const METADATA = 3;
export const JOIN_GROUP = 11;
export const HEARTBEAT = 12;

export class Requests {
  opened: Socket[] = [];
  onRequest: (apiKey: number, socket: Socket, apiVersion: number, request: Buffer) => void = () => {};
  readonly #sockets = channel('net.client.socket');

  start(): void {
    this.opened = [];
    this.onRequest = () => {};
    this.#sockets.subscribe(this.#onSocket);
  }

  stop(): void {
    this.#sockets.unsubscribe(this.#onSocket);
  }

  readonly #onSocket: ChannelListener = (message) => {
    const { socket } = message as { socket: Socket };
    this.opened.push(socket);
    socket.once('connect', () => {
      const { write } = socket;
      socket.write = ((request: Buffer, ...rest: never[]) => {
        this.onRequest(request.readInt16BE(4), socket, request.readInt16BE(6), request);
        return write.call(socket, request, ...rest);
      }) as Socket['write'];
    });
  };
}
