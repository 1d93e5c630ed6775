/**
 * One WebSocket, as what pushes to it sees it.
 * Must stay true: what is pushed live never waits for the socket, and a client that lets more than 1 MB of it pile up is closed with
 * 4429, as is one that is to get another answer on top of 16 MB; what is replayed waits until the socket has room, and so does reading
 * from a client that does not read, which is therefore missed at the next pings.
 */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';

export const CLOSE = {
  /** The gateway stops; come back at once, to another one. */
  restart: { code: 1012, reason: 'The gateway restarts: connect again and resume with the last cursor' },
  /** The log is out of reach. */
  tryAgainLater: { code: 1013, reason: 'The event log is out of reach: try again later with the last cursor' },
  idInUse: { code: 4409, reason: 'An operation with this id is under way: give each a new one' },
  tooSlow: { code: 4429, reason: 'More is sent than is read: ask for less, and resume with the last cursor' },
  failed: { code: 4500, reason: 'Internal server error' },
} as const;

const MOST_PUSHED_BYTES = 1024 * 1024;
/** Waiting to be read, before one more answer. */
const MOST_ANSWERED_BYTES = 16 * 1024 * 1024;
/** A replay goes on once less than this waits to be sent. */
const ROOM_BYTES = 256 * 1024;
const TEXT = { binary: false };

export class Connection {
  /** Ids of operations that have begun and are not done, whether or not the client still waits for them. */
  readonly underWay = new Set<string>();
  readonly #gone = new AbortController();

  constructor(
    private readonly socket: WebSocket,
    /** The TCP connection under it. */
    private readonly stream: Duplex,
  ) {
    stream.once('close', () => this.#gone.abort());
  }

  /** Aborted when it is closed. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  send(message: string | Buffer): void {
    if (this.isOpen) this.socket.send(message, TEXT);
  }

  /** Several messages in one write. */
  sendAll(messages: readonly Buffer[]): void {
    if (!this.isOpen) return;
    this.stream.cork();
    for (const message of messages) this.socket.send(message, TEXT);
    this.stream.uncork();
  }

  push(messages: readonly Buffer[]): void {
    this.sendAll(messages);
    this.#closeAbove(MOST_PUSHED_BYTES);
  }

  /** Another answer is about to be sent. */
  expectAnswer(): void {
    this.#closeAbove(MOST_ANSWERED_BYTES);
  }

  /** Whoever does not read is not read either: what it asks for would pile up. */
  holdBack(): void {
    if (this.hasRoom || this.socket.isPaused) return;
    this.socket.pause();
    void this.room().then(() => this.socket.resume());
  }

  /** There is room for more of a replay, or nobody to keep it from. */
  get hasRoom(): boolean {
    return !this.isOpen || this.socket.bufferedAmount <= ROOM_BYTES;
  }

  async room(): Promise<void> {
    while (!this.hasRoom) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.stream.off('drain', done);
          this.stream.off('close', done);
          resolve();
        };
        this.stream.on('drain', done);
        this.stream.on('close', done);
      });
    }
  }

  #closeAbove(bytes: number): void {
    if (this.isOpen && this.socket.bufferedAmount > bytes) this.close(CLOSE.tooSlow);
  }

  close({ code, reason }: { code: number; reason: string }): void {
    this.socket.close(code, reason);
  }
}
