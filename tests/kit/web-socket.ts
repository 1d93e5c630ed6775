/** A client of graphql-transport-ws that sends and keeps the bare messages, and whose reading a test can turn off. */
import { once } from 'node:events';
import type { Socket as TcpSocket } from 'node:net';
import { WebSocket } from 'ws';

export interface Message {
  id?: string;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test reads the fields that it asked for
  payload?: any;
}

export class Socket {
  readonly messages: Message[] = [];
  /** Results of subscriptions and queries. */
  // biome-ignore lint/suspicious/noExplicitAny: each test reads the fields that it asked for
  readonly data: any[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #news = Promise.withResolvers<void>();

  private constructor(readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Message;
      this.messages.push(message);
      if (message.type === 'next') this.data.push(message.payload.data);
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    });
  }

  /** What is sent arrives at once. */
  inOneSegment(send: () => void): void {
    const { _socket: tcp } = this.socket as unknown as { _socket: TcpSocket };
    tcp.cork();
    send();
    tcp.uncork();
  }

  /** `init`: the connection's parameters; null: it says nothing. */
  static async open(url: string, init: object | null = {}): Promise<Socket> {
    const socket = new Socket(new WebSocket(url, 'graphql-transport-ws'));
    await once(socket.socket, 'open');
    if (init === null) return socket;
    socket.send({ type: 'connection_init', payload: init });
    await socket.next(({ type }) => type === 'connection_ack');
    return socket;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables?: object): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  /** The first message of that kind, whenever it came. */
  async next(matches: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(matches);
      if (found !== undefined) return found;
      await this.#orClosed(this.#news.promise);
    }
  }

  async has(count: number): Promise<void> {
    while (this.data.length < count) await this.#orClosed(this.#news.promise);
  }

  async #orClosed(news: Promise<void>): Promise<void> {
    await Promise.race([news, this.closed.then(({ code }) => Promise.reject(new Error(`closed: ${code}`)))]);
  }
}
