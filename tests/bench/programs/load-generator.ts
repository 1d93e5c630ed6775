/**
 * Asks one server over connections that stay open, on each the next question when the answer to the last one is complete. Sockets and
 * no more: the generator shares the machine with what it measures. Where `pick` is given, every question names other ids.
 */
import { connect, type Socket } from 'node:net';

export interface Load {
  url: string;
  path: string;
  query: string;
  first: number;
  /** The ids to draw `first` of, anew for each question; left out: the question is always the same. */
  pool?: string[];
  seed: number;
  connections: number;
  seconds: number;
}

export interface LoadResult {
  requestsPerSecond: number;
  /** Of one answer. */
  bytes: number;
}

process.on('message', (load: Load) => {
  measure(load).then((result) => process.send?.(result));
});
process.on('SIGTERM', () => process.exit(0));
process.send?.('ready');

async function measure(load: Load): Promise<LoadResult> {
  const questions = new Questions(load);
  const state = { answered: 0, bytes: 0, until: performance.now() + load.seconds * 1_000 };
  const started = performance.now();
  await Promise.all(Array.from({ length: load.connections }, () => askAgainAndAgain(load, questions, state)));
  return { requestsPerSecond: state.answered / ((performance.now() - started) / 1_000), bytes: state.bytes / state.answered };
}

class Questions {
  readonly #head: string;
  readonly #same: Buffer | null;
  #random: number;

  constructor(readonly load: Load) {
    const { host } = new URL(load.url);
    this.#head = `POST ${load.path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: `;
    this.#random = load.seed;
    this.#same = load.pool === undefined ? this.#make({ first: load.first }) : null;
  }

  next(): Buffer {
    return this.#same ?? this.#make({ first: this.load.first, ids: this.#draw() });
  }

  #make(variables: object): Buffer {
    const body = JSON.stringify({ query: this.load.query, variables });
    return Buffer.from(`${this.#head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  /** Fisher and Yates, as far as is needed. */
  #draw(): string[] {
    const ids = [...(this.load.pool as string[])];
    for (let i = 0; i < this.load.first; i++) {
      this.#random = (this.#random * 48_271) % 0x7fffffff;
      const j = i + (this.#random % (ids.length - i));
      [ids[i], ids[j]] = [ids[j] as string, ids[i] as string];
    }
    return ids.slice(0, this.load.first);
  }
}

function askAgainAndAgain({ url }: Load, questions: Questions, state: { answered: number; bytes: number; until: number }): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const reader = new AnswerReader(socket, (bytes) => {
      state.answered++;
      state.bytes += bytes;
      if (performance.now() < state.until) socket.write(questions.next());
      else socket.end(resolve);
    });
    socket.on('error', reject);
    socket.on('connect', () => socket.write(questions.next()));
    socket.on('data', (chunk) => {
      try {
        reader.read(chunk);
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Of an answer only its head is looked at, and how its body begins. */
class AnswerReader {
  /** Bytes of the body still to come; null: the head is. */
  #left: number | null = null;
  #length = 0;
  #head: Buffer = Buffer.alloc(0);

  constructor(
    readonly socket: Socket,
    readonly onAnswer: (bytes: number) => void,
  ) {}

  read(chunk: Buffer): void {
    if (this.#left === null) {
      this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf('\r\n\r\n');
      if (end === -1 || this.#head.length < end + 12) return;
      const head = this.#head.toString('latin1', 0, end);
      const length = /^content-length: *(\d+)$/im.exec(head)?.[1];
      const body = this.#head.subarray(end + 4);
      if (!head.startsWith('HTTP/1.1 200') || length === undefined || body.toString('latin1', 0, 7) !== '{"data"') {
        throw new Error(`not the answer that the bench asked for: ${this.#head.toString('utf8', 0, 500)}`);
      }
      this.#length = Number(length);
      this.#left = this.#length - body.length;
      this.#head = Buffer.alloc(0);
    } else this.#left -= chunk.length;
    if (this.#left > 0) return;
    this.#left = null;
    this.onAnswer(this.#length);
  }
}
