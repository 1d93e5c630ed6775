/**
 * A WebSocket client that counts the messages it gets, and costs little: a thousand of them share the machine with what they measure.
 * It knows the frames of RFC 6455 that servers send here: whole text messages, pings and closing.
 */
import { connect, type Socket } from 'node:net';

const [TEXT, CLOSE, PING, PONG] = [0x1, 0x8, 0x9, 0xa];

export class FrameSocket {
  #rest: Buffer = Buffer.alloc(0);
  #open = false;
  readonly #opened = Promise.withResolvers<void>();
  /** The payload is a view of a buffer that is used again: copy what is to be kept. */
  onText: (payload: Buffer) => void = () => {};

  private constructor(
    readonly socket: Socket,
    readonly onLost: (error: Error) => void,
  ) {
    this.#opened.promise.catch(() => {});
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.#lose(error));
    socket.on('end', () => this.#lose(new Error('the server closed the connection')));
  }

  /** `url`: ws://host:port/path. */
  static async open(url: string, protocol: string | null, onLost: (error: Error) => void): Promise<FrameSocket> {
    const { hostname, port, pathname, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const client = new FrameSocket(socket, onLost);
    const asked = protocol === null ? '' : `sec-websocket-protocol: ${protocol}\r\n`;
    socket.write(
      `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n` +
        `sec-websocket-key: ${Buffer.alloc(16).toString('base64')}\r\n${asked}\r\n`,
    );
    await client.#opened.promise;
    return client;
  }

  send(text: string): void {
    this.socket.write(frame(TEXT, Buffer.from(text)));
  }

  close(): void {
    this.#open = false;
    this.socket.destroy();
  }

  #lose(error: Error): void {
    this.#opened.reject(error);
    if (this.#open) this.onLost(error);
    this.close();
  }

  #read(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#open) {
      const end = data.indexOf('\r\n\r\n');
      if (end === -1) {
        this.#rest = data;
        return;
      }
      if (!data.toString('latin1', 0, 12).endsWith('101')) {
        this.#lose(new Error(data.toString('utf8', 0, 300)));
        return;
      }
      this.#open = true;
      this.#opened.resolve();
      data = data.subarray(end + 4);
    }
    this.#rest = data.subarray(this.#frames(data));
  }

  /** Handles the whole frames; returns where the rest begins. */
  #frames(data: Buffer): number {
    for (let at = 0; ; ) {
      if (data.length < at + 2) return at;
      const short = (data[at + 1] as number) & 0x7f;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (data.length < at + head) return at;
      const length = short === 126 ? data.readUInt16BE(at + 2) : short === 127 ? Number(data.readBigUInt64BE(at + 2)) : short;
      if (data.length < at + head + length) return at;
      const kind = (data[at] as number) & 0x0f;
      const payload = data.subarray(at + head, at + head + length);
      if (kind === TEXT) this.onText(payload);
      else if (kind === PING) this.socket.write(frame(PONG, payload));
      else if (kind === CLOSE) this.#lose(new Error(`closed with ${payload.readUInt16BE(0)}: ${payload.toString('utf8', 2)}`));
      at += head + length;
    }
  }
}

/** Masked, as clients must, with zeros. */
function frame(kind: number, payload: Buffer): Buffer {
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = 0x80 | kind;
  head[1] = 0x80 | (long ? 126 : payload.length);
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
